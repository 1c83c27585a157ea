"""The Training page: a real run with the smallest settings, and runs out of the disk whose events are made by hand."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lib.training import jobs, run_records
from lib.training.events import Began, Ended, Event, HeldOut, Point, Sample, Snapshot, Stage
from lib.training.recipe import Recipe, checked
from lib.training.world import NUMBERS, UNSEEN
from lib.ui.training import choices, lessons, state
from lib.ui.training.panel import KEY
from lib.ui.training.sections import TABS

pytestmark = pytest.mark.usefixtures("run_by_run", "alone")
PAGE = str(Path(__file__).parents[2] / "pages" / "5_Training.py")
RUN = "0123abcd"


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No runs of others; the process for training is not started before it is needed."""
    monkeypatch.setenv("PLAYGROUND_HOME", str(tmp_path))
    monkeypatch.setattr(jobs, "warm", lambda: None)


def opened(**query: str) -> AppTest:
    app = AppTest.from_file(PAGE, default_timeout=60)
    app.query_params.update(query)
    return ok(app.run())


def ok(app: AppTest) -> AppTest:
    assert not app.exception, app.exception
    return app


def panel(app: AppTest) -> dict[str, object]:
    """What the chart and the scrubber were given."""
    sent = next(one.proto for one in app.get("bidi_component") if one.proto.id.endswith(KEY))
    text = sent.mixed.json if sent.WhichOneof("data") == "mixed" else sent.json
    made: dict[str, object] = json.loads(text)[0]
    return made


def snapshot(stage: Stage, step: int, *, right: bool) -> Snapshot:
    """With sums that are all right, or all wrong."""
    sums = tuple(tuple(str(a + b if right else 99) for b in NUMBERS) for a in NUMBERS)
    beliefs = {"there was a": {"little": (0.3, 0.4), "young": (0.3, 0.3)}}
    sample = Sample("Once upon a time", f" after {step} <b>steps</b>", step > 0)
    return Snapshot(
        stage, step, f"{stage}-{step:05d}", (sample,), ("Nora", "red"), ((0.0, 1.0), (1.0, 0.0)), ("a", " b"),
        ((1.0, 0.0), (0.5, 0.5)), "layer 1, head 2", sums, beliefs,
    )  # fmt: skip


def told(loss: float = 0.6) -> list[Event]:
    """A run of pre-training, by hand."""
    return [
        Began("pretrain", 100, 870_272, 710, 698_278, 7_687, 6.565, 4.45, 1.56, 0.88, 0.45),
        HeldOut("pretrain", 0, 6.57),
        snapshot("pretrain", 0, right=False),
        *(Point("pretrain", step, 6.0 / step, 1e-3, 1.0, 1536 * step, 0.1 * step) for step in range(1, 101)),
        HeldOut("pretrain", 50, 0.5),
        snapshot("pretrain", 50, right=False),
        HeldOut("pretrain", 100, loss),
        snapshot("pretrain", 100, right=True),
        Ended("pretrain", "done", "", "pretrain-00100"),
    ]


def keep(recipe: Recipe, events: list[Event], run: str = RUN) -> None:
    """A run on the disk, as a server that was started again finds it."""
    record = run_records.Record(run, 1, 1e9, recipe)
    record.write()
    run_records.write_events(run, events)
    (record.folder / "tokenizer.json").write_text('{"model": {"vocab": {}, "merges": []}}')


def test_a_fresh_machine_has_one_clear_button_and_says_what_will_happen() -> None:
    app = opened()
    assert any("Nobody has trained a model" in one.value for one in app.markdown)
    assert not app.button(key="train-go").disabled and app.button(key="train-stop").disabled
    assert any(f"{870_272:,} parameters" in one.value for one in app.caption)


def test_every_tab_shows_something_with_a_run_and_without_one() -> None:
    app = opened()
    for tab in TABS:
        app.session_state["train-tab"] = tab
        assert not ok(app.run()).error, tab
    keep(Recipe(), told())
    jobs.JOBS._root = None  # as after a start of the app
    for tab in TABS:
        app.session_state["train-tab"] = tab
        assert not ok(app.run()).error, tab
    assert panel(app)["steps"] == 100


def test_the_scrubber_moves_marker_and_tabs_and_the_link_brings_it_back() -> None:
    keep(Recipe(), told())
    app = opened(run=RUN, at="pretrain-00050", **{"train-tab": "Sums"})
    shown = panel(app)
    assert shown["at"] == "pretrain-00050" and [one["step"] for one in shown["items"]] == [0, 50, 100]  # type: ignore
    lines = dict(shown["lines"])  # type: ignore
    assert lines == {"uniform, ln V": 6.565, "unigram": 4.45, "bigram": 1.56, "trigram": 0.88, "entropy": 0.45}
    assert any("After step 50" in one.value and "**0**" in one.value for one in app.markdown)
    del app.query_params["at"]
    app.session_state["training-at"] = "pretrain-00100"
    ok(app.run())
    assert any("After step 100" in one.value and "**33**" in one.value for one in app.markdown)


def test_what_a_model_wrote_is_never_markup() -> None:
    keep(Recipe(), told())
    app = opened(**{"train-tab": "Samples over time"})
    page = " ".join(one.proto.body for one in app.get("html"))
    assert "after 50 &lt;b&gt;steps&lt;/b&gt;" in page and "<b>steps" not in page


