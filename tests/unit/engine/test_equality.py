"""The engine against transformers on the same weights: logits, greedy tokens, alone and in company."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from lib.engine import Sampling
from lib.engine.batching.generation_request import ReadRequest, WantedRivals
from lib.engine.sampling import softmax
from tests.engines import load_here
from tests.tiny import make

FAMILIES = ("gpt2", "llama", "qwen2")
GREEDY = Sampling(temperature=0)
NEVER: frozenset[int] = frozenset()


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module", params=FAMILIES)
def tiny(request, tmp_path_factory):
    """A small model of each family, two layers, with grouped heads in Llama and Qwen2."""
    folder = make(request.param, tmp_path_factory.mktemp("deep") / request.param, layers=2, width=16, seed=3)
    loaded = load_here(folder)
    yield loaded
    loaded.close()


def reference(tiny, ids: list[int], tokens: int, **options) -> list[int]:
    """What transformers' own generate gives, without stop tokens."""
    with torch.inference_mode():
        out = tiny.module.generate(
            torch.tensor([ids]),
            attention_mask=torch.ones(1, len(ids)),
            max_new_tokens=tokens,
            do_sample=False,
            eos_token_id=None,
            pad_token_id=0,
            **options,
        )
    return out[0, len(ids) :].tolist()


def prompts(count: int, seed: int = 0) -> list[list[int]]:
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 300, int(rng.integers(1, 24))).tolist() for _ in range(count)]


def test_logits_at_every_position(tiny) -> None:
    ids = prompts(1, seed=5)[0] + [7, 8, 9]
    with torch.inference_mode():
        expected = tiny.module(torch.tensor([ids])).logits[0].numpy()
    for position in (0, 1, len(ids) - 1, -1, -2):
        got = tiny.logits(ids, position)
        assert got.dtype == np.float32 and got.shape == (300,)
        assert np.abs(got - expected[position]).max() < 1e-4


def test_scores_are_those_of_one_pass(tiny) -> None:
    ids = prompts(1, seed=6)[0] + [1, 2, 3]
    with torch.inference_mode():
        logprobs = torch.log_softmax(tiny.module(torch.tensor([ids])).logits[0], -1).numpy()
    scores = tiny.score(ids)
    assert scores.ids.tolist() == ids[1:]
    for index, token in enumerate(ids[1:]):
        row = logprobs[index]
        assert scores.logprobs[index] == pytest.approx(row[token], abs=1e-4)
        assert scores.ranks[index] == (row > row[token]).sum()
        assert scores.guesses[index] == row.argmax()
        assert scores.guess_probs[index] == pytest.approx(np.exp(row.max()), abs=1e-4)
        assert scores.entropies[index] == pytest.approx(-(np.exp(row) * row).sum(), abs=1e-3)
    assert tiny.score([5]).ids.size == 0


@pytest.mark.parametrize("length", [1, 4, 64])
def test_rivals_are_those_of_the_logits_at_every_temperature(tiny, length) -> None:
    ids, temperatures = [3 + i % 90 for i in range(length)], (0.2, 1.0, 2.0)
    found = tiny.rivals(ids, count=5, temperatures=temperatures)
    assert found.ids.shape == found.logits.shape == (length, 5)
    assert found.taken.shape == (length - 1,) and found.log_z.shape == (length, 3)
    for place in range(length):
        logits = tiny.logits(ids, place)
        assert found.ids[place].tolist() == np.argsort(-logits, kind="stable")[:5].tolist()
        for column, temperature in enumerate(temperatures):
            exact = softmax(logits, temperature)
            chances = np.exp(found.logits[place] / temperature - found.log_z[place, column])
            np.testing.assert_allclose(chances, exact[found.ids[place]], atol=1e-5)
            if place + 1 < length:
                chance = np.exp(found.taken[place] / temperature - found.log_z[place, column])
                assert chance == pytest.approx(exact[ids[place + 1]], abs=1e-5)


@pytest.mark.parametrize("start", [1, 50, 59])
def test_rivals_of_the_last_places_are_those_of_all(tiny, start) -> None:
    ids = [3 + i % 90 for i in range(60)]
    whole, part = (tiny.rivals(ids, count=4, temperatures=(0.5,), start=at) for at in (0, start))
    assert part.ids.tolist() == whole.ids[start:].tolist()
    np.testing.assert_allclose(part.taken, whole.taken[start:], atol=1e-5)
    np.testing.assert_allclose(part.log_z, whole.log_z[start:], atol=1e-5)


def test_a_reading_with_rivals_and_one_without_share_a_prompt(tiny) -> None:
    ids = [3 + i % 90 for i in range(40)]
    alone = tiny.score(ids)
    asked = ReadRequest(ids=ids, scored=True, rivals=WantedRivals(3, (1.0,)))
    with tiny.lock:
        running = [tiny.scheduler.submit(request) for request in (asked, ReadRequest(ids=ids, scored=True))]
    scored = [next(one) for one in running]
    found = asked.found_rivals()
    for one in scored:
        np.testing.assert_allclose(one.logprobs, alone.logprobs, atol=1e-5)
    np.testing.assert_allclose(found.taken - found.log_z[:-1, 0], alone.logprobs, atol=1e-5)


