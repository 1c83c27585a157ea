"""The border for what a model folder says of itself: right for published models, a sentence for everything else."""

import json
import random
from pathlib import Path

import pytest

from benchmarks.faults import model_fuzz, tiny_files
from lib.architecture import known_configs
from lib.errors import PlaygroundError
from lib.models import folder_config, local
from lib.models.safetensors_header import HeaderError, header

CONFIGS = Path(known_configs.__file__).parent / "configs"


def test_what_published_models_say_is_taken() -> None:
    said = {}
    for path in sorted(CONFIGS.glob("*.json")):
        if path.name != "SOURCES.json":
            said[path.stem] = folder_config._checked(json.loads(path.read_text()))
    assert len(said) > 5 and all(one.layers and one.hidden_size and one.vocab_size for one in said.values())
    gpt2 = said["gpt2"]
    assert (gpt2.layers, gpt2.hidden_size, gpt2.heads, gpt2.kv_width, gpt2.context) == (12, 768, 12, 768, 1024)


def test_null_says_nothing(tmp_path: Path) -> None:
    folder = tiny_files.make(tmp_path / "m")
    tiny_files.change(folder, num_key_value_heads=None, head_dim=None, rope_scaling=None, eos_token_id=None)
    config = folder_config.read(folder)
    assert (config.kv_heads, config.head_dim, config.kv_width) == (2, 8, 16)


def test_hundreds_of_hostile_configurations_are_described_or_refused_with_a_sentence(tmp_path: Path) -> None:
    folder, described = tiny_files.make(tmp_path / "m"), 0
    for number in range(400):
        config = model_fuzz.config_case(random.Random(number))
        (folder / "config.json").write_text(model_fuzz.as_json(config), encoding="utf-8")
        trouble = local.trouble_with(folder)
        if trouble is None:
            described += local.describe(folder).parameters > 0
        else:
            assert trouble.isprintable() and trouble.endswith("."), trouble
    assert 20 < described < 380


def test_damaged_files_are_used_or_refused_with_a_sentence() -> None:
    for number in range(40):
        model_fuzz.check_file(model_fuzz.file_case(random.Random(number)))


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 20]}, "cannot be true"),
        ({"dtype": "F32", "shape": [-2, -3], "data_offsets": [0, 24]}, "cannot be true"),
        ({"dtype": "F33", "shape": [2, 3], "data_offsets": [0, 24]}, "cannot be true"),
        ({"dtype": "F32", "shape": [2.0, 3], "data_offsets": [0, 24]}, "cannot be true"),
        ({"dtype": "F32", "shape": [2, 3], "data_offsets": [4, 28]}, "cannot be true"),
        ({"dtype": "F32", "shape": [2, 4], "data_offsets": [0, 32]}, "it has"),
        ([], "cannot be true"),
    ],
)
def test_a_header_that_does_not_fit_its_file_is_refused(tmp_path: Path, entry: object, says: str) -> None:
    text = json.dumps({"w": entry}).encode()
    (tmp_path / "w.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + bytes(24))
    with pytest.raises(HeaderError, match=says):
        header(tmp_path / "w.safetensors")


def test_a_tokenizer_that_lacks_what_its_rules_need_is_a_sentence(tmp_path: Path) -> None:
    from lib.tokenization import load

    spec = tiny_files.tokenizer()
    spec["model"] = {"type": "WordPiece", "unk_token": "[UNK]", "vocab": {"a": 0}, "continuing_subword_prefix": "##",
                     "max_input_chars_per_word": 100}  # fmt: skip
    (tmp_path / "tokenizer.json").write_text(json.dumps(spec | {"added_tokens": []}))
    with pytest.raises(PlaygroundError, match="cannot cut this text"):
        load(str(tmp_path)).ids("something else")
