"""What loops and what rambles, as numbers: repetition, likelihood, and where texts part.

Pure functions on token ids and log-probabilities (natural logarithms); know nothing of models, figures or Streamlit.
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass


def distinct_n(ids: Sequence[Hashable], n: int) -> float | None:
    """Share of n-grams that are different (Li et al. 2016, arXiv:1510.03055); None if the text is shorter than n.

    >>> distinct_n([1, 2, 1, 2, 1], 2), distinct_n([1, 2, 3], 2), distinct_n([1], 2)
    (0.5, 1.0, None)
    """
    grams = [tuple(ids[i : i + n]) for i in range(len(ids) - n + 1)]
    return len(set(grams)) / len(grams) if grams else None


@dataclass(frozen=True)
class Repeat:
    """A run of `length` tokens that stands at `first` and again, without overlap, at `second`; 0 if there is none."""

    length: int
    first: int = 0
    second: int = 0


def longest_repeat(ids: Sequence[Hashable]) -> Repeat:
    """The longest run of tokens that occurs twice without overlapping itself.

    >>> longest_repeat([7, 1, 2, 3, 9, 1, 2, 3])
    Repeat(length=3, first=1, second=5)
    >>> longest_repeat([1, 2, 1, 2, 1, 2]).length, longest_repeat([1, 2, 3]).length
    (2, 0)
    """
    low, high, best = 0, len(ids) // 2, Repeat(0)
    while low < high:  # a repeat of length L contains one of length L - 1, so bisection finds the longest
        middle = (low + high + 1) // 2
        found = _repeat_of(ids, middle)
        if found:
            low, best = middle, found
        else:
            high = middle - 1
    return best


def _repeat_of(ids: Sequence[Hashable], length: int) -> Repeat | None:
    seen: dict[tuple[Hashable, ...], int] = {}
    for start in range(len(ids) - length + 1):
        first = seen.setdefault(tuple(ids[start : start + length]), start)
        if start - first >= length:
            return Repeat(length, first, start)
    return None


def sequence_logprob(logprobs: Sequence[float]) -> float:
    """ln p(text | prompt): the sum of the tokens' log-probabilities.

    >>> round(sequence_logprob([math.log(0.5), math.log(0.5)]), 3)
    -1.386
    """
    return math.fsum(logprobs)


def perplexity(logprobs: Sequence[float]) -> float | None:
    """exp(-mean log-probability): among how many equally likely tokens the model felt it was choosing. None if empty
    or where one is NaN.

    >>> round(perplexity([math.log(0.25)] * 3), 6), perplexity([])
    (4.0, None)
    """
    if not logprobs or any(map(math.isnan, logprobs)):  # a server that gives none
        return None
    mean = -math.fsum(logprobs) / len(logprobs)
    return math.exp(mean) if mean < 700 else math.inf


def first_divergence(one: Sequence[Hashable], other: Sequence[Hashable]) -> int | None:
    """Index of the first token in which two texts differ; None while one is only the beginning of the other.

    >>> first_divergence([1, 2, 3], [1, 2, 4]), first_divergence([1, 2], [1, 2, 3])
    (2, None)
    """
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)


def parting(texts: Sequence[Sequence[Hashable]]) -> int | None:
    """Index of the first token in which not all texts agree, None if they never part.

    >>> parting([[1, 2, 3], [1, 2, 4], [1, 2, 3]]), parting([[1], [1, 2]]), parting([[1], [1, 2], [1, 3]])
    (2, None, 1)
    """
    for place in range(max(map(len, texts), default=0)):
        if len({text[place] for text in texts if len(text) > place}) > 1:
            return place
    return None


def agreement(texts: Sequence[Sequence[Hashable]]) -> list[tuple[int, float]]:
    """How texts spread: per position the number of different beginnings and the share of pairs that still agree.

    Position t looks at the first t + 1 tokens; a text that has ended counts as what it is. Needs two texts or more.

    >>> agreement([[1, 2], [1, 3], [1, 2]])
    [(1, 1.0), (2, 0.3333333333333333)]
    """
    pairs = len(texts) * (len(texts) - 1) / 2
    rows = []
    for t in range(max(map(len, texts), default=0)):
        counts: dict[tuple[Hashable, ...], int] = {}
        for text in texts:
            beginning = tuple(text[: t + 1])
            counts[beginning] = counts.get(beginning, 0) + 1
        same = sum(c * (c - 1) / 2 for c in counts.values())
        rows.append((len(counts), same / pairs if pairs else 1.0))
    return rows
