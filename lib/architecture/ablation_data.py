"""A part taken out of a live pass (`lib.architecture.ablation`), and what that did: plain data, no torch."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

# What can be taken out, and what a reader calls it.
PARTS: Mapping[str, str] = {
    "positions": "positions",
    "mask": "causal mask",
    "head": "one head",
    "attention": "attention",
    "residual": "residual connections",
    "mlp": "MLP",
    "norm": "norms",
}
ONE_BLOCK = frozenset({"head", "attention", "residual", "mlp", "norm"})  # can be taken out of one block alone


@dataclass(frozen=True)
class Ablation:
    """A part of PARTS; `block` None: of every block. `head` counts from 0 and is for the part "head" alone."""

    part: str
    block: int | None = None
    head: int = 0


@dataclass(frozen=True)
class Effect:
    """The next token after `ids` (what was computed), with the whole model and without the part."""

    ids: tuple[int, ...]
    cut: str  # a sentence if the text was longer than what was computed, else ""
    before: np.ndarray  # float32 (V,): the model's own logits at the last position
    after: np.ndarray  # float32 (V,); not finite where the numbers overflowed
    bits: tuple[float, float]  # mean surprisal of the text's own tokens after the first, before and after; NaN for one

    @property
    def finite(self) -> bool:
        """Whether there is a distribution without the part."""
        return bool(np.isfinite(self.after).all())


def kl_bits(before: np.ndarray, after: np.ndarray) -> float:
    """Kullback-Leibler divergence D(before || after) of the softmax of two logit vectors (V,), in bits.

    >>> round(kl_bits(np.zeros(4), np.log(np.array([2.0, 2.0, 2.0, 2.0]))), 9)
    0.0
    """
    p, q = (_log_softmax(logits) for logits in (before, after))
    return float(max(0.0, (np.exp(p) * (p - q)).sum() / np.log(2)))


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits.astype(np.float64) - float(logits.max())
    return np.asarray(shifted - np.log(np.exp(shifted).sum()))
