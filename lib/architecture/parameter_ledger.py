"""The parameter ledger: every tensor of a model with its name, shape and place, computed from the configuration.

For the families of `lib.architecture.config_readers` this is arithmetic (no torch, microseconds a tensor); any other
model type is built on PyTorch's meta device (no memory for weights), in a process with bounds, and walked. Tests hold
both to the same tensors.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from math import prod

from lib.architecture import building
from lib.architecture.known_configs import resolve
from lib.architecture.module_names import MODULE_NAMES
from lib.architecture.spec import Architecture

COMPONENT_LABELS = {
    "embedding": "Token embedding",
    "positions": "Positions",
    "attention": "Attention",
    "mlp": "MLP",
    "norm": "Norms",
    "head": "Output head",
    "other": "Other weights",
}
COMPONENTS = tuple(COMPONENT_LABELS)


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One tensor. `params` is what it adds to the total: 0 for a tied head, whose weights are the embedding's."""

    name: str  # as in `model.named_parameters()`
    component: str  # one of COMPONENTS
    block: int | None  # which of the identical blocks, None outside them
    shape: tuple[int, ...]
    params: int
    shared: str = ""  # the tensor whose memory this one uses

    @property
    def local(self) -> str:
        """The name without the block's number: "transformer.h.3.attn.c_attn.weight" -> "attn.c_attn.weight"."""
        return self.name.split(f".{self.block}.", 1)[1] if self.block is not None else self.name

    @property
    def elements(self) -> int:
        """Entries of the tensor, shared or not."""
        return prod(self.shape)


@dataclass(frozen=True)
class Ledger:
    """All tensors of one model. Rows add up to `total`. Of a family without a reader, `architecture` has the sizes that
    transformers knows."""

    architecture: Architecture
    tied: bool  # whether a tied head was counted once
    rows: tuple[LedgerRow, ...]

    @property
    def total(self) -> int:
        """Parameters, every shared weight once (unless the ledger was asked otherwise)."""
        return sum(row.params for row in self.rows)

    def by_component(self) -> dict[str, int]:
        """Parameters by component, in the order of COMPONENTS, absent ones left out."""
        sums = dict.fromkeys(COMPONENTS, 0)
        for row in self.rows:
            sums[row.component] += row.params
        return {name: count for name, count in sums.items() if count}

    def by_block(self) -> dict[int, int]:
        """Parameters of each block."""
        sums: dict[int, int] = {}
        for row in self.rows:
            if row.block is not None:
                sums[row.block] = sums.get(row.block, 0) + row.params
        return sums


def ledger(config: object, *, tied: bool = True) -> Ledger:
    """Every tensor of `config` (an id, a folder, a dict, a transformers configuration or an Architecture).

    With `tied=False` a tied head is counted as if it had weights of its own. Raises ArchitectureError.

    >>> ledger("gpt2").total
    124439808
    >>> ledger("gpt2", tied=False).total - 50257 * 768
    124439808
    """
    return _ledger(resolve(config), tied)


@lru_cache(maxsize=64)
def _ledger(arch: Architecture, tied: bool) -> Ledger:
    if arch.known:
        return Ledger(arch, tied, tuple(_rows(arch, tied)))
    rows, sizes = building.walk(arch, tied)
    whole = replace(arch, **sizes)
    return Ledger(
        whole, tied, tuple(LedgerRow(name, part, at, tuple(shape), n, same) for name, part, at, shape, n, same in rows)
    )


def _rows(arch: Architecture, tied: bool) -> Iterator[LedgerRow]:
    names = MODULE_NAMES[arch.family]
    yield _row(f"{names.embed}.weight", "embedding", (arch.vocab_size, arch.hidden_size))
    if arch.positions == "learned":
        yield _row("transformer.wpe.weight", "positions", (arch.context, arch.hidden_size))
    block = list(block_tensors(arch))
    for index in range(arch.layers):
        for name, component, shape in block:
            yield _row(f"{names.block}.{index}.{name}", component, shape, index)
    yield from (_row(f"{names.final}.{part}", "norm", (arch.hidden_size,)) for part in _norm_parts(arch.norm))
    shared = arch.tied and tied
    yield LedgerRow(
        f"{names.head}.weight",
        "head",
        None,
        (arch.vocab_size, arch.hidden_size),
        0 if shared else arch.vocab_size * arch.hidden_size,
        f"{names.embed}.weight" if shared else "",
    )
    if arch.head_bias:
        yield _row(f"{names.head}.bias", "head", (arch.vocab_size,))


