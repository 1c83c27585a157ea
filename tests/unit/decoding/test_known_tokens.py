"""From the 20 likeliest tokens of a server: what can be computed is what the whole vocabulary gives."""

import math

import numpy as np
import pytest

from lib.decoding.known_tokens import KnownTokens
from lib.engine import Alternative, Sampling, Step
from lib.engine.sampling import distribution, ranking, softmax
from lib.errors import PlaygroundError

LOGITS = np.random.default_rng(5).normal(0, 3, 400)
PROBS = softmax(LOGITS)


def known(count: int = 20) -> KnownTokens:
    """As a server sends them, in no order and with the drawn token twice."""
    ids = [int(i) for i in ranking(LOGITS)[:count]]
    given = tuple(Alternative(i, math.log(PROBS[i]), math.nan) for i in [*reversed(ids), ids[3]])
    return KnownTokens.of(Step(ids[3], 0.0, math.nan, given, 0.0), LOGITS.size)


def test_the_rest_is_what_is_missing_to_one() -> None:
    assert known().rest == pytest.approx(1 - np.sort(PROBS)[-20:].sum())
    assert known().probs[list(known().ids)] == pytest.approx(PROBS[list(known().ids)])


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(temperature=0),
        Sampling(top_k=20),
        Sampling(temperature=0.3, top_k=7),
        Sampling(temperature=1.7, top_k=12, top_p=0.8, min_p=0.05),
    ],
    ids=str,
)
def test_what_it_follows_equals_the_whole_vocabulary(sampling: Sampling) -> None:
    whole, here = distribution(LOGITS, **sampling.filters), known().after(sampling)
    assert here.probs == pytest.approx(whole.probs) and (here.kept == whole.kept).all()


@pytest.mark.parametrize(
    "sampling",
    [Sampling(), Sampling(top_p=0.5), Sampling(top_k=21), Sampling(top_k=5, repetition_penalty=1.2)],
    ids=str,
)
def test_what_the_rest_takes_part_in_is_refused(sampling: Sampling) -> None:
    assert not known().follows(sampling)
    with pytest.raises(PlaygroundError):
        known().after(sampling)


def test_no_log_probabilities_are_a_sentence() -> None:
    with pytest.raises(PlaygroundError, match="no log-probabilities"):
        KnownTokens.of(Step(1, math.nan, math.nan, (), 0.0), 400)
