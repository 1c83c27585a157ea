"""Weights from a 4-bit file: found again, kept in 4 bits, multiplied as they are; all others are left to int8."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn
from transformers import LlamaConfig, LlamaForCausalLM

from lib import engine
from lib.engine import Sampling, kl_between
from lib.engine.kernels import int4
from lib.engine.kernels.huge_pages import HugePages
from lib.engine.kernels.int4 import Int4Linear
from lib.engine.kernels.int8 import Int8Linear, side_by_side
from tests.engines import load_here

pytestmark = pytest.mark.kernels
able = pytest.mark.skipif(not int4.usable("cpu"), reason="torch has no fast 4-bit kernel for this processor")


def four_bits(rows: int, width: int, seed: int = 0) -> torch.Tensor:
    """Weights as a Q4_1 file gives them, in bfloat16: d * q + m in float16, for groups of 32."""
    made = torch.Generator().manual_seed(seed)
    d, off = torch.rand(2, rows, width // 32, 1, generator=made)
    d, m = (part.half().float() for part in (d * 0.02 + 0.001, (d * 0.02 + 0.001) * (off + 0.5)))
    q = torch.randint(0, 16, (rows, width // 32, 32), generator=made).float()
    q[..., 0], q[..., 1] = 0, 15  # the ends of a group are its smallest and largest weight
    return (d * q - 8 * m).view(rows, width).bfloat16()


def widened(q: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """(code - 8) * scale + zero, spelled out."""
    rows, width = q.shape
    steps, zeros = scale.float().permute(2, 1, 0)[..., None]  # (N, K / 32, 1)
    return ((q.view(rows, -1, 32) - 8) * steps + zeros).view(rows, width)


def test_codes_are_found_again_and_nothing_else_is_taken_for_them() -> None:
    weight = four_bits(128, 96).float()
    found = int4.codes(weight)
    assert found is not None and found[0].min() == 0 and found[0].max() == 15
    size = weight.view(128, -1, 32).abs().amax(-1, keepdim=True)
    off = (widened(*found) - weight).view(128, -1, 32).abs() / size
    assert off.max() < 0.02 and off.mean() < 0.002  # int8 by the row: 0.004 of the row's largest at most
    assert int4.codes(torch.zeros(64, 32)) is not None
    one_off = weight.clone()
    one_off[127, 95] += size.max() / 10
    torch.manual_seed(0)
    for other in (torch.randn(128, 96), one_off, weight[:100], weight[:, :40]):
        assert int4.codes(other) is None


@pytest.mark.parametrize(
    ("platform", "device", "has", "answer"),
    [
        ("linux", "cpu", {"avx2": True}, True),
        ("linux", "cpu", {"avx512_f": True}, True),
        ("linux", "cpu", {}, False),
        ("win32", "cpu", {"avx2": True}, False),
        ("linux", "cuda", {"avx2": True}, False),
    ],
)
def test_only_where_torch_has_a_kernel(
    platform: str, device: str, has: dict[str, bool], answer: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: has)
    assert int4.usable(device) is answer


@able
@pytest.mark.parametrize("rows", [1, 5, 48, 49, 300])
@pytest.mark.parametrize("bias", [False, True])
def test_a_layer_multiplies_what_was_stored(rows: int, bias: bool) -> None:
    torch.manual_seed(1)
    found = int4.codes(four_bits(192, 160))
    assert found is not None
    offset, x = torch.randn(192) if bias else None, torch.randn(rows, 160).bfloat16()
    expected = x.float() @ widened(*found).T + (0 if offset is None else offset.bfloat16().float())
    out = Int4Linear(*found, offset)(x[None])[0]
    assert out.dtype == torch.bfloat16 and (out - expected).abs().max() < 0.01 * expected.abs().max()


@able
def test_layers_side_by_side_are_the_same_and_held_once() -> None:
    torch.manual_seed(2)
    parts = [
        Int4Linear(*int4.codes(four_bits(rows, 64, rows)), torch.randn(rows))  # type: ignore[misc, call-arg]
        for rows in (128, 64)
    ]
    x = torch.randn(3, 64).bfloat16()
    before = torch.cat([part(x) for part in parts], 1)
    one = side_by_side(parts, HugePages(torch.device("cpu"), torch.bfloat16))
    assert torch.equal(one(x), before) and torch.equal(torch.cat([part(x) for part in parts], 1), before)
    for name in ("weight", "scale", "bias"):
        assert {getattr(part, name).untyped_storage().data_ptr() for part in parts} == {
            getattr(one, name).untyped_storage().data_ptr()
        }


@able
def test_other_instruction_sets_pack_in_other_ways(tmp_path: Path) -> None:
    torch.save((q := torch.randint(0, 16, (128, 64), dtype=torch.int32), torch.rand(2, 128, 2)), tmp_path / "in.pt")
    script = (
        "import sys, torch; from lib.engine.kernels.int4 import Int4Linear, _block\n"
        "q, scale = torch.load(sys.argv[1]); layer = Int4Linear(q, scale.bfloat16())\n"
        "x = torch.eye(64).bfloat16()\n"
        "print(_block(), layer(x).float().sum().item(),"
        " (layer(x)[:48] - layer(x[:48])).abs().max().item())"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "in.pt")],
        capture_output=True,
        text=True,
        env=os.environ | {"ATEN_CPU_CAPABILITY": "avx2"},
        check=True,
    )
    block, total, apart = map(float, run.stdout.split())
    q, scale = torch.load(tmp_path / "in.pt")
    assert block == 32 and apart < 0.05  # both ways of multiplying agree, and with the sum of all weights
    assert total == pytest.approx(widened(q, scale.bfloat16()).sum().item(), rel=0.01)


@able
def test_a_model_keeps_four_bits_where_they_are_and_int8_elsewhere(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=128,
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=4,
            max_position_embeddings=400,
            initializer_range=0.2,
            tie_word_embeddings=True,
        )
    )
    for number, (name, part) in enumerate(model.named_modules()):
        if isinstance(part, nn.Linear) and name != "lm_head" and not name.endswith("0.self_attn.k_proj"):
            part.weight.data = 10 * four_bits(part.out_features, part.in_features, number).float()
    model.save_pretrained(tmp_path / "m")
    full, small = load_here(tmp_path / "m", dtype="float32"), load_here(tmp_path / "m", dtype="int8")
    kinds = [type(part) for part in small.module.modules() if isinstance(part, Int4Linear | Int8Linear)]
    assert kinds.count(Int4Linear) == 13 and kinds.count(Int8Linear) == 2  # one k_proj, and the tied head
    assert small.info.parameters == full.info.parameters and small.info.weight_bytes < full.info.weight_bytes / 4
    ids = [i * 37 % 128 for i in range(200)]
    before = small.logits(ids)
    assert kl_between(full, small, ids).kl < 0.05
    steps = list(small.generate(ids, sampling=Sampling(temperature=0), max_new_tokens=3, stop_ids=frozenset()))
    chosen = full.logits(ids)
    assert chosen[steps[0].id] > chosen.max() - 0.1 * chosen.std()  # its first guess, or all but
    assert abs(small.logits(ids) - before).max() < 0.05 * abs(before).max()  # layers have been joined since
    full.close()
    small.close()


@able
@pytest.mark.embedded
def test_the_embedded_models_blocks_are_all_of_four_bits(embedded: str) -> None:
    full, small = load_here(embedded, dtype="float32"), load_here(embedded, dtype="int8")
    assert sum(isinstance(part, Int4Linear) for part in small.module.modules()) == 210  # as its GGUF file says
    ids = [token.id for token in full.tokenizer.encode(engine.FIXED_TEXT)]
    found = engine.kl_between(full, small, ids)
    assert found.kl < 0.004 and found.agreement > 0.95
    full.close()
    small.close()