def _row(name: str, component: str, shape: tuple[int, ...], block: int | None = None) -> LedgerRow:
    return LedgerRow(name, component, block, shape, prod(shape))


def _norm_parts(norm: str) -> tuple[str, ...]:
    return ("weight", "bias") if norm == "LayerNorm" else ("weight",)


def _linear(
    name: str, component: str, out: int, into: int, *, bias: bool, conv: bool
) -> Iterator[tuple[str, str, tuple[int, ...]]]:
    yield f"{name}.weight", component, (into, out) if conv else (out, into)  # GPT-2's Conv1D is transposed
    if bias:
        yield f"{name}.bias", component, (out,)


def block_tensors(arch: Architecture) -> Iterator[tuple[str, str, tuple[int, ...]]]:
    """(name inside the block, component, shape) of the tensors that every one of the identical blocks has."""
    names, conv = MODULE_NAMES[arch.family], arch.family == "gpt2"

    def norm(name: str, width: int, kind: str = arch.norm) -> Iterator[tuple[str, str, tuple[int, ...]]]:
        return ((f"{name}.{part}", "norm", (width,)) for part in _norm_parts(kind))

    yield from norm(names.norm1, arch.hidden_size)
    widths = (arch.q_width, arch.kv_width, arch.kv_width)
    for name, out in zip(names.qkv, widths if len(names.qkv) == 3 else (sum(widths),), strict=True):
        yield from _linear(f"{names.attn}.{name}", "attention", out, arch.hidden_size, bias=arch.qkv_bias, conv=conv)
    yield from _linear(
        f"{names.attn}.{names.out}", "attention", arch.hidden_size, arch.q_width, bias=arch.out_bias, conv=conv
    )
    if arch.qk_norm:
        for name in names.qk_norms:
            yield from norm(f"{names.attn}.{name}", arch.head_dim, arch.qk_norm)
    for name in filter(None, (names.after_attn, names.norm2)):
        yield from norm(name, arch.hidden_size)
    *into, back = names.mlp
    for name in into:
        yield from _linear(
            f"mlp.{name}", "mlp", arch.intermediate_size, arch.hidden_size, bias=arch.mlp_bias, conv=conv
        )
    yield from _linear(f"mlp.{back}", "mlp", arch.hidden_size, arch.intermediate_size, bias=arch.mlp_bias, conv=conv)
    if names.after_mlp:
        yield from norm(names.after_mlp, arch.hidden_size)


def closed_form(arch: Architecture) -> int:
    """The total by the textbook formula, without listing tensors (a second way to the same number; tied heads once).

    GPT-2: V·d + P·d + L·(12·d² + 13·d) + 2·d.

    >>> from lib.architecture.known_configs import architecture
    >>> closed_form(architecture("gpt2")) == 50257*768 + 1024*768 + 12*(12*768**2 + 13*768) + 2*768 == 124439808
    True
    """
    d, q, kv, m = arch.hidden_size, arch.q_width, arch.kv_width, arch.intermediate_size
    norm = d * (2 if arch.norm == "LayerNorm" else 1)
    norms = 4 if arch.sandwich else 1 if arch.parallel == 1 else 2
    attention = d * (q + 2 * kv) + q * d + arch.qkv_bias * (q + 2 * kv) + arch.out_bias * d
    mlp = (3 if arch.gated else 2) * d * m + arch.mlp_bias * ((2 if arch.gated else 1) * m + d)
    heads = 2 * arch.head_dim * {"": 0, "RMSNorm": 1, "LayerNorm": 2}[arch.qk_norm]
    outside = arch.vocab_size * d * (1 if arch.tied else 2) + norm + arch.head_bias * arch.vocab_size
    positions = arch.context * d if arch.positions == "learned" else 0
    return outside + positions + arch.layers * (attention + mlp + heads + norms * norm)
