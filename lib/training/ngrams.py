"""How well the same text is predicted by counting: unigram, bigram and trigram, the baselines of a run.

Interpolated Kneser-Ney smoothing (Kneser and Ney 1995; in the interpolated form of Chen and Goodman 1998, section
4.1.6), the strongest simple one, with the discount D = n1 / (n1 + 2 n2) of Ney, Essen and Kneser (1994) at each order:

    p(w | u v) = max(c(u v w) - D, 0) / c(u v) + D · N(u v) / c(u v) · p'(w | v)

N(u v) is the number of different tokens that follow u v. p' is the same one order lower, where a token counts once for
each different token that it follows; below the lowest order, every token is equally likely.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Level:
    """Counts of one order. `keys`: n-grams as one number, sorted; `contexts`: their first n-1 tokens, sorted."""

    keys: Ids
    counts: Ids
    contexts: Ids
    totals: Ids
    followers: Ids
    discount: float

    def share(self, keys: Ids, contexts: Ids) -> tuple[Floats, Floats]:
        """(discounted relative frequency, weight of the order below) of every n-gram asked for."""
        counts, totals = _look(self.keys, self.counts, keys), _look(self.contexts, self.totals, contexts)
        followers = _look(self.contexts, self.followers, contexts)
        known = totals > 0
        below = np.where(known, self.discount * followers / np.maximum(totals, 1), 1.0)
        return np.where(known, np.maximum(counts - self.discount, 0) / np.maximum(totals, 1), 0.0), below


def _look(keys: Ids, values: Ids, wanted: Ids) -> Ids:
    """The value of each wanted key, 0 where it is not there."""
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, values[at], 0)


def _level(keys: Ids, counts: Ids, vocab_size: int) -> _Level:
    contexts, first = np.unique(keys // vocab_size, return_index=True)
    totals = np.add.reduceat(counts, first)
    followers = np.diff(np.append(first, len(keys)))
    once, twice = int((counts == 1).sum()), int((counts == 2).sum())
    discount = once / (once + 2 * twice) if once else 0.5  # no token stands once: any discount between 0 and 1
    return _Level(keys, counts, contexts, totals, followers, min(discount, 0.95))


def probabilities(train: Ids, context: Ids, *, order: int, vocab_size: int) -> Floats:
    """p(w | context) of every w: (vocab_size,). For figures and tests; `losses` is what a run asks.

    >>> float(probabilities(np.array([0, 1, 2, 0, 1, 2]), np.array([0]), order=2, vocab_size=3).argmax())
    1.0
    """
    asked = np.column_stack([np.tile(context, (vocab_size, 1)), np.arange(vocab_size)])
    return _probabilities(_levels(train, order, vocab_size), asked, vocab_size)


def losses(train: Ids, held_out: Ids, vocab_size: int) -> tuple[float, float, float]:
    """Unigram, bigram and trigram loss in nats a token, of every token of `held_out` but the first."""
    return losses_at(train, held_out[None, :-1], held_out[None, 1:], vocab_size)


def losses_at(train: Ids, inputs: Ids, labels: Ids, vocab_size: int) -> tuple[float, float, float]:
    """The same of every label that is one (not negative): rows of inputs, and of the tokens that come after each."""
    before = np.concatenate([inputs[:, :1], inputs[:, :-1]], 1)  # the second token of a row has only one before it
    windows = np.stack([before, inputs, labels], -1)[labels >= 0]
    found = []
    for order in (1, 2, 3):
        likely = _probabilities(_levels(train, order, vocab_size), windows[:, 3 - order :], vocab_size)
        found.append(float(-np.log(likely).mean()))
    return found[0], found[1], found[2]


def _levels(train: Ids, order: int, vocab_size: int) -> list[_Level]:
    """From unigrams to `order`: the highest counts how often, the others after how many different tokens."""
    windows = np.lib.stride_tricks.sliding_window_view(train, order)
    keys, counts = np.unique(_joined(windows, vocab_size), return_counts=True)
    levels = [_level(keys, counts, vocab_size)]
    for shorter in range(order - 1, 0, -1):
        keys, counts = np.unique(keys % vocab_size**shorter, return_counts=True)
        levels.insert(0, _level(keys, counts, vocab_size))
    return levels


def _joined(windows: Ids, vocab_size: int) -> Ids:
    """Every row of ids as one number."""
    joined = np.zeros(len(windows), dtype=np.int64)
    for column in windows.T:
        joined = joined * vocab_size + column
    return joined


def _probabilities(levels: list[_Level], asked: Ids, vocab_size: int) -> Floats:
    """p of the last token of every row, given those before it."""
    likely = np.full(len(asked), 1 / vocab_size)
    for order, level in enumerate(levels, start=1):
        keys = _joined(asked[:, len(levels) - order :], vocab_size)
        share, below = level.share(keys, keys // vocab_size)
        likely = share + below * likely
    return likely
