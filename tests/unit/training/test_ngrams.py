"""The baselines: interpolated Kneser-Ney in numpy against a slow plain definition."""

import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from lib.training import ngrams

VOCAB = 6


def text() -> np.ndarray:
    """Tokens with repetitions."""
    random = np.random.default_rng(0)
    return np.array([0, 1, 2, 0, 1, 3] * 5 + random.integers(VOCAB, size=80).tolist())


def plain(train: list[int], context: list[int], word: int) -> float:
    """The definition in the module's first lines, with dictionaries."""
    order = len(context) + 1
    counts = Counter[tuple[int, ...]](tuple(train[n : n + order]) for n in range(len(train) - order + 1))
    return interpolated(counts, tuple(context), word)


def interpolated(counts: Counter[tuple[int, ...]], context: tuple[int, ...], word: int) -> float:
    lower = Counter[tuple[int, ...]](gram[1:] for gram in counts)
    below = interpolated(lower, context[1:], word) if context else 1 / VOCAB
    once, twice = (sum(count == n for count in counts.values()) for n in (1, 2))
    discount = min(0.95, once / (once + 2 * twice)) if once else 0.5
    followers = {gram: count for gram, count in counts.items() if gram[:-1] == context}
    total = sum(followers.values())
    if not total:
        return below
    share = max(counts.get((*context, word), 0) - discount, 0) / total
    return share + discount * len(followers) / total * below


@pytest.mark.parametrize("context", [[], [1], [5], [0, 1], [5, 5], [3, 0]])
def test_probabilities_are_those_of_the_definition_and_sum_to_one(context: list[int]) -> None:
    train = text()
    found = ngrams.probabilities(train, np.array(context, dtype=int), order=len(context) + 1, vocab_size=VOCAB)
    assert found.sum() == pytest.approx(1)
    assert found.tolist() == pytest.approx([plain(train.tolist(), context, word) for word in range(VOCAB)])


def test_a_context_that_never_came_is_predicted_by_the_shorter_one() -> None:
    train = np.array([0, 1, 0, 1, 0, 2])
    unknown = ngrams.probabilities(train, np.array([5]), order=2, vocab_size=VOCAB)
    assert unknown.sum() == pytest.approx(1)
    assert unknown[4] == unknown[5] < unknown[0]


def test_losses_are_means_over_all_tokens_but_the_first() -> None:
    train, held_out = text(), np.array([0, 1, 2, 5, 0])
    unigram, bigram, trigram = ngrams.losses(train, held_out, VOCAB)
    plainly = [-math.log(plain(train.tolist(), [before], word)) for before, word in pairwise(held_out)]
    assert bigram == pytest.approx(np.mean(plainly))
    rows = held_out[None, :-1].repeat(2, 0), np.stack([held_out[1:], np.full(4, -100)])  # what is masked does not count
    assert ngrams.losses_at(train, *rows, VOCAB) == pytest.approx((unigram, bigram, trigram))
