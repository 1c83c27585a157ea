"""How good stated probabilities were: log score, Brier score, calibration.

A student spreads 100 points over the options of a question, at least one on each. Points are per cent, so nothing has
to be smoothed before it is scored: no stated probability is 0, and no surprise is infinite. Both scores are strictly
proper (Gneiting and Raftery 2007, "Strictly Proper Scoring Rules, Prediction, and Estimation"): nobody can expect a
better one by stating something else than what they believe.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lib.errors import PlaygroundError

TOTAL = 100  # points that are spread over the options of one question
LEAST = 1  # on every option
BINS = 5  # of equal width: 0 to 20 %, …, 80 to 100 %

Points = tuple[int, ...]


class AnswerError(PlaygroundError):
    """An answer that does not fit its question."""


def checked_points(points: object, options: int) -> Points:
    """Points as they came from a browser. Raises AnswerError unless they are 100 in all and 1 or more on each option.

    >>> checked_points([60, 39, 1], 3)
    (60, 39, 1)
    """
    if not isinstance(points, list | tuple) or len(points) != options:
        raise AnswerError(f"An answer needs points on each of the {options} options.")
    if not all(type(value) is int and LEAST <= value <= TOTAL for value in points) or sum(points) != TOTAL:
        raise AnswerError(f"The points must be whole numbers, at least {LEAST} on each option and {TOTAL} in all.")
    return tuple(points)


def surprise(probability: float) -> float:
    """The log score (Good 1952) in bits, -log2 of the probability that was given to what came: 0 is best.

    >>> surprise(0.5), surprise(0.25)
    (1.0, 2.0)
    """
    return math.inf if probability <= 0 else abs(math.log2(probability))  # abs: no "-0" for a sure thing that came


def won(points: Points, answer: int) -> float:
    """Bits by which an answer is less surprised than even points would be: log2(options) - surprise; may be negative.

    Sums are fair to whoever missed a question: no answer is worth 0, which is what even points are.

    >>> won((50, 25, 24, 1), 0), won((50, 25, 24, 1), 1)
    (1.0, 0.0)
    """
    return math.log2(len(points)) - surprise(points[answer] / TOTAL)


def brier(probabilities: Sequence[float], answer: int) -> float:
    """Brier's score in his own form (Brier 1950): the squared distances of all options to what came; 0 best, 2 worst.

    >>> brier((0.5, 0.3, 0.2), 0)
    0.38
    """
    return round(sum((p - (i == answer)) ** 2 for i, p in enumerate(probabilities)), 12)


def mean_points(answers: Sequence[Points]) -> tuple[float, ...]:
    """The class's probabilities, the mean of all answers option by option (a linear opinion pool, Stone 1961).

    Its log score is never worse than the mean of the students' log scores (-log2 is convex: Jensen's inequality).

    >>> mean_points([(60, 40), (20, 80)])
    (0.4, 0.6)
    """
    return tuple(sum(column) / (TOTAL * len(answers)) for column in zip(*answers, strict=True))


@dataclass(frozen=True)
class Bin:
    """All stated probabilities above `low` and up to `high`: how many, their mean, and the share that came true."""

    low: float
    high: float
    count: int
    stated: float
    came: float


@dataclass(frozen=True)
class Calibration:
    """Bins that hold something, lowest first, and `error`: the expected calibration error, 0 to 1."""

    bins: tuple[Bin, ...]
    error: float
    count: int


def calibration(answers: Iterable[tuple[Points, int]]) -> Calibration:
    """Stated probabilities against what came, over every option of every answered question.

    An option that got 70 points is one statement of 70 %, true if it was the one that came. Statements are sorted into
    five bins of equal width, and `error` is the mean distance of stated and true over the bins, weighted by how many
    are in each (Naeini et al. 2015; over all options as in Kull et al. 2019, not over the highest alone).

    >>> found = calibration([((80, 10, 10), 0), ((80, 10, 10), 1)])
    >>> [(b.low, b.high, b.count, round(b.stated, 2), b.came) for b in found.bins], round(found.error, 3)
    ([(0.0, 0.2, 4, 0.1, 0.25), (0.6, 0.8, 2, 0.8, 0.5)], 0.2)
    """
    inside: list[list[tuple[int, bool]]] = [[] for _ in range(BINS)]
    for points, answer in answers:
        for place, value in enumerate(points):
            inside[(value * BINS - 1) // TOTAL].append((value, place == answer))
    total = sum(map(len, inside))
    bins = tuple(
        Bin(
            low=index / BINS,
            high=(index + 1) / BINS,
            count=len(held),
            stated=sum(value for value, _ in held) / (TOTAL * len(held)),
            came=sum(true for _, true in held) / len(held),
        )
        for index, held in enumerate(inside)
        if held
    )
    error = sum(one.count * abs(one.stated - one.came) for one in bins) / total if total else 0.0
    return Calibration(bins, error, total)