def test_the_answers_are_those_of_the_runs() -> None:
    keep(Recipe(), told())
    tiny = checked({"text": "own", "own": lessons.tiny_text(), "steps": 300})
    keep(tiny, told(loss=0.9), run="0123abce")
    app = opened(run=RUN, **{"train-tab": "Questions"})
    wanted = {
        "train-before": "ln V, as if it guessed among all V tokens",
        "train-memorised": "More than two thirds",
        "train-overfitting": "It falls at first, then it rises",
    }
    for key, answer in wanted.items():
        ok(app.radio(key=f"predict-{key}-choice").set_value(answer).run())
        ok(app.button(key=f"predict-{key}-reveal").click().run())
    assert len(app.success) == 3 and not app.warning
    assert any(f"{len(UNSEEN)} of {len(UNSEEN)} that it never saw" in one.value for one in app.success)


def test_a_question_without_its_run_says_what_to_do() -> None:
    app = opened(**{"train-tab": "Questions"})
    for key in ("train-rate", "train-before"):
        radio = app.radio(key=f"predict-{key}-choice")
        ok(radio.set_value(radio.options[0]).run())
        ok(app.button(key=f"predict-{key}-reveal").click().run())
    assert len(app.error) == 2 and all("press Train" in one.value for one in app.error)


def test_a_lesson_sets_the_bar_up_and_starts_nothing() -> None:
    app = opened(**{"train-tab": "Questions"})
    ok(app.button(key="train-tiny").click().run())
    assert app.selectbox(key="train-text").value == choices.OWN and app.text_area(key="train-own").value
    assert app.text_area(key="train-own").value == lessons.tiny_text()
    ok(app.button(key="train-high").click().run())
    assert app.select_slider(key="train-rate").value == 1.0 and app.selectbox(key="train-text").value == choices.WORLD
    assert not jobs.runs()


@pytest.mark.parametrize(("text", "said"), [("", "no text yet"), ("a", "1 character"), ("🦊" * 50, "at least 200")])
def test_a_text_that_cannot_be_trained_on_is_explained_and_kept(text: str, said: str) -> None:
    app = opened(**{"train-text": choices.OWN})
    ok(app.text_area(key="train-own").set_value(text).run())
    ok(app.button(key="train-go").click().run())
    assert len(app.error) == 1 and said in app.error[0].value.replace("\\", "")
    assert app.text_area(key="train-own").value == text and not jobs.runs()


@pytest.mark.parametrize(
    "query",
    [
        {"run": "../../etc"},
        {"run": RUN, "at": "<script>"},
        {"train-steps": "1e400", "train-seed": "Infinity", "train-rate": "nan", "train-text": "x" * 900},
    ],
)
def test_nonsense_in_a_link_is_left_at_its_default(query: dict[str, str]) -> None:
    app = opened(**query)
    assert not app.error and app.select_slider(key="train-steps").value == 600


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (
            Ended("pretrain", "stopped", "Stopped after 57 of 100 steps.", "pretrain-00057"),
            " (stopped at step 57 of 100)",
        ),
        (None, " (its snapshot of step 50 of 100)"),
        (Ended("pretrain", "done", "", "pretrain-00100"), ""),
    ],
)
def test_the_next_stage_says_how_far_the_model_came_that_it_begins_from(end: Ended | None, said: str) -> None:
    keep(Recipe(), [*told()[:60], snapshot("pretrain", 50, right=False), *([end] if end else [])])
    app = opened()
    ok(app.segmented_control(key="train-stage").set_value(state.NAMES["finetune"]).run())
    (line,) = [one.value for one in app.caption if one.value.startswith("It begins from")]
    assert f"the base model of Run 1: Tiny world 0.9 M{said}. " in line.replace("\\", "")


def test_a_watcher_sees_the_run_of_somebody_else_and_its_place_in_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    keep(Recipe(), [replace(one, seconds=30.0 * one.step) if isinstance(one, Point) else one for one in told()[:60]])
    app = opened()
    run = jobs.find(RUN)
    assert run is not None
    monkeypatch.setattr(run, "state", "running")
    monkeypatch.setattr(run, "owner", "somebody")
    ok(app.run())
    assert any("you watch" in one.value for one in app.caption) and app.button(key="train-stop").disabled
    page = " ".join(one.proto.body for one in app.get("html"))
    assert "loss: train 0.105, held-out 6.570 nats a token" in page and "about 22 min left" in page
    monkeypatch.setattr(run, "state", "queued")
    monkeypatch.setattr(run, "place", 2)
    ok(app.run())
    assert any("2 runs before this one" in one.proto.body for one in app.get("html"))


def test_a_run_that_failed_says_why_and_keeps_what_it_had() -> None:
    keep(Recipe(), [*told()[:-1], Ended("pretrain", "failed", "The loss is no longer a number.", "pretrain-00050")])
    app = opened()
    assert any("about 60 s here" in one.value for one in app.caption)  # 600 steps at the rate of this run
    assert [one.value.replace("\\", "") for one in app.error] == ["The loss is no longer a number."]
    assert len(panel(app)["items"]) == 3  # type: ignore


def test_train_asks_for_what_the_bar_says_and_stop_takes_it_out_of_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    # Nothing begins, even if a page of another test has started the thread: the browser test trains.
    monkeypatch.setattr(jobs.JOBS, "_wake", lambda: None)
    monkeypatch.setattr(jobs.JOBS, "_round", lambda worker, said: None)
    app = opened(**{"train-steps": "20", "train-context": "64", "train-size": "0.2 M parameters", "train-seed": "3"})
    try:
        ok(app.button(key="train-go").click().run())
        (run,) = jobs.runs()
        assert run.recipe == checked({"steps": 20, "context": 64, "size": "0.2 M", "seed": 3})
        assert app.query_params["run"] in (run.id, [run.id]) and not app.error
        assert app.button(key="train-go").disabled and not app.button(key="train-stop").disabled
        ok(app.button(key="train-stop").click().run())
        assert not jobs.runs() and not app.button(key="train-go").disabled
    finally:
        jobs.JOBS.shut()
