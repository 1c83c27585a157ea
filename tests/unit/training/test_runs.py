"""Runs of tiny models from beginning to end: equal to a plain loop, repeatable, resumable, and never a traceback."""

import errno
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from lib import engine
from lib.training import checkpoints, corpus, loop, stages
from lib.training.events import Began, Ended, Event, HeldOut, Point, Snapshot, from_json, to_json
from lib.training.recipe import SIZES, Recipe, Size, Tuning

pytestmark = pytest.mark.usefixtures("one_thread")
TINY: dict[str, Any] = {"size": "tiny", "batch": 2, "context": 32, "steps": 30, "learning_rate": 3e-3}


@pytest.fixture(autouse=True)
def small_world(monkeypatch: pytest.MonkeyPatch) -> None:
    """One layer, 8 wide, and a world of 300 documents."""
    monkeypatch.setitem(SIZES, "tiny", Size(1, 8, 2))
    data = small_corpus()
    monkeypatch.setattr(
        corpus, "corpus_of", lambda recipe: data if recipe.text == "world" else corpus.from_text(recipe.own)
    )


_made: list[corpus.Corpus] = []


def small_corpus() -> corpus.Corpus:
    if not _made:
        _made.append(corpus.from_world(300, 10))
    return _made[0]


def never() -> bool:
    return False


def after(count: int) -> Callable[[], bool]:
    """A stop that says yes when it is asked for the `count`-th time."""
    asked = iter(range(count))
    return lambda: next(asked, None) is None


def numbers(events: list[Event]) -> list[tuple[Any, ...]]:
    """What two runs have to share: all but the seconds."""
    points = [(e.stage, e.step, e.loss, e.gradient_norm, e.learning_rate) for e in events if isinstance(e, Point)]
    return [*points, *(("held out", e.step, e.loss) for e in events if isinstance(e, HeldOut))]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_twenty_steps_are_those_of_a_plain_loop(family: str, tmp_path: Path) -> None:
    """The loss by its definition, AdamW not fused, clipping and the schedule: written down once more."""
    from lib.training import batches, network

    recipe = Recipe(**{**TINY, "steps": 20, "family": family})
    points = [e for e in stages.pretrain(recipe, tmp_path, stop=never) if isinstance(e, Point)]

    data = small_corpus()
    model = network.new_network(recipe, data.tokenizer.vocab_size, data.end)
    decayed = [{"params": [p], "weight_decay": 0.3 if p.dim() > 1 else 0.0} for p in model.parameters()]
    adamw = torch.optim.AdamW(decayed, betas=(0.9, 0.95))
    for step, point in enumerate(points):
        inputs, labels = map(torch.from_numpy, batches.batch_of_step(data, seed=0, step=step, batch=2, context=32))
        likely = model(inputs).logits.log_softmax(-1)
        loss = -likely.gather(-1, labels[..., None]).mean()
        adamw.zero_grad()
        loss.backward()
        norm = torch.sqrt(sum((p.grad**2).sum() for p in model.parameters() if p.grad is not None))  # type: ignore[arg-type]
        rate = 3e-3 * min(1, (step + 1) / 30) * (0.1 + 0.45 * (1 + math.cos(math.pi * step / 20)))
        assert point.loss == pytest.approx(loss.item(), abs=2e-5)
        assert point.gradient_norm == pytest.approx(norm.item(), rel=1e-3)
        assert point.learning_rate == pytest.approx(rate)
        for p in model.parameters():
            p.grad = p.grad * min(1.0, 1.0 / float(norm)) if p.grad is not None else None
        for group in adamw.param_groups:
            group["lr"] = rate
        adamw.step()


