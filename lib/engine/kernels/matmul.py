"""Ways to multiply rows x (M, K) in bfloat16 by weights (N, K), and which is the fastest for how many rows.

For int8 weights:
- `packed`, a text's or a class's rows: torch's own kernel, which widens each weight on the way to the multiplier. It is
  as fast as memory for a row or two, and does the widening again for every four rows more.
- `unpacked`, a prompt's rows: the weights in a wider type, block by block, in a plain matrix product.

For float32 weights: torch's own, but for a class's number of rows.

For bfloat16 weights: torch's products where the processor has instructions for them, and `unpacked` where it has not,
as in most laptops: there a prompt's rows are multiplied several times as fast in float32.

Knows nothing of layers or models.
"""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812

_EVEN = 64  # the packed kernel reads past the end of rows that are no multiple of its vectors
_PAGE = 4096  # bytes of a page of memory
_BLOCK = 1 << 22  # bytes of weights unpacked at a time: more make fewer products, fewer stay in the cache
_NARROW = 24  # up to this many rows, W x^T is faster than x W^T in bfloat16
_CLASS, _DEEP = range(8, 33), 768  # rows of x and weights in a row for which W x^T is faster in float32
_SLOW = 8  # up to this many rows, bfloat16 without instructions of its own is faster than unpacking


class Limits(NamedTuple):
    """Up to how many rows `packed` is used, and the type that unpacked weights get."""

    packed: int
    wide: torch.dtype


def limits(width: int, device: torch.device) -> Limits:
    """What is fastest here for weights (N, `width`), by measurement. All results agree but for rounding."""
    if device.type != "cpu":
        return Limits(0, torch.bfloat16)
    has = torch.cpu.get_capabilities()
    if has.get("amx_bf16"):
        found = Limits(24, torch.bfloat16)
    else:
        found = Limits(64 if has.get("avx512_f") else 24, torch.float32)
    return found if width % _EVEN == 0 else found._replace(packed=0)


def packed(x: torch.Tensor, weight: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """x (M, K) bfloat16, weight (N, K) int8, scale (N,) bfloat16 -> (M, N) bfloat16, as `unpacked`.

    The kernel reads four rows of weights at a time, and rows of a page of memory or more much faster than shorter ones:
    presumably the processor does not see four rows in one page, and fetches too little in advance. So two rows of about
    half a page are read as one: as weights (N / 2, 2 K), times x beside zeros and zeros beside x.
    """
    count, width = x.shape
    if count > 1 or not _PAGE // 2 <= width < _PAGE * 3 // 4 or weight.shape[0] % 2:
        return torch._weight_int8pack_mm(x, weight, scale)
    both = x.new_zeros(4, width)
    both[::3] = x
    out = torch._weight_int8pack_mm(both.view(2, -1), weight.view(-1, 2 * width), _ones(weight.shape[0] // 2))
    result = x.new_empty(weight.shape[0])
    torch.mul(out.T, scale.view(-1, 2), out=result.view(-1, 2))
    return result[None]


@cache
def _ones(count: int) -> torch.Tensor:
    with torch.inference_mode(False):
        return torch.ones(count, dtype=torch.bfloat16)


def unpacked(x: torch.Tensor, weight: torch.Tensor, scale: torch.Tensor | None, wide: torch.dtype) -> torch.Tensor:
    """The product by weights in `wide`, which holds them exactly: multiply block by block, and scale afterwards."""
    rows = x.to(wide)
    blocks = weight.split(max(1, _BLOCK // (weight.shape[1] * wide.itemsize)))
    parts = [torch.mm(rows, block.to(wide).T) for block in blocks]
    out = parts[0] if len(parts) == 1 else torch.cat(parts, 1)
    return (out if scale is None else out.mul_(scale.to(wide))).to(x.dtype)


def for_float32(weight: torch.Tensor) -> Callable[..., torch.Tensor]:
    """The product of rows x (M, K), weight (N, K) and a bias (N,) or None in float32 that is fastest: -> (M, N)."""
    quick = weight.device.type == "cpu" and weight.dtype is torch.float32 and weight.shape[1] >= _DEEP
    return weight_first if quick and torch.cpu.get_capabilities().get("avx512_f") else F.linear


def weight_first(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
    """x W^T as (W x^T)^T: MKL then has the large matrix as it likes it."""
    if x.shape[0] not in _CLASS:
        return F.linear(x, weight, bias)
    out = torch.mm(weight, x.T).T.contiguous()
    return out if bias is None else out.add_(bias)


def for_bfloat16() -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    """The product of x (M, K) and weight (N, K), both bfloat16 and on the CPU, that is fastest here: -> (M, N)."""
    has = torch.cpu.get_capabilities()
    return native if any(has.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16")) else foreign


def native(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """x W^T as (W x^T)^T: the large matrix stays as it lies, which is faster for a few rows."""
    if x.shape[0] > _NARROW:
        return F.linear(x, weight)
    return torch.mv(weight, x[0])[None] if x.shape[0] == 1 else torch.mm(weight, x.T).T.contiguous()


def foreign(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """x W^T on a processor that has no instructions for bfloat16."""
    return F.linear(x, weight) if x.shape[0] <= _SLOW else unpacked(x, weight, None, torch.float32)