def test_greedy_equals_generate_alone(tiny) -> None:
    ids = [5, 40, 7]
    generation = tiny.generate(ids, sampling=GREEDY, max_new_tokens=61, stop_ids=NEVER)
    assert [step.id for step in generation] == reference(tiny, ids, 61)
    assert generation.finish_reason == "length" and generation.prompt_tokens == 3


def test_greedy_and_beam_equal_generate_in_a_mixed_batch_of_16(tiny) -> None:
    texts = prompts(16, seed=1)
    expected = [reference(tiny, ids, 12 + i) for i, ids in enumerate(texts)]
    beams = [reference(tiny, ids, 12, num_beams=4) for ids in texts[:3]]

    def beam(ids: list[int]) -> list[int]:
        return list(list(tiny.beam(ids, num_beams=4, max_new_tokens=12, stop_ids=NEVER))[-1].best.ids)

    noise = [
        tiny.generate(ids, sampling=Sampling(temperature=1.3), max_new_tokens=9, seed=i, stop_ids=NEVER)
        for i, ids in enumerate(texts[:5])
    ]
    running = [
        tiny.generate(ids, sampling=GREEDY, max_new_tokens=12 + i, stop_ids=NEVER) for i, ids in enumerate(texts)
    ]
    with ThreadPoolExecutor(3) as pool:
        searched = list(pool.map(beam, texts[:3]))
    assert [[step.id for step in generation] for generation in running] == expected
    assert searched == beams
    assert all(len(list(generation)) == 9 for generation in noise)


def test_repetition_penalty_is_transformers(tiny) -> None:
    ids = [5, 40, 7, 5]
    steps = tiny.generate(
        ids, sampling=Sampling(temperature=0, repetition_penalty=1.7), max_new_tokens=30, stop_ids=NEVER
    )
    assert [step.id for step in steps] == reference(tiny, ids, 30, repetition_penalty=1.7)


def test_a_long_prompt_in_chunks_gives_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lib.engine.batching.batch.PROMPT_TOKENS", 7)
    tiny = load_here(make("llama", tmp_path / "m", layers=2, width=16))
    texts = [p * 2 for p in prompts(6, seed=4)]
    running = [tiny.generate(ids, sampling=GREEDY, max_new_tokens=10, stop_ids=NEVER) for ids in texts]
    assert [[s.id for s in g] for g in running] == [reference(tiny, ids, 10) for ids in texts]
    tiny.close()


def test_short_and_long_texts_in_lanes_of_their_own(tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    from lib.engine.batching import length_buckets

    monkeypatch.setattr(length_buckets, "SHORTEST", 4)
    texts = [ids * times for times, ids in enumerate(prompts(5, seed=12), start=1) if len(ids) * times < 50]
    with tiny.lock:
        running = [tiny.generate(ids, sampling=GREEDY, max_new_tokens=9, stop_ids=NEVER) for ids in texts]
    next(running[0])
    assert {length_buckets.bucket_length(len(ids) + 9) for ids in texts} >= {16, 64}
    assert [[s.id for s in g] for g in running[1:]] == [reference(tiny, ids, 9) for ids in texts[1:]]


def test_a_model_whose_rows_cannot_share_a_batch_still_generates_the_same(tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, MistralConfig

    config = MistralConfig(
        vocab_size=300,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        sliding_window=8,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=64,
        initializer_range=0.5,
    )
    AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path / "m")
    tiny = load_here(tmp_path / "m")
    assert not tiny.scheduler.batch.batchable
    texts = prompts(3, seed=8)
    running = [tiny.generate(ids, sampling=GREEDY, max_new_tokens=20, stop_ids=NEVER) for ids in texts]
    assert [[s.id for s in g] for g in running] == [reference(tiny, ids, 20) for ids in texts]
    tiny.close()


@pytest.mark.embedded
def test_the_embedded_model_equals_transformers(embedded: str) -> None:
    real = load_here(embedded, dtype="float32")
    ids = [token.id for token in real.tokenizer.encode("Once upon a time")]
    with torch.inference_mode():
        expected = real.module(torch.tensor([ids])).logits[0, -1].numpy()
    assert np.abs(real.logits(ids) - expected).max() < 1e-4
    company = [real.generate(ids[: i + 1], sampling=Sampling(), max_new_tokens=20, seed=i) for i in range(3)]
    steps = list(real.generate(ids, sampling=GREEDY, max_new_tokens=64, stop_ids=NEVER))
    assert [step.id for step in steps] == reference(real, ids, 64)
    for generation in company:
        generation.close()
    real.close()