def test_a_run_tells_everything_and_its_checkpoints_open_in_the_app(tmp_path: Path) -> None:
    events = list(stages.pretrain(Recipe(**TINY), tmp_path, stop=never))
    assert isinstance(events[0], Began) and events[0].floor is not None
    assert [e.step for e in events if isinstance(e, Point)] == list(range(1, 31))
    looks = [e for e in events if isinstance(e, Snapshot)]
    assert [e.checkpoint for e in looks] == ["pretrain-00000", "pretrain-00020", "pretrain-00030"]
    assert isinstance(events[-1], Ended) and (events[-1].how, events[-1].checkpoint) == ("done", "pretrain-00030")
    assert [from_json(to_json(event)) for event in events] == events
    last = looks[-1]
    assert len(last.sums) == 13 and len(last.points) == len(last.labels) > 20
    assert all(sum(row) == pytest.approx(1, abs=0.01) for row in last.attention)
    model = engine.load(tmp_path / last.checkpoint)  # our own forward pass, beside transformers' in training
    try:
        prompt = next(sample for sample in last.samples if sample.prompt == "Once upon a time")
        ids = [token.id for token in model.tokenizer.encode(prompt.prompt)]
        steps = list(model.generate(ids, sampling=engine.Sampling(temperature=0), max_new_tokens=20))
        assert prompt.text.startswith(model.tokenizer.decode([step.id for step in steps]))
    finally:
        model.close()


def test_a_seed_repeats_and_another_does_not(tmp_path: Path) -> None:
    first, again, other = (
        numbers(list(stages.pretrain(Recipe(**{**TINY, "steps": 6, "seed": seed}), tmp_path / name, stop=never)))
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert first == again
    assert first != other


def test_what_is_resumed_equals_what_was_never_interrupted(tmp_path: Path) -> None:
    whole = list(stages.pretrain(Recipe(**TINY), tmp_path / "whole", stop=never))
    parts: list[Event] = []
    for stop in (after(9), after(14), never):
        parts += stages.pretrain(Recipe(**TINY), tmp_path / "parts", stop=stop)
    assert [e.how for e in parts if isinstance(e, Ended)] == ["stopped", "stopped", "done"]
    assert sorted(numbers(parts)) == sorted(numbers(whole))
    one, other = (weights(tmp_path / name / "pretrain-00030") for name in ("whole", "parts"))
    assert all(torch.equal(one[name], other[name]) for name in one)
    maps = [[e for e in run_ if isinstance(e, Snapshot)][-1].points for run_ in (whole, parts)]
    assert maps[0] == maps[1]


def test_a_crash_costs_what_came_after_the_last_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "SAVE_EVERY", 0.0)
    whole = list(stages.pretrain(Recipe(**TINY), tmp_path / "whole", stop=never))
    running = stages.pretrain(Recipe(**TINY), tmp_path / "crashed", stop=never)
    seen: list[Event] = []
    while not (isinstance(event := next(running), Point) and event.step == 12):
        seen.append(event)
    running.close()  # type: ignore[attr-defined]  # as a process that is killed: nothing more is written
    seen += stages.pretrain(Recipe(**TINY), tmp_path / "crashed", stop=never)
    assert sorted(set(numbers(seen))) == sorted(numbers(whole))


def test_a_damaged_state_is_begun_anew(tmp_path: Path) -> None:
    list(stages.pretrain(Recipe(**TINY), tmp_path, stop=after(4)))
    (tmp_path / "resume" / "pretrain.safetensors").write_bytes(b"half")
    events = list(stages.pretrain(Recipe(**{**TINY, "steps": 5}), tmp_path, stop=never))
    assert [e.step for e in events if isinstance(e, Point)] == [1, 2, 3, 4, 5]


def test_a_learning_rate_of_ten_ends_with_a_sentence_and_a_good_checkpoint(tmp_path: Path) -> None:
    recipe = Recipe(**{**TINY, "learning_rate": 10.0, "steps": 400, "size": "0.2 M"})
    *_, last = stages.pretrain(recipe, tmp_path, stop=never)
    assert isinstance(last, Ended) and last.how == "failed"
    assert "no longer a number" in last.sentence and "learning rate of 10 " in last.sentence
    assert all(bool(weight.isfinite().all()) for weight in weights(tmp_path / last.checkpoint).values())


def test_a_full_disk_ends_with_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    running = stages.pretrain(Recipe(**TINY), tmp_path, stop=never)
    events = [next(running), next(running), next(running)]  # until the first checkpoint is there
    monkeypatch.setattr(checkpoints, "save_file", full)
    events += running
    assert isinstance(events[-1], Ended) and (events[-1].how, events[-1].checkpoint) == ("failed", "pretrain-00000")
    assert "disk is full" in events[-1].sentence


