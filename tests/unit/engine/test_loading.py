"""Folders that can be loaded, and a sentence for each that cannot."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from benchmarks.faults import bad_folders, tiny_files
from lib.engine import loading
from lib.engine.stored_weights import StoredTensor, stored_tensors
from lib.errors import PlaygroundError
from tests.engines import load_here
from tests.tiny import make

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def folder(tiny_models, tmp_path: Path) -> Path:
    """A copy of the tiny Llama that a test may break."""
    return Path(shutil.copytree(tiny_models["llama"], tmp_path / "model"))


def change_config(folder: Path, **changes: object) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **changes}))


def test_what_is_loaded_is_described(tiny_models) -> None:
    loaded = load_here(tiny_models["gpt2"])
    info = loaded.info
    assert (info.family, info.dtype, info.vocab_size, info.context) == ("gpt2", "float32", 300, 64)
    stored = stored_tensors(tiny_models["gpt2"])
    assert info.parameters == sum(tensor.count for tensor in stored) and info.weight_bytes == 4 * info.parameters
    assert loaded.stop_ids == {0}
    assert loaded.tokenizer.decode([token.id for token in loaded.tokenizer.encode("the cat")]) == "the cat"
    loaded.close()


def test_every_dtype_loads_and_says_so(tiny_models) -> None:
    for dtype, width in (("float32", 4), ("bfloat16", 2), ("float16", 2)):
        loaded = load_here(tiny_models["qwen2"], dtype=dtype)
        assert loaded.info.dtype == dtype and loaded.info.weight_bytes == width * loaded.info.parameters
        assert loaded.logits([1, 2]).shape == (300,)
        loaded.close()
    with pytest.raises(PlaygroundError, match="float64"):
        load_here(tiny_models["qwen2"], dtype="float64")


def test_a_model_that_is_not_here() -> None:
    with pytest.raises(PlaygroundError):
        load_here("no-such-model")
    with pytest.raises(PlaygroundError):
        load_here(Path("/no/such/folder"))


@pytest.mark.parametrize("dtype", ["float32", pytest.param("int8", marks=pytest.mark.kernels)])
def test_damage_is_named(folder: Path, dtype: str) -> None:
    weights = folder / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-100])
    with pytest.raises(PlaygroundError, match="damaged"):
        load_here(folder, dtype=dtype)
    weights.write_bytes(whole)
    tensors = load_file(weights)
    tensors.pop("model.norm.weight")
    save_file(tensors, weights, metadata={"format": "pt"})
    with pytest.raises(PlaygroundError, match="norm"):
        load_here(folder, dtype=dtype)


@pytest.mark.parametrize("name", bad_folders.LOADED)
def test_what_only_loading_shows_is_a_sentence_and_is_healed_without_a_restart(tmp_path: Path, name: str) -> None:
    damage, says = bad_folders.LOADED[name]
    folder = tiny_files.make(tmp_path / "model")
    damage(folder)
    (folder / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    with pytest.raises(PlaygroundError, match=re.escape(says)):
        load_here(folder)
    assert not (tmp_path / "ran").exists()
    shutil.rmtree(folder)
    mended = load_here(tiny_files.make(folder))
    assert np.isfinite(mended.logits([1, 2])).all()
    mended.close()


@pytest.mark.kernels
def test_weights_that_are_no_numbers_are_found_in_every_dtype(tmp_path: Path) -> None:
    folder = tiny_files.make(tmp_path / "model")
    bad_folders.LOADED["nan-weights"][0](folder)
    for dtype in ("float32", "bfloat16", "int8"):
        with pytest.raises(PlaygroundError, match="infinite or not numbers"):
            load_here(folder, dtype=dtype)


def test_pickles_are_never_read(folder: Path) -> None:
    torch.save({}, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(PlaygroundError, match="pickle"):
        load_here(folder)


def test_code_of_the_model_is_never_run(folder: Path) -> None:
    (folder / "evil.py").write_text("raise SystemExit('ran')")
    change_config(folder, model_type="evil", auto_map={"AutoConfig": "evil.C", "AutoModelForCausalLM": "evil.M"})
    with pytest.raises(PlaygroundError, match="evil"):
        load_here(folder)


def test_a_model_that_does_not_fit_is_refused_with_numbers(tiny_models, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "available_bytes", lambda: 200_000_000)
    with pytest.raises(PlaygroundError, match=r"0\.3 GB.*0\.2 GB"):
        load_here(tiny_models["gpt2"], dtype="float32")


def test_auto_is_float32_until_memory_is_short(tiny_models, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = [StoredTensor("w", "BF16", (1 << 30,), Path("x"))]
    assert loading.resolve_dtype("auto", stored_tensors(tiny_models["gpt2"]), "cpu") == "float32"
    monkeypatch.setattr(loading, "available_bytes", lambda: 5 << 30)
    assert loading.resolve_dtype("auto", stored, "cpu") == "bfloat16"
    assert loading.resolve_dtype("float32", stored, "cpu") == "float32"


def test_stop_tokens_come_from_every_place_that_names_them(folder: Path) -> None:
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": [7, 8]}))
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps({**settings, "chat_template": "{{ messages }}"}))
    change_config(folder, eos_token_id=0)
    loaded = load_here(folder)
    assert loaded.stop_ids == {0, 2, 7, 8}  # config, <|im_end|> of a chat model, generation_config
    loaded.close()


@pytest.mark.parametrize("dtype", ["float32", pytest.param("int8", marks=pytest.mark.kernels)])
def test_shards_are_read(dtype: str, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    whole = make("qwen2", tmp_path / "whole", layers=2)
    AutoModelForCausalLM.from_pretrained(whole).save_pretrained(tmp_path / "shards", max_shard_size="8KB")
    assert len(list((tmp_path / "shards").glob("*.safetensors"))) > 1
    one, many = (load_here(tmp_path / name, dtype=dtype) for name in ("whole", "shards"))
    assert (one.logits([3, 4]) == many.logits([3, 4])).all()
