"""What the batch draws follows `lib.engine.sampling.distribution`, row by row."""

import numpy as np
import pytest
import torch

from lib.engine import Sampling, SamplingError
from lib.engine.batching.sampler import BatchSampler, filtered, largest
from lib.engine.sampling import distribution, penalise, softmax
from tests.engines import load_here

KNOBS = [
    Sampling(),
    Sampling(temperature=0),
    Sampling(temperature=0.7, top_k=5),
    Sampling(top_k=40, top_p=0.8),
    Sampling(top_k=300),
    Sampling(top_k=10_000),
    Sampling(top_p=0.5),
    Sampling(top_p=0.0),
    Sampling(top_p=0.999),
    Sampling(temperature=50, top_p=0.9),
    Sampling(top_p=0.9, min_p=0.05),
    Sampling(temperature=1.6, min_p=0.1),
    Sampling(min_p=1.0),
    Sampling(temperature=0.01, min_p=0.3),
]


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def tiny(tiny_models):
    loaded = load_here(tiny_models["llama"])
    yield loaded
    loaded.close()


def everywhere(ids: np.ndarray | None, probs: np.ndarray, size: int) -> np.ndarray:
    full = np.zeros(size)
    full[slice(None) if ids is None else ids] = probs
    return full


@pytest.mark.parametrize("knobs", KNOBS, ids=str)
def test_candidates_are_the_distribution(knobs: Sampling) -> None:
    rng = np.random.default_rng(1)
    smooth, peaked, tied = rng.normal(0, 1, 5000), rng.normal(0, 6, 5000), rng.integers(0, 9, 5000)
    for logits in (values.astype(np.float32) for values in (smooth, peaked, tied)):
        expected = distribution(
            logits, temperature=knobs.temperature, top_k=knobs.top_k, top_p=knobs.top_p, min_p=knobs.min_p
        ).probs
        assert np.abs(everywhere(*filtered(logits, knobs), 5000) - expected).max() < 1e-12


def test_a_choice_tells_the_raw_and_the_filtered_probability() -> None:
    logits = torch.randn(3, 400, generator=torch.Generator().manual_seed(0)) * 3
    sampler, sampling = BatchSampler(logits, 6), Sampling(temperature=0.8, top_k=4)
    for row in range(3):
        choice = sampler.sample(row, sampling, (), np.random.default_rng(row), 6)
        raw = logits[row].numpy()
        expected = distribution(raw, temperature=0.8, top_k=4).probs
        assert choice.prob == pytest.approx(expected[choice.id]) and choice.prob > 0
        assert choice.logprob == pytest.approx(np.log(softmax(raw)[choice.id]), abs=1e-5)
        assert [a.id for a in choice.alternatives] == np.argsort(-raw)[:6].tolist()
        for other in choice.alternatives:
            assert other.prob == pytest.approx(expected[other.id])
            assert other.logprob == pytest.approx(np.log(softmax(raw)[other.id]), abs=1e-5)


@pytest.mark.parametrize(("size", "count"), [(50_257, 8), (32_769, 8), (32_768, 8), (4_097, 1), (400, 6), (3, 3)])
@pytest.mark.parametrize("spread", ["mixed", "crowded", "rising", "outlawed"])
def test_the_largest_are_those_of_topk(size: int, count: int, spread: str) -> None:
    logits = torch.randn(3, size, generator=torch.Generator().manual_seed(size))
    if spread == "crowded":
        logits[:, -count:] += 50  # all in one block, or after the last whole one
    elif spread == "rising":
        logits = logits.sort().values
    elif spread == "outlawed":
        logits[:, count // 2 :] = -torch.inf
    values, ids = largest(logits, count)
    assert torch.equal(values, logits.topk(count).values) and torch.equal(values, logits.gather(1, ids))
    assert all(len(set(row)) == count for row in ids.tolist())


@pytest.mark.parametrize(
    "knobs",
    [
        Sampling(temperature=1.2),
        Sampling(top_k=12),
        Sampling(top_p=0.7),
        Sampling(min_p=0.2),
        Sampling(repetition_penalty=1.8),
    ],
    ids=str,
)
def test_first_tokens_are_drawn_from_the_distribution(tiny, knobs: Sampling) -> None:
    """First tokens of many seeds, in batches of 16, against the distribution: the chi-square statistic is ordinary."""
    ids, count = [5, 9, 33], 1200
    logits = penalise(tiny.logits(ids), ids, knobs.repetition_penalty)
    expected = (
        count
        * distribution(
            logits, temperature=knobs.temperature, top_k=knobs.top_k, top_p=knobs.top_p, min_p=knobs.min_p
        ).probs
    )
    drawn = np.zeros(expected.size)
    for generation in [
        tiny.generate(ids, sampling=knobs, max_new_tokens=1, seed=seed, alternatives=0) for seed in range(count)
    ]:
        drawn[next(generation).id] += 1
    assert drawn[expected == 0].sum() == 0
    often = expected >= 5
    cells = np.append(expected[often], max(expected[~often].sum(), 1e-9))
    seen = np.append(drawn[often], drawn[~often].sum())
    statistic, freedom = float(((seen - cells) ** 2 / np.maximum(cells, 1)).sum()), len(cells) - 1
    assert statistic < freedom + 5 * np.sqrt(2 * freedom)  # five standard deviations: the seeds are fixed


def test_a_seed_gives_the_same_text_alone_and_in_company(tiny) -> None:
    def text(seed: int) -> list[int]:
        return [s.id for s in tiny.generate([5, 6], sampling=Sampling(top_p=0.95), max_new_tokens=25, seed=seed)]

    alone = text(7)
    others = [tiny.generate([9] * (i + 1), sampling=Sampling(), max_new_tokens=30, seed=i) for i in range(15)]
    assert text(7) == alone != text(8)
    for generation in others:
        generation.close()


def test_numbers_that_are_no_distribution_are_explained() -> None:
    sampler = BatchSampler(torch.full((1, 10), float("nan")), 3)
    with pytest.raises(SamplingError):
        sampler.sample(0, Sampling(), (), np.random.default_rng(0), 3)


def test_penalise_is_transformers() -> None:
    from transformers import RepetitionPenaltyLogitsProcessor

    logits = torch.randn(1, 50, generator=torch.Generator().manual_seed(2))
    ids = torch.tensor([[3, 3, 9, 20]])
    expected = RepetitionPenaltyLogitsProcessor(1.4)(ids, logits.clone())[0].numpy()
    assert np.allclose(penalise(logits[0].numpy(), ids[0].tolist(), 1.4), expected)
