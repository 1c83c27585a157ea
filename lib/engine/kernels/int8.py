"""Weight-only int8: linear layers keep their weights as int8 with one scale a row, activations stay bfloat16.

A weight row w becomes round(w / s) with s = max|w| / 127; the layer computes (x . q) * s, in one of the ways of
`lib.engine.kernels.matmul`. A quarter of float32's memory is read for each token, so long answers come
faster; the distribution moves a little (`lib.engine.divergence` measures how much). What came from a file in 4 bits is
kept in 4 bits, which loses less (`lib.engine.kernels.int4`). Weights are read and packed tensor by
tensor, so loading never holds more than the int8 model and one tensor. Knows nothing of requests.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from lib.engine.kernels import int4
from lib.engine.kernels.huge_pages import HugePages
from lib.engine.kernels.int4 import Int4Linear
from lib.engine.kernels.matmul import limits, packed, unpacked
from lib.engine.stored_weights import StoredTensor, read_tensor

_WEIGHTS = 1 << 18  # that have copies in float32 at the same time


def pack(weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """weight (N, K) -> int8 (N, K) and bfloat16 scales (N,), such that int8 * scale is near the weight.

    The scale is rounded to bfloat16 first and the weights are divided by what is stored, so its rounding costs nothing.

    >>> q, scale = pack(torch.tensor([[1.0, -0.5, 0.0], [0.0, 0.0, 0.0]]))
    >>> (q * scale[:, None].float()).round(decimals=2).tolist()
    [[1.0, -0.5, 0.0], [0.0, 0.0, 0.0]]
    """
    packed = torch.empty(weight.shape, dtype=torch.int8)
    scale = torch.empty(weight.shape[0], dtype=torch.bfloat16)
    count = max(1, _WEIGHTS // weight.shape[1])
    for start in range(0, weight.shape[0], count):  # in blocks: the float32 copies stay small
        rows = slice(start, start + count)
        block = weight[rows].float()
        scale[rows] = (block.abs().amax(1) / 127).clamp_min(1e-12)
        packed[rows] = (block / scale[rows].float()[:, None]).round_().clamp_(-127, 127)
    return packed, scale


class Int8Linear(nn.Module):
    """A linear layer, (..., K) -> (..., N), from int8 weights (N, K)."""

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None = None) -> None:
        super().__init__()
        self.weight, self.scale = (nn.Parameter(part, requires_grad=False) for part in pack(weight))
        self.bias = None if bias is None else nn.Parameter(bias.to(torch.bfloat16), requires_grad=False)
        self.out_features, self.in_features = weight.shape

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.rows()(x.reshape(-1, self.in_features)).view(*x.shape[:-1], self.out_features)

    def rows(self) -> Callable[[torch.Tensor], torch.Tensor]:
        """The layer as a function, (M, K) -> (M, N), with what it needs at hand: modules look things up slowly."""
        weight, scale, bias = self.weight, self.scale, self.bias
        few, wide = limits(self.in_features, weight.device)

        def product(x: torch.Tensor) -> torch.Tensor:
            out = packed(x, weight, scale) if x.shape[0] <= few else unpacked(x, weight, scale, wide)
            return out if bias is None else out.add_(bias)

        return product


def side_by_side(parts: list[Any], pages: HugePages) -> Any:
    """Linear layers of one kind with the same input as one, (..., K) -> (..., N1 + N2 + ...).

    The parts become views of it, so nothing is held twice and the model's own forward pass goes on working.
    """
    kind: Any = type(parts[0])
    along, sizes = getattr(kind, "ROWS", {}), [part.out_features for part in parts]
    one = kind.__new__(kind)
    nn.Module.__init__(one)
    for name in ("weight", "scale", "bias"):
        tensors: list[Any] = [getattr(part, name, None) for part in parts]
        at = along.get(name, 0)
        whole = None if tensors[0] is None else nn.Parameter(pages.put(torch.cat(tensors, at)), requires_grad=False)
        setattr(one, name, whole)
        if whole is not None:
            for part, rows in zip(parts, whole.split(sizes, at), strict=True):
                setattr(part, name, nn.Parameter(rows, requires_grad=False))
    one.in_features, one.out_features = parts[0].in_features, sum(sizes)
    return one


class Int8Embedding(nn.Module):
    """An embedding that shares its rows with a tied head: id -> int8 row times its scale, in bfloat16."""

    def __init__(self, head: Int8Linear) -> None:
        super().__init__()
        self.weight, self.scale = head.weight, head.scale

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.weight[ids].to(self.scale.dtype) * self.scale[ids][..., None]


def packed_linear(weight: torch.Tensor, *, fours: bool) -> Int8Linear | Int4Linear:
    """The layer of weight (N, K): with `fours` in 4 bits if they hold it, else in int8."""
    found = int4.codes(weight) if fours else None
    return Int8Linear(weight) if found is None else Int4Linear(*found)


def fill(module: Any, tensors: list[StoredTensor], *, device: str) -> list[str]:
    """Pack the weights of these files into a module without memory; gives back the names of those that they lack.

    A head that is the embedding's is packed once, as soon as the embedding is read, and both use it.
    """
    fours, prefix = int4.usable(device), module.base_model_prefix
    wanted = {name: tuple(weight.shape) for name, weight in module.named_parameters()}
    names = {id(part): name for name, part in module.named_modules()}
    embedding, head = module.get_input_embeddings(), module.get_output_embeddings()
    head_name = f"{names.get(id(head))}.weight"
    tied = (
        f"{names[id(embedding)]}.weight"
        if module.config.get_text_config().tie_word_embeddings
        and not (head_name in wanted and head_name in {stored.name for stored in tensors})
        else None
    )
    for stored in tensors:
        target = next((n for n in (stored.name, f"{prefix}.{stored.name}") if n in wanted), None)
        if target is None or wanted[target] != stored.shape:
            continue
        tensor = read_tensor(stored)
        del wanted[target]
        if target == tied:
            packed = Int8Linear(tensor)
            packed.bias = head.bias
            module.set_submodule(names[id(head)], packed)
            wanted.pop(head_name, None)
            if type(embedding) is nn.Embedding:
                module.set_submodule(names[id(embedding)], Int8Embedding(packed))
                continue
        _place(module, target, tensor, fours=fours)
    return sorted(wanted)


def _place(module: Any, name: str, tensor: torch.Tensor, *, fours: bool) -> None:
    """Put one weight where it belongs, packed if it is a linear layer's."""
    path, leaf = name.rsplit(".", 1)
    part = module.get_submodule(path)
    turned = type(part).__name__ == "Conv1D"  # transformers' or our own: it keeps (K, N)
    if leaf == "weight" and (turned or isinstance(part, nn.Linear)):
        packed = packed_linear(tensor.T if turned else tensor, fours=fours)
        packed.bias = part.bias
        module.set_submodule(path, packed)
    else:
        part.register_parameter(leaf, nn.Parameter(tensor.to(torch.bfloat16), requires_grad=False))
