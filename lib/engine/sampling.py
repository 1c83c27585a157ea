"""From logits to a choice, on the whole vocabulary: temperature, top-k, top-p, min-p, and the draw.

Pure numpy, one vector at a time; knows nothing of models. Filters come in the order in which `transformers` applies
them (temperature, top-k, top-p, min-p), each on the softmax of what the earlier ones left.
"""

import math
from dataclasses import dataclass, fields

import numpy as np

from lib.errors import PlaygroundError


class SamplingError(PlaygroundError):
    """A knob outside its range, or logits that are no distribution."""


@dataclass(frozen=True)
class Sampling:
    """The knobs of one request. `temperature` 0 is greedy; None switches a filter off."""

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    repetition_penalty: float = 1.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None and not math.isfinite(value):
                raise SamplingError(f"{field.name} must be a number, not {value}.")
        _check(self.temperature >= 0, f"Temperature must be 0 (greedy) or more, not {self.temperature}.")
        _check(self.top_k is None or (self.top_k >= 1 and int(self.top_k) == self.top_k),
               f"top_k counts tokens: it must be a whole number of at least 1, not {self.top_k}.")
        _check(self.top_p is None or 0 <= self.top_p <= 1,
               f"top_p is a probability: it must be between 0 and 1, not {self.top_p}.")
        _check(self.min_p is None or 0 <= self.min_p <= 1,
               f"min_p is a share of the best probability: it must be between 0 and 1, not {self.min_p}.")
        _check(self.repetition_penalty > 0, f"The repetition penalty must be above 0, not {self.repetition_penalty}.")


@dataclass(frozen=True)
class Distribution:
    """The next-token distribution after the filters."""

    probs: np.ndarray  # float64 (V,), sums to 1, 0 where dropped
    kept: np.ndarray  # bool (V,)
    entropy: float  # nats


def _check(condition: bool, message: str) -> None:
    if not condition:
        raise SamplingError(message)


def softmax(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """exp(l/T) / sum exp(l/T) in float64, shape (V,). Temperature 0 puts everything on the first largest logit.

    >>> softmax(np.array([0.0, 0.0])).tolist()
    [0.5, 0.5]
    """
    logits = np.asarray(logits, dtype=np.float64)
    _check(logits.ndim == 1 and logits.size > 0, "There are no logits to choose from.")
    _check(not np.isnan(logits).any() and not np.isposinf(logits).any() and np.isfinite(logits).any(),
           "The model gave logits that are not numbers, so there is no distribution to show.")
    if temperature == 0:
        probs = np.zeros_like(logits)
        probs[int(logits.argmax())] = 1.0
        return probs
    shifted = np.exp((logits - logits.max()) / temperature)
    return shifted / shifted.sum()


def distribution(
    logits: np.ndarray,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float | None = None,
) -> Distribution:
    """Temperature, then top-k, top-p and min-p, each on what is left; at least one token always stays.

    Ties: top-k keeps every token that ties with the k-th; top-p drops from the least likely up while the dropped mass
    stays within 1 - top_p, lower ids going last among equals. Raises SamplingError on NaN, +inf or knobs out of range.
    """
    knobs = Sampling(temperature=temperature, top_k=top_k, top_p=top_p, min_p=min_p)
    probs = softmax(logits, temperature)
    if temperature == 0:
        return Distribution(probs, probs > 0, 0.0)
    kept = np.asarray(logits, dtype=np.float64) > -np.inf
    if knobs.top_k is not None and knobs.top_k < probs.size:
        kept &= np.asarray(logits) >= np.partition(np.asarray(logits), -knobs.top_k)[-knobs.top_k]
        probs = _renormalise(probs, kept)
    if knobs.top_p is not None and knobs.top_p < 1:
        order = np.argsort(-probs, kind="stable")[::-1]  # least likely first; among equals higher ids first
        drop = np.cumsum(probs[order]) <= 1 - knobs.top_p
        drop[-1] = False
        kept[order[drop]] = False
        probs = _renormalise(probs, kept)
    if knobs.min_p is not None:
        kept &= probs >= knobs.min_p * probs.max()
        probs = _renormalise(probs, kept)
    return Distribution(probs, kept, entropy(probs))


def _renormalise(probs: np.ndarray, kept: np.ndarray) -> np.ndarray:
    probs = np.where(kept, probs, 0.0)
    return probs / probs.sum()


def entropy(probs: np.ndarray) -> float:
    """-sum p ln p, in nats. exp(entropy) is the effective number of choices (the perplexity).

    >>> round(entropy(np.array([0.5, 0.5])), 4)
    0.6931
    """
    positive = probs[probs > 0]
    return float(-(positive * np.log(positive)).sum())


def draw(probs: np.ndarray, rng: np.random.Generator, size: int = 1) -> np.ndarray:
    """`size` token ids drawn from `probs` by inverting its cumulative sum; ids of probability 0 never come out."""
    positive = np.flatnonzero(probs)
    cumulative = np.cumsum(probs[positive])
    index = np.searchsorted(cumulative, rng.random(size) * cumulative[-1], side="right")
    return positive[np.minimum(index, positive.size - 1)]
