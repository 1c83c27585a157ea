"""Our beam search against transformers' for the three families, and the steps it shows."""

from pathlib import Path

import numpy as np
import pytest
import torch

from lib import engine
from lib.engine import BeamSearch, Generation
from lib.engine.running_request import Inbox, Progress
from lib.errors import PlaygroundError
from tests.engines import load_here
from tests.tiny import make, make_sliding
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module", params=("gpt2", "llama", "qwen2"))
def tiny(request, tmp_path_factory):
    folder = make(request.param, tmp_path_factory.mktemp("beam") / request.param, layers=2, width=16, seed=11)
    loaded = load_here(folder)
    yield loaded
    loaded.close()


@pytest.mark.parametrize("length_penalty", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("num_beams", [2, 3, 4, 5, 6, 7, 8])
def test_the_same_tokens_as_generate(tiny, num_beams: int, length_penalty: float) -> None:
    rng = np.random.default_rng(num_beams)
    for stops in ([2], [2, 9, 77, 130, 200]):
        ids = rng.integers(0, 300, 6).tolist()
        with torch.inference_mode():
            out = tiny.module.generate(
                torch.tensor([ids]),
                attention_mask=torch.ones(1, 6),
                max_new_tokens=16,
                do_sample=False,
                num_beams=num_beams,
                length_penalty=length_penalty,
                eos_token_id=stops,
                pad_token_id=0,
                return_dict_in_generate=True,
                output_scores=True,
            )
        steps = list(
            tiny.beam(
                ids, num_beams=num_beams, length_penalty=length_penalty, max_new_tokens=16, stop_ids=frozenset(stops)
            )
        )
        assert list(steps[-1].best.ids) == out.sequences[0, 6:].tolist()
        assert steps[-1].best.score == pytest.approx(out.sequences_scores[0].item(), abs=1e-4)


def test_steps_tell_the_whole_story(tiny) -> None:
    steps = list(tiny.beam([5, 6, 7], num_beams=3, max_new_tokens=8, stop_ids=frozenset([2])))
    assert [step.index for step in steps] == list(range(len(steps))) and steps[-1].done
    before = ((),)
    for step in steps:
        totals = [candidate.total for candidate in step.candidates]
        assert len(totals) == 6 and totals == sorted(totals, reverse=True)
        kept = [(*before[c.parent], c.id) for c in step.candidates if c.kept]
        assert [beam.ids for beam in step.beams] == kept
        for candidate in step.candidates:
            assert candidate.score == pytest.approx(candidate.total / (step.index + 1), rel=1e-5)
        assert [h.score for h in step.finished] == sorted((h.score for h in step.finished), reverse=True)
        before = tuple(beam.ids for beam in step.beams)


def test_totals_are_the_models_log_probabilities(tiny) -> None:
    best = list(tiny.beam([5, 6, 7], num_beams=4, max_new_tokens=6, stop_ids=frozenset()))[-1].best
    assert tiny.score([5, 6, 7, *best.ids]).logprobs[2:].sum() == pytest.approx(best.total, abs=1e-3)


def test_one_beam_is_greedy(tiny) -> None:
    steps = list(tiny.beam([5, 6], num_beams=1, max_new_tokens=10, stop_ids=frozenset()))
    greedy = tiny.generate([5, 6], sampling=engine.Sampling(temperature=0), max_new_tokens=10, stop_ids=frozenset())
    assert list(steps[-1].best.ids) == [step.id for step in greedy]


@pytest.mark.parametrize(
    "knobs",
    [
        {"num_beams": 0},
        {"num_beams": 99},
        {"num_beams": 2, "max_new_tokens": 0},
        {"num_beams": 2, "length_penalty": float("nan")},
    ],
)
def test_nonsense_is_explained(tiny, knobs: dict) -> None:
    with pytest.raises(PlaygroundError):
        tiny.beam([1, 2], **{"max_new_tokens": 4, **knobs})


def test_the_context_is_never_passed(tmp_path: Path) -> None:
    tiny = load_here(make("gpt2", tmp_path / "m"))
    steps = list(tiny.beam([3] * 60, num_beams=2, max_new_tokens=50, stop_ids=frozenset()))
    assert len(steps) == 4
    with pytest.raises(PlaygroundError, match="64"):
        tiny.beam([3] * 64, num_beams=2, max_new_tokens=1)
    tiny.close()


def test_the_prompt_is_read_in_pieces_and_the_page_sees_how_far(tiny, monkeypatch) -> None:
    whole = list(tiny.beam([3, 4, 5, 6, 7], num_beams=2, max_new_tokens=3))
    monkeypatch.setattr("lib.engine.batching.batch.PROMPT_TOKENS", 1)  # twice as many while nobody waits for a token
    told: list[Progress] = []
    tell = Inbox.tell
    monkeypatch.setattr(Inbox, "tell", lambda inbox, progress: (told.append(progress), tell(inbox, progress)))
    running = tiny.beam([3, 4, 5, 6, 7], num_beams=2, max_new_tokens=3)
    assert list(running)[-1].best.ids == whole[-1].best.ids
    assert {2, 4} <= {progress.read for progress in told} and running.prompt_share == 1
    assert running.finish_reason in {"stop", "length"}


def test_searches_and_texts_share_their_passes_and_come_out_as_alone(tiny, monkeypatch) -> None:
    prompts, never = [[5, 6, 7], [9], [3, 4, 5, 6, 7, 8, 9], [5, 6, 7]], frozenset[int]()

    def ask(number: int) -> BeamSearch:
        return tiny.beam(prompts[number], num_beams=2 + number, max_new_tokens=9, stop_ids=never)

    def write(number: int) -> Generation:
        return tiny.generate(prompts[number], sampling=engine.Sampling(temperature=0), max_new_tokens=9, stop_ids=never)

    alone = [(list(ask(n))[-1].best.ids, [step.id for step in write(n)]) for n in range(4)]
    passes: list[int] = []
    kept = tiny.scheduler.batch.logits
    monkeypatch.setattr(
        tiny.scheduler.batch, "logits", lambda parts: passes.append(sum(len(p.ids) for p in parts)) or kept(parts)
    )
    with tiny.lock:
        running = [(ask(n), write(n)) for n in range(4)]
    assert [(list(search)[-1].best.ids, [step.id for step in text]) for search, text in running] == alone
    assert len(passes) == 9 and passes[0] == 3 + 1 + 7  # two of the prompts are one
    assert passes[1:] == [2 + 3 + 4 + 5 + 4] * 8


def test_a_search_waits_in_the_queue_holds_a_slot_and_gives_it_back(tiny, monkeypatch) -> None:
    monkeypatch.setattr(tiny.scheduler, "slots", 1)
    with tiny.lock:
        first, second, third = (tiny.beam([5, 6, n], num_beams=3, max_new_tokens=20) for n in range(3))
        assert third.queue_position - second.queue_position == 1
        second.close()
    assert list(second) == [] and second.finish_reason == "cancelled"
    next(first)
    assert tiny.scheduler.in_work == 1
    first.close()
    assert len(list(third)) >= 1 and third.queue_position == 0
    assert until(lambda: tiny.scheduler.in_work == 0 and not tiny.scheduler.batch.searches)


def test_logits_that_are_no_numbers_end_the_search_alone(tiny, monkeypatch) -> None:
    kept, text = tiny.scheduler.batch.logits, [1, 2, 3]

    def broken(parts):
        return [torch.full_like(got, torch.nan) if got.shape[0] == 2 else got for got in kept(parts)]

    monkeypatch.setattr(tiny.scheduler.batch, "logits", broken)
    with tiny.lock:
        search = tiny.beam(text, num_beams=2, max_new_tokens=5)
        beside = tiny.generate(text, sampling=engine.Sampling(), max_new_tokens=5, stop_ids=frozenset())
    assert next(search).index == 0
    with pytest.raises(engine.SamplingError, match="not numbers"):
        next(search)
    assert len(list(beside)) == 5


def test_a_search_in_a_model_whose_rows_share_no_batch(tmp_path: Path) -> None:
    sliding = load_here(make_sliding(tmp_path / "m", initializer_range=0.3))
    ids = list(range(3, 23))
    with sliding.lock:
        search = sliding.beam(ids, num_beams=3, max_new_tokens=12, stop_ids=frozenset())
        beside = sliding.generate(ids, sampling=engine.Sampling(temperature=0), max_new_tokens=12, stop_ids=frozenset())
    with torch.inference_mode():
        out = sliding.module.generate(
            torch.tensor([ids]),
            attention_mask=torch.ones(1, 20),
            max_new_tokens=12,
            do_sample=False,
            num_beams=3,
            eos_token_id=None,
            pad_token_id=0,
        )
        greedy = sliding.module.generate(
            torch.tensor([ids]),
            attention_mask=torch.ones(1, 20),
            max_new_tokens=12,
            do_sample=False,
            eos_token_id=None,
            pad_token_id=0,
        )
    assert list(list(search)[-1].best.ids) == out[0, 20:].tolist()
    assert [step.id for step in beside] == greedy[0, 20:].tolist()
    sliding.close()
