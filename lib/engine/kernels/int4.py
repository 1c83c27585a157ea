"""Weights that a 4-bit file gave, kept in 4 bits: half of int8's bytes, and nearer to what was stored.

A file in 4 bits (llama.cpp's Q4_1, from which the embedded model comes) cuts each row into groups of 32 weights and
gives every group 16 evenly spaced values. Found again in the loaded weights, a group needs a code of 4 bits for each
weight, a scale and a zero point: w = (code - 8) * scale + zero. Nothing is approximated but the scale and the zero
point, which are bfloat16. Weights that are not of this kind are left to `lib.engine.kernels.int8`.

Up to `_FEW` rows go through torch's kernel, which widens codes on the way to the multiplier, for every few rows anew;
for more, a prompt's, widening once and an ordinary product are faster.
"""

import sys
from collections.abc import Callable
from functools import cache
from typing import Any, ClassVar

import torch
from torch import nn

from lib.engine.kernels.matmul import limits

GROUP = 32  # weights that share a scale and a zero point
_BLOCK = 64  # rows that torch's kernel packs together (32 with AVX2)
_LEVELS = 15
_FEW = 48
_WEIGHTS = 1 << 18  # that have copies in float32 at the same time while they are packed
_BYTES = 1 << 22  # of weights that are wide at the same time


def usable(device: str) -> bool:
    """Whether torch has a fast kernel for 4-bit weights here: on x86 with AVX2 or AVX-512, not built by Microsoft's
    compiler (int4mm_kernel.cpp leaves plain loops there)."""
    has = torch.cpu.get_capabilities()
    return device == "cpu" and sys.platform != "win32" and bool(has.get("avx2") or has.get("avx512_f"))


def codes(weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor] | None:
    """weight (N, K) -> codes 0 to 15, int8 (N, K), and scales and zero points, bfloat16 (K / 32, N, 2).

    None if some group does not consist of 16 evenly spaced values. Two roundings to bfloat16, of a value and of the
    ends that it is measured by, are allowed for: 2 ** -7 of the group's largest weight.

    >>> levels = torch.arange(64) % 16 * 0.5 - 3
    >>> q, scale = codes(levels.repeat(64, 1))
    >>> q[0, :17].tolist() == [*range(16), 0], scale[0, 0].tolist()
    (True, [0.5, 1.0])
    >>> codes(torch.linspace(-1, 1, 64).repeat(64, 1)) is None
    True
    """
    rows, width = weight.shape
    if rows % _BLOCK or width % GROUP:
        return None
    parts = []
    for block in _blocks(weight):  # the float32 copies stay small, and most end at the first
        groups = block.float().view(len(block), -1, GROUP)  # (n, K / 32, 32)
        low, high = groups.aminmax(dim=-1, keepdim=True)
        scale = ((high - low) / _LEVELS).clamp_min(1e-12)
        code = ((groups - low) / scale).round_()
        if ((code * scale + low - groups).abs() > groups.abs().amax(-1, keepdim=True) * 2**-7).any():
            return None
        scale = scale.bfloat16().float()
        zero = (groups - (code - 8) * scale).mean(-1, keepdim=True)  # makes up for the rounding of the scale
        parts.append((code.to(torch.int8).view(len(block), width), torch.cat((scale, zero), -1).bfloat16()))
    q, fine = (torch.cat(both) for both in zip(*parts, strict=True))
    return q, fine.transpose(0, 1).contiguous()


def _blocks(rows: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """(N, K) in pieces of about `_WEIGHTS` numbers, of whole blocks of torch's kernel."""
    return rows.split(max(1, _WEIGHTS // (rows.shape[1] * _BLOCK)) * _BLOCK)


class Int4Linear(nn.Module):
    """A linear layer, (..., K) -> (..., N), from what `codes` gives. `weight`: two codes a byte, (N, K / 2)."""

    ROWS: ClassVar[dict[str, int]] = {"scale": 1}  # where a tensor has its N, if not in front

    def __init__(self, q: torch.Tensor, scale: torch.Tensor, bias: torch.Tensor | None = None) -> None:
        super().__init__()
        convert: Any = torch.ops.aten._convert_weight_to_int4pack_for_cpu
        packed = torch.cat([convert(block.int(), 1) for block in _blocks(q)])
        self.weight, self.scale = (nn.Parameter(part, requires_grad=False) for part in (packed, scale))
        self.bias = None if bias is None else nn.Parameter(bias.to(torch.bfloat16), requires_grad=False)
        self.out_features, self.in_features = q.shape

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.rows()(x.reshape(-1, self.in_features)).view(*x.shape[:-1], self.out_features)

    def rows(self) -> Callable[[torch.Tensor], torch.Tensor]:
        """The layer as a function, (M, K) -> (M, N), with what it needs at hand: modules look things up slowly."""
        weight, scale, bias = self.weight, self.scale.contiguous(), self.bias
        multiply: Any = torch.ops.aten._weight_int4pack_mm_for_cpu
        wide, block = limits(self.in_features, weight.device).wide, _block()

        def product(x: torch.Tensor) -> torch.Tensor:
            few = x.shape[0] <= _FEW or not block
            out: torch.Tensor = multiply(x, weight, GROUP, scale) if few else unpacked(x, weight, scale, wide, block)
            return out if bias is None else out.add_(bias)

        return product


@cache
def _block() -> int:
    """How many rows torch's kernel packs together on this processor; 0 if it packs in a way that we do not know."""
    q = (torch.arange(_BLOCK * GROUP, dtype=torch.int32) * 7 % 16).view(_BLOCK, GROUP)
    packed = torch.ops.aten._convert_weight_to_int4pack_for_cpu(q, 1)
    return next(
        (
            block
            for block in (_BLOCK, _BLOCK // 2)
            if torch.equal(_spread(packed, block, torch.float32).T + 8, q.float())
        ),
        0,
    )


def _spread(packed: torch.Tensor, block: int, wide: torch.dtype) -> torch.Tensor:
    """Packed codes (N, K / 2) -> codes - 8, (K, N). A byte holds a code of the block's first half and of its second."""
    rows, width, half = packed.shape[0], 2 * packed.shape[1], block // 2
    pairs = packed.view(-1, width, half)  # (N / block, K, block / 2)
    out = torch.empty(width, rows // block, block, dtype=wide)
    blocks = out.transpose(0, 1)
    blocks[..., :half] = (pairs & 15).sub_(8).view(torch.int8)  # bytes below 0 are bytes from 248 on
    blocks[..., half:] = (pairs >> 4).sub_(8).view(torch.int8)
    return out.view(width, rows)


def unpacked(x: torch.Tensor, weight: torch.Tensor, scale: torch.Tensor, wide: torch.dtype, block: int) -> torch.Tensor:
    """x (M, K) times the packed weights, which become `wide` some rows at a time: -> (M, N)."""
    rows, width = x.to(wide), x.shape[1]
    many = max(1, _BYTES // (width * wide.itemsize * _BLOCK)) * _BLOCK
    parts = []
    for some, fine in zip(weight.split(many), scale.to(wide).split(many, 1), strict=True):
        groups = _spread(some, block, wide).view(-1, GROUP, len(some))  # (K / 32, 32, n)
        steps, zeros = (part.contiguous()[:, None] for part in fine.unbind(-1))  # (K / 32, 1, n)
        torch.addcmul(zeros, groups, steps, out=groups)
        parts.append(torch.mm(rows, groups.view(width, -1)))
    return (parts[0] if len(parts) == 1 else torch.cat(parts, 1)).to(x.dtype)
