"""The distribution equals torch.softmax and transformers' warpers, on random and on nasty logits."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import (
    LogitsProcessorList,
    MinPLogitsWarper,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from lib.engine import sampling
from lib.engine.sampling import Sampling, SamplingError, distribution, draw, entropy, kl_divergence, ranking, softmax

# Few values make ties; -inf is what a masked logit looks like; float32 is what a model gives.
value = st.one_of(
    st.sampled_from([0.0, 1.0, 1.0, 2.0, -1.0, -math.inf]),
    st.floats(-40, 40, width=32),
    st.floats(-(2.0**100), 2.0**100, width=32),
)
logits = st.lists(value, min_size=1, max_size=40).filter(lambda v: max(v) > -math.inf).map(np.array)
temperature = st.one_of(st.sampled_from([0.2, 0.5, 0.7, 1.0, 1.5, 2.0]), st.floats(0.01, 2.0))
top_k = st.one_of(st.none(), st.integers(1, 60))
top_p = st.one_of(st.none(), st.sampled_from([0.0, 0.5, 0.9, 1.0]), st.floats(0, 1))
min_p = st.one_of(st.none(), st.sampled_from([0.0, 0.5, 1.0]), st.floats(0, 1))


def theirs(values: np.ndarray, t: float, k: int | None, p: float | None, m: float | None) -> torch.Tensor:
    """What transformers leaves, float64 (V,), -inf where dropped: the warpers in the order `generate` uses."""
    warpers = LogitsProcessorList([TemperatureLogitsWarper(float(t))])
    if k is not None:
        warpers.append(TopKLogitsWarper(k))
    if p is not None and p < 1:  # the condition under which `generate` adds it
        warpers.append(TopPLogitsWarper(p))
    if m is not None:
        warpers.append(MinPLogitsWarper(m))
    ids: Any = torch.zeros((1, 1), dtype=torch.long)
    scores: Any = torch.tensor(values, dtype=torch.float64)[None]
    return warpers(ids, scores)[0]


def on_the_edge(values: np.ndarray, t: float, k: int | None, p: float | None, m: float | None) -> bool:
    """Whether a threshold falls within rounding of a token's mass: only there may the last bit decide differently."""
    _, after_k, after_p, _ = sampling.stages(values, temperature=t, top_k=k, top_p=p, min_p=m)
    tail = np.cumsum(np.sort(after_k.probs))
    near_p = p is not None and p < 1 and bool((np.abs(tail - (1 - p)) < 1e-12).any())
    share = after_p.probs / after_p.probs.max()
    near_m = bool(m) and bool((np.abs(share - m) < 1e-12).any())
    return near_p or near_m


@settings(max_examples=400, deadline=None)
@given(logits, temperature, top_k, top_p, min_p)
def test_equal_to_transformers(values, t, k, p, m) -> None:
    ours = distribution(values, temperature=t, top_k=k, top_p=p, min_p=m)
    assert math.isclose(ours.probs.sum(), 1.0, abs_tol=1e-12)
    assert ours.kept.any() and not ours.probs[~ours.kept].any()
    if on_the_edge(values, t, k, p, m):
        return
    left = theirs(values, t, k, p, m)
    kept = torch.isfinite(left).numpy()
    # torch.sort is not stable, so *which* of several equal tokens stays is undefined there: compare how many of each.
    assert sorted(values[ours.kept]) == sorted(values[kept])
    assert np.allclose(sorted(ours.probs), sorted(torch.softmax(left, -1).numpy()), rtol=1e-9, atol=1e-14)
    if len(set(values)) == len(values):
        assert (ours.kept == kept).all()


@settings(max_examples=200, deadline=None)
@given(logits, temperature)
def test_softmax_is_torch_s_and_keeps_the_order(values, t) -> None:
    probs = softmax(values, t)
    assert np.allclose(probs, torch.softmax(torch.tensor(values, dtype=torch.float64) / t, -1).numpy(), rtol=1e-9)
    order = ranking(values)
    assert (np.diff(probs[order]) <= 0).all()
    assert list(values[order]) == sorted(values, reverse=True)


@settings(max_examples=200, deadline=None)
@given(logits, temperature, top_k, top_p, min_p)
def test_every_filter_keeps_a_beginning_of_the_ranking(values, t, k, p, m) -> None:
    order = ranking(values)
    for stage in sampling.stages(values, temperature=t, top_k=k, top_p=p, min_p=m):
        kept = stage.kept[order]
        assert kept[: kept.sum()].all()


