"""How far two ways of computing the same model are apart: the mean KL divergence over a text. No pages, no loading."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lib.engine.sampling import kl_divergence, softmax

if TYPE_CHECKING:
    from lib.engine.local import LocalEngine

FIXED_TEXT = (
    "Once upon a time there was a small robot who lived in a library. Every night, when the last reader had gone "
    "home, it rolled between the shelves and read. It learned that water boils at 100 degrees Celsius at sea level, "
    "that Paris is the capital of France, and that 2 + 2 = 4. One evening it found a letter between two books: "
    '"Dear friend, if you can read this, you are ready to write your own story."'
)


@dataclass(frozen=True)
class Difference:
    """How `other` departs from `reference` on the next-token distributions of a text."""

    kl: float  # mean KL(reference || other), nats
    worst: float  # the largest at one position
    agreement: float  # share of positions with the same first guess
    positions: int


def kl_between(reference: "LocalEngine", other: "LocalEngine", ids: Sequence[int]) -> Difference:
    """Compare the next-token distributions after every token of `ids` (both models must share the vocabulary)."""
    kls, same = [], []
    for mine, theirs in zip(reference.logits_along(ids), other.logits_along(ids), strict=True):
        for p, q in zip(mine, theirs, strict=True):
            kls.append(kl_divergence(softmax(p), softmax(q)))
            same.append(p.argmax() == q.argmax())
    return Difference(float(np.mean(kls)), float(np.max(kls)), float(np.mean(same)), len(kls))
