"""GGUF files: what they say of a model is carried over or refused with a sentence, and positions come out right."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.faults import tiny_files
from lib.engine.loading import Source
from lib.engine.local_loading import load_local
from lib.models import ModelError, gguf, gguf_header
from lib.models.gguf_config import llama3_factors

pytestmark = pytest.mark.usefixtures("one_thread")
LLAMA3 = {
    "rope_type": "llama3",
    "factor": 32.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192,
}
IDS = [5, 9, 100, 7, 3, 260, 31, 8] * 4


def converted(path: Path) -> Path:
    folder = path.parent / f"{path.stem}-converted"
    gguf.convert(path, folder, lambda *_: None)
    return folder


def logits(folder: Path) -> np.ndarray:
    engine = load_local(Source("m", "m", folder, str(folder)), dtype="float32")
    try:
        return engine.logits(IDS)
    finally:
        engine.close()


def transformers_logits(folder: Path) -> np.ndarray:
    """Of the original folder, its weights rounded to bfloat16 as those of a converted file are."""
    import torch
    from transformers import AutoModelForCausalLM

    module = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16).float().eval()
    with torch.inference_mode():
        return np.asarray(module(torch.tensor([IDS])).logits[0, -1].numpy())


ROPES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {  # transformers' rope_scaling, and what GGUF says for it
    "linear": ({"rope_type": "linear", "factor": 4.0}, {"rope.scaling.type": "linear", "rope.scaling.factor": 4.0}),
    "yarn": (
        {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64},
        {
            "rope.scaling.type": "yarn",
            "rope.scaling.factor": 4.0,
            "rope.scaling.original_context_length": 64,
            "rope.scaling.finetuned": True,
        },
    ),
    "llama3": (LLAMA3, {}),
}


@pytest.mark.parametrize("kind", ROPES)
def test_scaled_positions_give_the_logits_of_transformers(tmp_path: Path, kind: str) -> None:
    scaling, settings = ROPES[kind]
    changes = {"rope_theta": 500_000.0, "hidden_size": 32, "num_attention_heads": 2, "head_dim": 16}
    original = tiny_files.make(tmp_path / "original", **changes, rope_scaling=scaling)
    factors = llama3_factors(32.0, 16, 500_000.0).astype(np.float32) if kind == "llama3" else None
    extra = {} if factors is None else {"rope_freqs.weight": factors}
    file = tiny_files.write_gguf(original, tmp_path / "m.gguf", settings=settings, tensors=extra)
    expected, found = transformers_logits(original), logits(converted(file))
    assert np.abs(expected - found).max() < 1e-4
    unscaled = tiny_files.write_gguf(original, tmp_path / "plain.gguf")
    assert np.abs(expected - logits(converted(unscaled))).max() > 1e-2  # so the scaling is in these logits


def test_heads_of_their_own_width_are_carried_over(tmp_path: Path) -> None:
    original = tiny_files.make(tmp_path / "original", head_dim=12)
    widths = {"attention.key_length": 12, "attention.value_length": 12, "rope.dimension_count": 12}
    file = tiny_files.write_gguf(original, tmp_path / "m.gguf", settings=widths)
    assert np.abs(transformers_logits(original) - logits(converted(file))).max() < 1e-4
    bare = tiny_files.write_gguf(original, tmp_path / "bare.gguf")
    with pytest.raises(ModelError, match=r"attn_q\.weight has the shape \(24, 16\) instead of \(16, 16\)"):
        converted(bare)


def test_qwen3_norms_its_queries_and_keys(tmp_path: Path) -> None:
    original = tiny_files.make(
        tmp_path / "original", model_type="qwen3", head_dim=12, architectures=["Qwen3ForCausalLM"]
    )
    widths = {"attention.key_length": 12, "attention.value_length": 12}
    file = tiny_files.write_gguf(original, tmp_path / "m.gguf", settings=widths)
    assert np.abs(transformers_logits(original) - logits(converted(file))).max() < 1e-4


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a window": ({"attention.sliding_window": 16}, "sliding window"),
    "experts": ({"expert_count": 8, "expert_used_count": 2}, "mixture of experts"),
    "a part of each head turned": ({"rope.dimension_count": 4}, "different widths"),
    "an unknown scaling": ({"rope.scaling.type": "longrope"}, "scales its positions by 'longrope'"),
    "an unknown setting": ({"attention.clamp_kqv": 8.0}, "sets llama.attention.clamp_kqv"),
    "no heads": ({"attention.head_count": None}, "does not say llama.attention.head_count"),
    "heads that are a text": ({"attention.head_count": "nine"}, "gives nine for llama.attention.head_count"),
    "no epsilon": ({"attention.layer_norm_rms_epsilon": None}, "does not say llama.attention.layer_norm_rms_epsilon"),
    "a thousand million blocks": ({"block_count": 999_999_999}, "it says that it has 999,999,999 blocks"),
    "layers that differ": ({"attention.head_count_kv": [1, 2]}, "head_count_kv"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_carried_over_is_refused_with_a_sentence(tmp_path: Path, name: str) -> None:
    settings, says = REFUSED[name]
    original = tiny_files.make(tmp_path / "original")
    file = tiny_files.write_gguf(original, tmp_path / "m.gguf", settings=settings)
    with pytest.raises(ModelError, match=says.replace(".", r"\.")):
        converted(file)
    assert not (tmp_path / "m-converted").exists()


def test_tensors_that_are_not_read_are_refused(tmp_path: Path) -> None:
    original = tiny_files.make(tmp_path / "original")
    for extra, says in {
        "blk.0.attn_q_norm.weight": "holds the tensor blk.0.attn_q_norm.weight",
        "blk.0.attn_q.bias": "holds the tensor blk.0.attn_q.bias",
    }.items():
        file = tiny_files.write_gguf(original, tmp_path / "m.gguf", tensors={extra: np.ones(8, np.float32)})
        with pytest.raises(ModelError, match=says.replace(".", r"\.")):
            converted(file)
    odd = {"rope_freqs.weight": np.array([1, 2, 3, 4], np.float32)}
    with pytest.raises(ModelError, match="factors of its own"):
        converted(tiny_files.write_gguf(original, tmp_path / "odd.gguf", tensors=odd))
    ones = {"rope_freqs.weight": np.ones(4, np.float32)}
    folder = converted(tiny_files.write_gguf(original, tmp_path / "ones.gguf", tensors=ones))
    assert "rope_scaling" not in json.loads((folder / "config.json").read_text())


def test_weights_that_are_no_numbers_are_named(tmp_path: Path) -> None:
    original = tiny_files.make(tmp_path / "original")
    tensors = tiny_files.weights(tiny_files.CONFIG)
    tensors["model.layers.1.mlp.up_proj.weight"][3, 4] = np.nan
    tiny_files.write_weights(original / "model.safetensors", tensors)
    with pytest.raises(ModelError, match=r"blk\.1\.ffn_up\.weight holds values that are infinite or not numbers"):
        converted(tiny_files.write_gguf(original, tmp_path / "m.gguf"))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "it is empty"),
        (b"<html>", "does not begin as one"),
        (b"GGUF" + (1).to_bytes(4, "little") + bytes(16), "version 1"),
        (b"GGUF" + (3).to_bytes(4, "little"), "ends in the middle of its header"),
        (b"GGUF" + (3).to_bytes(4, "little") + b"\xff" * 16, "it says that it holds 18,446,744,073,709,551,615"),
        (b"GGUF" + (3).to_bytes(4, "little") + bytes(16), "a vocabulary and no weights"),
    ],
)
def test_a_header_that_cannot_be_is_refused_before_it_is_read(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "m.gguf").write_bytes(content)
    assert says in (gguf_header.problem(tmp_path / "m.gguf") or "")