@pytest.mark.parametrize("size", [50_257, 151_936])
@pytest.mark.parametrize(
    "knobs",
    [
        (1.0, None, 0.9, None),
        (1.5, None, 0.999, None),
        (0.7, 50, 0.95, 0.05),
        (2.0, None, 0.3, 0.01),
        (0.01, 5000, 0.99, None),
    ],
)
def test_equal_to_transformers_on_vocabularies_of_real_size(size, knobs) -> None:
    values = (np.random.default_rng(size).standard_normal(size) * 3).astype(np.float32)
    ours = distribution(values, temperature=knobs[0], top_k=knobs[1], top_p=knobs[2], min_p=knobs[3])
    left = theirs(values, *knobs)
    assert (ours.kept == torch.isfinite(left).numpy()).all()
    assert np.allclose(ours.probs, torch.softmax(left, -1).numpy(), rtol=1e-9)


def test_ties_are_decided_as_documented() -> None:
    flat = np.zeros(4)
    assert distribution(flat, top_k=2).kept.all()  # all tie with the second
    assert distribution(flat, top_p=0.5).kept.tolist() == [True, True, False, False]
    assert distribution(flat, min_p=1.0).kept.all()
    assert distribution(flat, temperature=0).kept.tolist() == [True, False, False, False]
    assert distribution(np.array([3.0, 1.0]), top_p=0.0).kept.tolist() == [True, False]


def test_many_ties_in_a_large_vocabulary() -> None:
    values = np.zeros(5000)
    values[4000] = 1.0
    kept = distribution(values, top_p=0.5).kept
    assert kept[4000] and kept[:2000].all() and not kept[4001:].any()


def test_one_token_and_minus_infinity() -> None:
    for knobs in ({}, {"temperature": 0}, {"top_k": 1}, {"top_p": 0.0}, {"min_p": 1.0}):
        assert distribution(np.array([-7.0]), **knobs).probs.tolist() == [1.0]
    masked = distribution(np.array([0.0, -math.inf, 0.0]), top_k=3, top_p=0.99)
    assert masked.probs.tolist() == [0.5, 0.0, 0.5] and masked.kept.tolist() == [True, False, True]


@pytest.mark.parametrize("bad", [[], [math.nan, 1.0], [math.inf, 1.0], [-math.inf, -math.inf]])
def test_logits_that_are_no_distribution_are_refused(bad) -> None:
    for t in (0, 1):
        with pytest.raises(SamplingError, match="logits"):
            distribution(np.array(bad), temperature=t)


@pytest.mark.parametrize(
    "knobs",
    [
        {"top_p": 2.0},
        {"top_p": -0.1},
        {"top_k": 0},
        {"top_k": 1.5},
        {"min_p": 1.1},
        {"temperature": -1},
        {"temperature": math.nan},
        {"repetition_penalty": 0},
    ],
)
def test_knobs_out_of_range_are_refused_with_a_sentence(knobs) -> None:
    with pytest.raises(SamplingError, match=r"must be .*\.$"):
        Sampling(**knobs)


def test_a_tiny_temperature_is_greedy_and_finite() -> None:
    probs = distribution(np.array([1.0, 2.0, -3.0]), temperature=1e-320).probs
    assert probs.tolist() == [0.0, 1.0, 0.0]


def test_entropy_and_kl_equal_torch() -> None:
    rng = np.random.default_rng(3)
    p, q = softmax(rng.standard_normal(1000)), softmax(rng.standard_normal(1000))
    assert math.isclose(entropy(p), float(torch.distributions.Categorical(torch.tensor(p)).entropy()), rel_tol=1e-12)
    torch_kl = torch.nn.functional.kl_div(torch.tensor(q).log(), torch.tensor(p), reduction="sum")
    assert math.isclose(kl_divergence(p, q), float(torch_kl), rel_tol=1e-9)
    assert kl_divergence(p, p) == 0


def test_draws_follow_the_distribution_and_the_seed() -> None:
    probs = distribution(np.array([2.0, 1.0, 0.0, -1.0]), top_k=3).probs
    ids = draw(probs, np.random.default_rng(5), 20_000)
    assert (ids == draw(probs, np.random.default_rng(5), 20_000)).all()
    assert 3 not in ids
    assert np.abs(np.bincount(ids, minlength=4) / ids.size - probs).max() < 0.015
