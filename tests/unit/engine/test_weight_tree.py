"""Models that are loaded and computed without transformers, and the transformers module that shares their weights."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM

from lib.architecture.live_pass import trace
from lib.engine import Sampling, model_config, weight_tree
from lib.errors import PlaygroundError
from tests.engines import load_here
from tests.unit.engine.kernels.test_fused_forward import CONFIGS

pytestmark = pytest.mark.usefixtures("one_thread")
IDS = [5, 6, 7, 8]
PROGRAM = """
import sys
from pathlib import Path
from lib import engine
for folder in sys.argv[1:]:
    for dtype in ("float32", "bfloat16", "int8"):
        e = engine.load(Path(folder), dtype=dtype)
        assert len(list(e.generate([5, 6], sampling=engine.Sampling(), max_new_tokens=3, stop_ids=frozenset()))) == 3
        e.score([5, 6, 7])
        list(e.beam([5, 6], num_beams=2, max_new_tokens=3))
        e.close()
print([name for name in ("transformers", "torch._dynamo", "sympy") if name in sys.modules])
"""


def saved(name: str, folder: Path) -> Path:
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(CONFIGS[name]).save_pretrained(folder)
    return folder


@pytest.mark.kernels
def test_the_common_families_need_no_transformers(tmp_path: Path) -> None:
    folders = [str(saved(name, tmp_path / name)) for name in CONFIGS]
    run = subprocess.run([sys.executable, "-c", PROGRAM, *folders], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout.strip()) == (0, "[]"), run.stderr


@pytest.mark.kernels
@pytest.mark.parametrize("traced_first", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "int8"])
@pytest.mark.parametrize("name", CONFIGS)
def test_the_module_shares_the_weights(name: str, dtype: str, traced_first: bool, tmp_path: Path) -> None:
    loaded = load_here(saved(name, tmp_path / "m"), dtype=dtype)
    assert isinstance(loaded.body, weight_tree.WeightTree)
    before = trace(loaded, IDS, lens=False).logits if traced_first else None
    greedy = loaded.generate(IDS, sampling=Sampling(temperature=0), max_new_tokens=2, stop_ids=frozenset())
    first = next(greedy).id
    list(greedy)
    logits, scale = loaded.logits(IDS), np.abs(loaded.logits(IDS)).max()
    after = trace(loaded, IDS, lens=False).logits
    tolerance = 1e-4 if dtype == "float32" else 0.03 * scale
    assert first == logits.argmax() and np.abs(after - logits).max() < tolerance
    assert before is None or np.abs(after - before).max() < tolerance
    theirs = dict(loaded.module.named_parameters())
    ours = dict(loaded.body.named_parameters())
    assert theirs.keys() == ours.keys()
    assert all(theirs[key].data_ptr() == ours[key].data_ptr() for key in ours)
    module = loaded.module
    assert module is loaded.module and not any(b.is_meta for b in module.buffers())
    loaded.close()
    assert loaded.module is None


PUBLISHED = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((Path(model_config.__file__).parents[1] / "architecture" / "configs").glob("*.json"))
}
OURS = [name for name, config in PUBLISHED.items() if config.get("model_type") in {"llama", "qwen2", "qwen3", "gpt2"}]


@pytest.mark.parametrize("name", [name for name in PUBLISHED if name not in OURS])
def test_configurations_of_other_families_are_left_to_transformers(name: str) -> None:
    assert model_config.read(PUBLISHED[name]) is None


@pytest.mark.parametrize("name", OURS)
def test_configurations_are_read_as_transformers_reads_them(name: str) -> None:
    config = PUBLISHED[name]
    ours, theirs = model_config.read(config), AutoConfig.for_model(**config)
    assert ours is not None and bool(ours.rope) == (config["model_type"] != "gpt2")
    for key in (
        "vocab_size",
        "max_position_embeddings",
        "hidden_size",
        "num_hidden_layers",
        "num_attention_heads",
        "tie_word_embeddings",
        "eos_token_id",
    ):
        assert getattr(ours, key) == getattr(theirs, key), key
    if ours.rope:
        with torch.device("meta"):
            module = AutoModelForCausalLM.from_config(theirs)
        rotary = type(module.model.rotary_emb)(theirs)
        assert torch.equal(weight_tree.frequencies(ours.rope, ours.head_dim), rotary.inv_freq)


@pytest.mark.parametrize("family", ["llama", "qwen2", "qwen3", "gpt2"])
def test_what_a_file_leaves_out_is_what_transformers_takes(family: str) -> None:
    ours, theirs = model_config.read({"model_type": family}), AutoConfig.for_model(family)
    assert ours is not None and ours.eos_token_id == theirs.eos_token_id
    assert ours.eps == (theirs.layer_norm_epsilon if family == "gpt2" else theirs.rms_norm_eps)
    assert ours.activation_function == (theirs.activation_function if family == "gpt2" else theirs.hidden_act)
    assert ours.num_key_value_heads == getattr(theirs, "num_key_value_heads", theirs.num_attention_heads)


@pytest.mark.parametrize(
    "changes",
    [
        {"rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 10_000.0}},
        {"hidden_act": "gelu"},
        {"use_sliding_window": True},
        {"num_hidden_layers": "two"},
        {"num_attention_heads": 0},
        {"a_new_idea": 3},
        {"layer_types": ["sliding_attention"] * 2},
        {"attention_bias": 1},
    ],
)
def test_what_is_unusual_is_left_to_transformers(changes: dict[str, object]) -> None:
    usual = CONFIGS["qwen3"].to_dict()
    assert model_config.read(usual) is not None and model_config.read({**usual, **changes}) is None


def test_gpt2_variants_are_left_to_transformers() -> None:
    for changes in ({"scale_attn_by_inverse_layer_idx": True}, {"add_cross_attention": True}, {"n_inner": -1}):
        assert model_config.read({**CONFIGS["gpt2"].to_dict(), **changes}) is None


@pytest.mark.kernels
@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_an_unusual_model_still_computes(dtype: str, tmp_path: Path) -> None:
    folder = saved("qwen2", tmp_path / "m")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"a_new_idea": 3}))
    loaded = load_here(folder, dtype=dtype)
    assert not isinstance(loaded.body, weight_tree.WeightTree) and loaded.scheduler.batch.step is not None
    with torch.inference_mode():
        wanted = loaded.module(torch.tensor([IDS])).logits[0, -1].float().numpy()
    assert np.abs(loaded.logits(IDS) - wanted).max() < (1e-4 if dtype == "float32" else 0.03 * np.abs(wanted).max())
    loaded.close()


@pytest.mark.parametrize("dtype", ["float32", pytest.param("int8", marks=pytest.mark.kernels)])
def test_weights_of_another_shape_are_refused(dtype: str, tmp_path: Path) -> None:
    folder = saved("llama", tmp_path / "m")
    tensors = load_file(folder / "model.safetensors")
    tensors["model.layers.0.mlp.up_proj.weight"] = torch.zeros(3, 64)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(PlaygroundError, match=r"up_proj|shape|mismatch"):
        load_here(folder, dtype=dtype)
