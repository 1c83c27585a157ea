"""The likeliest tokens of a vocabulary, and what temperature does to them, without sorting or keeping all of it.

The same numbers as `lib.engine.sampling` gives over the whole vocabulary; tests hold them together.
"""

from collections.abc import Sequence

import numpy as np

from lib.engine.sampling import softmax

_GONE = 60.0  # nats below the likeliest: e^-60 times a million tokens is less than float64 can add to 1


def likeliest_ids(scores: np.ndarray, count: int) -> np.ndarray:
    """The first `count` ids of `lib.engine.sampling.ranking(scores)`: likeliest first, lower ids first among equals.

    >>> likeliest_ids(np.array([1.0, 5.0, 5.0, 3.0]), 3).tolist()
    [1, 2, 3]
    """
    if count >= scores.size:
        candidates = np.arange(scores.size)
    else:
        candidates = np.flatnonzero(scores >= np.partition(scores, -count)[-count])  # ties with the last one too
    order = np.argsort(-scores[candidates].astype(np.float64), kind="stable")
    return np.asarray(candidates[order[:count]])


def probs_by_temperature(
    logits: np.ndarray, ids: np.ndarray, temperatures: Sequence[float]
) -> tuple[np.ndarray, np.ndarray]:
    """Softmax of `ids` and entropy in nats over the whole vocabulary: float64 (temperatures, ids), (temperatures,).

    A temperature only rescales the distances to the likeliest token. They are sorted once, so that for each one the
    tokens that float64 cannot add to the sum any more are a tail that is left out.

    >>> probs, nats = probs_by_temperature(np.log([0.5, 0.25, 0.25]), np.array([0, 2]), (0.0, 1.0))
    >>> probs.round(6).tolist(), (nats / np.log(2)).round(6).tolist()
    ([[1.0, 0.0], [0.5, 0.25]], [0.0, 1.5])
    """
    logits = np.asarray(logits, dtype=np.float64)
    softmax(logits[[int(logits.argmax())]])  # raises SamplingError where logits are no numbers: argmax finds them first
    behind = np.sort(logits.max() - logits)  # 0 first; nats by which a token lies behind the likeliest
    mine = logits.max() - logits[ids]
    scaled, weights = np.empty_like(behind), np.empty_like(behind)
    probs, nats = np.zeros((len(temperatures), len(ids))), np.zeros(len(temperatures))
    for row, temperature in enumerate(temperatures):
        if temperature == 0:
            probs[row] = ids == logits.argmax()
            continue
        count = int(np.searchsorted(behind, _GONE * temperature, side="right"))
        near = np.multiply(behind[:count], -1 / temperature, out=scaled[:count])
        share = np.exp(near, out=weights[:count])
        total = share.sum()
        probs[row] = np.exp(mine / -temperature) / total
        nats[row] = abs(np.log(total) - np.einsum("i,i->", share, near) / total)  # abs: no "-0" for a certain choice
    return probs, nats
