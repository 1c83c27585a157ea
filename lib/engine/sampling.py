"""From logits to a choice, on the whole vocabulary: temperature, top-k, top-p, min-p, and the draw.

Pure numpy, one vector at a time; knows nothing of models. Filters come in the order in which `transformers` applies
them (temperature, top-k, top-p, min-p), each on the softmax of what the earlier ones left. Tie rules: `distribution`.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, Literal

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
        _check(
            self.top_k is None or (self.top_k >= 1 and int(self.top_k) == self.top_k),
            f"top_k counts tokens: it must be a whole number of at least 1, not {self.top_k}.",
        )
        _check(
            self.top_p is None or 0 <= self.top_p <= 1,
            f"top_p is a probability: it must be between 0 and 1, not {self.top_p}.",
        )
        _check(
            self.min_p is None or 0 <= self.min_p <= 1,
            f"min_p is a share of the best probability: it must be between 0 and 1, not {self.min_p}.",
        )
        _check(self.repetition_penalty > 0, f"The repetition penalty must be above 0, not {self.repetition_penalty}.")

    @property
    def filters(self) -> dict[str, Any]:
        """The keyword arguments of `distribution`: every knob but the penalty, which comes before it (`penalise`)."""
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name != "repetition_penalty"}


@dataclass(frozen=True)
class Distribution:
    """The next-token distribution after the filters."""

    probs: np.ndarray  # float64 (V,), sums to 1, 0 where dropped
    kept: np.ndarray  # bool (V,)
    entropy: float  # nats


@dataclass(frozen=True)
class Stage:
    """The distribution after one step of the pipeline (shapes (V,)); an unused filter repeats the one before it."""

    name: Literal["temperature", "top-k", "top-p", "min-p"]
    probs: np.ndarray  # float64, sums to 1, 0 where dropped
    kept: np.ndarray  # bool


def _check(condition: bool, message: str) -> None:
    if not condition:
        raise SamplingError(message)


def _checked(logits: np.ndarray) -> np.ndarray:
    logits = np.asarray(logits, dtype=np.float64)
    _check(logits.ndim == 1 and logits.size > 0, "There are no logits to choose from.")
    top = logits.max()  # NaN if any is NaN
    _check(bool(np.isfinite(top)), "The model gave logits that are not numbers, so there is no distribution to show.")
    return logits


def _scaled(logits: np.ndarray, temperature: float) -> np.ndarray:
    with np.errstate(over="ignore"):
        scaled = logits / temperature
        if np.isfinite(scaled.max()):
            return scaled
        return (logits - logits.max()) / temperature  # a temperature so small that l/T overflows


def softmax(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """exp(l/T) / sum exp(l/T) in float64, shape (V,). Temperature 0 puts everything on the first largest logit.

    >>> softmax(np.array([0.0, 0.0])).tolist()
    [0.5, 0.5]
    >>> softmax(np.array([1.0, 3.0, 3.0]), temperature=0).tolist()
    [0.0, 1.0, 0.0]
    """
    logits = _checked(logits)
    _check(temperature >= 0, f"Temperature must be 0 (greedy) or more, not {temperature}.")
    if temperature == 0:
        probs = np.zeros_like(logits)
        probs[int(logits.argmax())] = 1.0
        return probs
    scaled = _scaled(logits, temperature)
    shifted = np.exp(scaled - scaled.max())
    return shifted / shifted.sum()


def ranking(logits: np.ndarray) -> np.ndarray:
    """All ids, likeliest first, lower ids first among equals (int64 (V,)).

    Temperature never changes this order, and every filter keeps the beginning of it.

    >>> ranking(np.array([1.0, 5.0, 5.0, 3.0])).tolist()
    [1, 2, 3, 0]
    """
    return np.argsort(-np.asarray(logits, dtype=np.float64), kind="stable")


def stages(
    logits: np.ndarray,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float | None = None,
) -> tuple[Stage, Stage, Stage, Stage]:
    """The distribution after temperature, after top-k, after top-p and after min-p. See `distribution`."""
    knobs = Sampling(temperature=temperature, top_k=top_k, top_p=top_p, min_p=min_p)
    logits = _checked(logits)
    probs = softmax(logits, temperature)
    if temperature == 0:
        hot = probs > 0
        return (
            Stage("temperature", probs, hot),
            Stage("top-k", probs, hot),
            Stage("top-p", probs, hot),
            Stage("min-p", probs, hot),
        )
    scaled = _scaled(logits, temperature)
    kept = scaled > -np.inf
    first = Stage("temperature", probs, kept)
    if knobs.top_k is not None and knobs.top_k < probs.size:
        kept = kept & (scaled >= np.partition(scaled, -int(knobs.top_k))[-int(knobs.top_k)])
        probs = _renormalise(probs, kept)
    second = Stage("top-k", probs, kept)
    if knobs.top_p is not None and knobs.top_p < 1:
        kept = kept & _nucleus(scaled, probs, knobs.top_p)
        probs = _renormalise(probs, kept)
    third = Stage("top-p", probs, kept)
    if knobs.min_p:
        kept = kept & (probs >= knobs.min_p * probs.max())
        probs = _renormalise(probs, kept)
    return first, second, third, Stage("min-p", probs, kept)


def distribution(
    logits: np.ndarray,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float | None = None,
) -> Distribution:
    """Temperature, then top-k, top-p and min-p, each on what is left; at least one token always stays.

    The same as `transformers`' TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper and MinPLogitsWarper in this
    order, and as there `top_p=1`, `min_p=0` and a `top_k` of the vocabulary or more change nothing. Ties: top-k keeps
    every token that ties with the k-th; top-p drops from the least likely up while the dropped mass stays within
    1 - top_p and stops inside a group of equals, where the lower ids stay (which of them stays is undefined in
    `transformers`: torch.sort is not stable; how many stay is the same); min-p keeps what equals its threshold;
    temperature 0 takes the lowest id among the largest. Float64 throughout, where `transformers` uses the model's
    float32. Raises SamplingError on NaN, +inf, nothing but -inf, an empty vector, or knobs out of range.

    >>> distribution(np.log([0.5, 0.3, 0.2]), top_k=2).probs.round(3).tolist()
    [0.625, 0.375, 0.0]
    >>> distribution(np.log([0.5, 0.3, 0.2]), top_p=0.7).kept.tolist()
    [True, True, False]
    >>> distribution(np.log([0.5, 0.3, 0.2]), min_p=0.5).kept.tolist()
    [True, True, False]
    """
    last = stages(logits, temperature=temperature, top_k=top_k, top_p=top_p, min_p=min_p)[-1]
    return Distribution(last.probs, last.kept, entropy(last.probs))


_HEAD = 1024  # nearly every nucleus fits in it, and it is far cheaper to sort than a vocabulary


def _nucleus(scores: np.ndarray, probs: np.ndarray, top_p: float) -> np.ndarray:
    """Which tokens top-p keeps (bool (V,)): all but the longest tail, least likely first, of mass <= 1 - top_p.

    Sorted by score and not by probability, as different scores may round to the same probability.
    """
    head, tail = np.arange(probs.size), 0.0
    if probs.size > _HEAD:
        inside = scores >= np.partition(scores, -_HEAD)[-_HEAD]
        rest = float(probs[~inside].sum())
        if rest <= 1 - top_p:  # the whole rest is dropped; go on inside the head
            head, tail = np.flatnonzero(inside), rest
    order = head[np.argsort(-scores[head], kind="stable")[::-1]]  # least likely first; among equals higher ids first
    drop = tail + np.cumsum(probs[order]) <= 1 - top_p
    drop[-1] = False
    kept = np.zeros(probs.size, dtype=bool)
    kept[order[~drop]] = True
    return kept


def _renormalise(probs: np.ndarray, kept: np.ndarray) -> np.ndarray:
    probs = np.where(kept, probs, 0.0)
    return probs / probs.sum()


def entropy(probs: np.ndarray) -> float:
    """-sum p ln p, in nats. exp(entropy) is the effective number of choices (the perplexity).

    >>> round(entropy(np.array([0.5, 0.5])), 4)
    0.6931
    """
    positive = probs[probs > 0]
    return abs(float((positive * np.log(positive)).sum()))  # abs: no "-0" for a certain choice


def kl_divergence(p: np.ndarray, q: np.ndarray) -> float:
    """KL(p || q) = sum p ln(p/q) in nats: what one loses by believing q when p is true; inf where q rules out p.

    >>> round(kl_divergence(np.array([0.5, 0.5]), np.array([0.75, 0.25])), 4)
    0.1438
    >>> kl_divergence(np.array([0.5, 0.5]), np.array([1.0, 0.0]))
    inf
    """
    _check(p.shape == q.shape, "Two distributions can only be compared over the same vocabulary.")
    there = p > 0
    if (q[there] == 0).any():
        return math.inf
    return max(0.0, float((p[there] * (np.log(p[there]) - np.log(q[there]))).sum()))


def draw(probs: np.ndarray, rng: np.random.Generator, size: int = 1) -> np.ndarray:
    """`size` token ids drawn from `probs` by inverting its cumulative sum; ids of probability 0 never come out."""
    positive = np.flatnonzero(probs)
    cumulative = np.cumsum(probs[positive])
    index = np.searchsorted(cumulative, rng.random(size) * cumulative[-1], side="right")
    return positive[np.minimum(index, positive.size - 1)]


def penalise(logits: np.ndarray, seen: Iterable[int], penalty: float) -> np.ndarray:
    """Repetition penalty (Keskar et al. 2019, as in transformers): logits (V,) of tokens already in the text, prompt
    included, are divided by `penalty` if positive and multiplied by it if negative.

    >>> penalise(np.array([2.0, -2.0, 1.0]), {0, 1}, 2.0).tolist()
    [1.0, -4.0, 1.0]
    """
    if penalty == 1:
        return logits
    ids, out = np.fromiter(set(seen), dtype=np.int64), logits.copy()
    out[ids] = np.where(logits[ids] < 0, logits[ids] * penalty, logits[ids] / penalty)
    return out
