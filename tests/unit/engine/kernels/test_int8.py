"""int8 weights: what they cost in distribution and in memory, for linear layers, GPT-2's Conv1D and a tied head."""

from pathlib import Path

import numpy as np
import pytest
import torch

from lib import engine
from lib.engine import kl_between
from lib.engine.kernels import int8
from tests.engines import load_here
from tests.tiny import make

pytestmark = [pytest.mark.kernels, pytest.mark.usefixtures("one_thread")]


def test_packing_is_within_half_a_step() -> None:
    weight = torch.randn(300, 70, generator=torch.Generator().manual_seed(0)) * 0.05
    packed, scale = int8.pack(weight)
    assert packed.dtype == torch.int8 and packed.is_contiguous() and scale.dtype == torch.bfloat16
    steps = ((packed.float() * scale.float()[:, None] - weight).abs() / scale.float()[:, None]).amax(1)
    assert steps.max() < 1  # half a step inside, and a little more where bfloat16 rounded the scale down
    assert steps.median() <= 0.5 + 1e-3


@pytest.mark.parametrize("able", [(), ("avx512_f",), ("avx512_f", "amx_bf16")])
def test_a_layer_agrees_with_itself_on_every_processor(able: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: dict.fromkeys(able, True))
    generator = torch.Generator().manual_seed(0)
    layer = int8.Int8Linear(torch.randn(96, 64, generator=generator), torch.randn(96, generator=generator))
    x = torch.randn(2, 70, 64, generator=generator).bfloat16()
    assert layer.bias is not None
    expected = x.float() @ (layer.weight.float() * layer.scale.float()[:, None]).T + layer.bias.float()
    for rows in (1, 4, 10, 40, 70):
        assert (layer(x[:, :rows]).float() - expected[:, :rows]).abs().max() < 0.02 * expected.abs().max()


@pytest.mark.parametrize("family", ["gpt2", "llama", "qwen2"])
def test_an_int8_model_is_near_the_full_one(family: str, tmp_path: Path) -> None:
    folder = make(family, tmp_path / family, layers=2, width=64)
    full, small = load_here(folder, dtype="float32"), load_here(folder, dtype="int8")
    assert small.info.dtype == "int8" and small.info.parameters == full.info.parameters
    assert small.info.weight_bytes < 0.45 * full.info.weight_bytes
    linear = [part for part in small.module.modules() if isinstance(part, torch.nn.Linear | int8.Int8Linear)]
    assert linear and all(isinstance(part, int8.Int8Linear) for part in linear)
    assert not any(tensor.is_meta for tensor in (*small.module.parameters(), *small.module.buffers()))
    difference = kl_between(full, small, list(range(3, 60)))
    assert difference.positions == 57 and 0 < difference.kl < 0.1
    running = [
        small.generate([5, i], sampling=engine.Sampling(temperature=0), max_new_tokens=10, stop_ids=frozenset())
        for i in range(12)
    ]
    assert [len(list(generation)) for generation in running] == [10] * 12
    full.close()
    small.close()


def test_a_tied_head_is_held_once(tmp_path: Path) -> None:
    small = load_here(make("gpt2", tmp_path / "m", width=32), dtype="int8")
    head, embedding = small.module.get_output_embeddings(), small.module.get_input_embeddings()
    assert head.weight.data_ptr() == embedding.weight.data_ptr()
    assert embedding(torch.tensor([[4, 9]])).shape == (1, 2, 32)
    small.close()


def test_kl_of_a_model_with_itself_is_nothing(tiny_models) -> None:
    tiny = load_here(tiny_models["gpt2"])
    same = kl_between(tiny, tiny, [1, 2, 3])
    assert (same.kl, same.agreement, same.positions) == (0.0, 1.0, 3)
    tiny.close()


@pytest.mark.embedded
def test_the_embedded_model_moves_less_than_a_hundredth_of_a_nat(embedded: str) -> None:
    full, small = load_here(embedded, dtype="float32"), load_here(embedded, dtype="int8")
    ids = [token.id for token in full.tokenizer.encode(engine.FIXED_TEXT)]
    difference = kl_between(full, small, ids)
    assert difference.positions > 80 and difference.kl < 0.01 and difference.agreement > 0.9
    assert small.info.weight_bytes < 0.26 * full.info.weight_bytes
    full.close()
    small.close()
    assert np.isfinite(difference.worst)
