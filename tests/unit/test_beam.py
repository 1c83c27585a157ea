"""Our beam search against transformers' for the three families, and the steps it shows."""

from pathlib import Path

import numpy as np
import pytest
import torch

from lib import engine
from lib.errors import PlaygroundError
from tests.tiny import make

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module", params=("gpt2", "llama", "qwen2"))
def tiny(request, tmp_path_factory):
    folder = make(request.param, tmp_path_factory.mktemp("beam") / request.param, layers=2, width=16, seed=11)
    loaded = engine.load(folder)
    yield loaded
    loaded.close()


@pytest.mark.parametrize("length_penalty", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("num_beams", [2, 3, 4, 5, 6, 7, 8])
def test_the_same_tokens_as_generate(tiny, num_beams: int, length_penalty: float) -> None:
    rng = np.random.default_rng(num_beams)
    for stops in ([2], [2, 9, 77, 130, 200]):
        ids = rng.integers(0, 300, 6).tolist()
        with torch.inference_mode():
            out = tiny.module.generate(torch.tensor([ids]), attention_mask=torch.ones(1, 6), max_new_tokens=16,
                                       do_sample=False, num_beams=num_beams, length_penalty=length_penalty,
                                       eos_token_id=stops, pad_token_id=0, return_dict_in_generate=True,
                                       output_scores=True)
        steps = list(tiny.beam(ids, num_beams=num_beams, length_penalty=length_penalty, max_new_tokens=16,
                               stop_ids=frozenset(stops)))
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


@pytest.mark.parametrize("knobs", [{"num_beams": 0}, {"num_beams": 99}, {"num_beams": 2, "max_new_tokens": 0},
                                   {"num_beams": 2, "length_penalty": float("nan")}])
def test_nonsense_is_explained(tiny, knobs: dict) -> None:
    with pytest.raises(PlaygroundError):
        tiny.beam([1, 2], **{"max_new_tokens": 4, **knobs})


def test_the_context_is_never_passed(tmp_path: Path) -> None:
    tiny = engine.load(make("gpt2", tmp_path / "m"))
    steps = list(tiny.beam([3] * 60, num_beams=2, max_new_tokens=50, stop_ids=frozenset()))
    assert len(steps) == 4
    with pytest.raises(PlaygroundError, match="64"):
        tiny.beam([3] * 64, num_beams=2, max_new_tokens=1)
    tiny.close()


def test_the_prompt_is_read_in_pieces_that_are_told(tiny, monkeypatch) -> None:
    whole = list(tiny.beam([3, 4, 5, 6, 7], num_beams=2, max_new_tokens=3))
    monkeypatch.setattr("lib.engine.local.CHUNK", 2)
    told: list[int] = []
    pieces = list(tiny.beam([3, 4, 5, 6, 7], num_beams=2, max_new_tokens=3, on_read=told.append))
    assert told == [2, 4, 5] and pieces[-1].best.ids == whole[-1].best.ids