def test_no_memory_is_a_sentence_before_and_while_it_trains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stages, "available_bytes", lambda: 1000)
    (last,) = stages.pretrain(Recipe(**TINY), tmp_path, stop=never)
    assert isinstance(last, Ended) and "of memory" in last.sentence
    monkeypatch.setattr(stages, "available_bytes", lambda: None)

    def none(*_: Any, **__: Any) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 99 bytes")

    monkeypatch.setattr("lib.training.pretrain.mean_loss", none)
    *_, last = stages.pretrain(Recipe(**TINY), tmp_path, stop=never)
    assert isinstance(last, Ended) and last.sentence == loop.NO_MEMORY


def test_a_text_of_ones_own_is_trained_on(tmp_path: Path) -> None:
    own = "<|endoftext|> 😀 The cat sat on the mat. <|im_end|>\n" * 30
    events = list(stages.pretrain(Recipe(**{**TINY, "text": "own", "own": own, "steps": 3}), tmp_path, stop=never))
    assert isinstance(events[-1], Ended) and events[-1].how == "done"
    (last,) = [e for e in events if isinstance(e, Snapshot)][-1:]
    assert last.sums == () and last.beliefs == {} and last.samples and len(last.labels) > 20


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("base")


def tuned(folder: Path, stage: str, tuning: Tuning, stop: Callable[[], bool] = never) -> Iterator[Event]:
    return {"finetune": stages.finetune, "prefer": stages.prefer}[stage](tuning, folder, stop=stop)


def test_fine_tuning_and_preferences_follow_and_resume_exactly(base: Path, tmp_path: Path) -> None:
    recipe = Recipe(**{**TINY, "context": 128, "steps": 2, "size": "tiny"})
    tuning = Tuning(steps=8, learning_rate=3e-3)
    (ended,) = stages.finetune(tuning, tmp_path / "nothing", stop=never)
    assert isinstance(ended, Ended) and ended.how == "failed" and ended.sentence
    runs: dict[str, list[Event]] = {}
    for name, stops in (("whole", (99,)), ("parts", (4, 99))):
        list(stages.pretrain(recipe, base / name, stop=never))
        runs[name] = [e for stop in stops for e in tuned(base / name, "finetune", tuning, after(stop))]
        runs[name] += [e for stop in stops for e in tuned(base / name, "prefer", tuning, after(stop))]
    assert sorted(numbers(runs["whole"])) == sorted(numbers(runs["parts"]))
    for stage in ("finetune", "prefer"):
        one, other = (weights(base / name / f"{stage}-00008") for name in ("whole", "parts"))
        assert all(torch.equal(one[name], other[name]) for name in one)
        assert (base / "whole" / f"{stage}-00008" / "chat_template.jinja").is_file()
    preferring = [e for e in runs["whole"] if e.stage == "prefer"]
    first = next(e for e in preferring if isinstance(e, Point))
    assert first.loss == pytest.approx(math.log(2), abs=1e-6) and first.margin == pytest.approx(0, abs=1e-6)
    losses = [e.loss for e in preferring if isinstance(e, HeldOut)]
    assert losses[-1] < losses[0]


def test_a_model_that_reads_too_little_to_chat_says_so(tmp_path: Path) -> None:
    list(stages.pretrain(Recipe(**{**TINY, "steps": 1}), tmp_path / "short", stop=never))
    (ended,) = stages.finetune(Tuning(steps=1), tmp_path / "short", stop=never)
    assert isinstance(ended, Ended) and ended.how == "failed" and "64 or more" in ended.sentence
    bytes_only = {**TINY, "steps": 1, "context": 64, "text": "own", "own": "x\n" * 150}  # every character is a token
    list(stages.pretrain(Recipe(**bytes_only), tmp_path / "bytes", stop=never))
    *told, ended = stages.finetune(Tuning(steps=1), tmp_path / "bytes", stop=never)
    assert isinstance(ended, Ended) and ended.how == "done"
    assert [e.beliefs for e in told if isinstance(e, Snapshot)] == [{}, {}]
    (ended,) = stages.prefer(Tuning(steps=1), tmp_path / "bytes", stop=never)
    assert isinstance(ended, Ended) and "stories are longer than the 64" in ended.sentence
