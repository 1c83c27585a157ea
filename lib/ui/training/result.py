"""The Training page's result: how far the run is, the loss chart, and beside it what the model writes."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape as html
from typing import Any

import streamlit as st

from lib.text_format import duration, number
from lib.training import jobs
from lib.training.events import Snapshot, Stage
from lib.training.history import History, StageHistory
from lib.training.jobs import Run
from lib.training.run_queue import CLOSED
from lib.ui.components.live_updates import LiveRegion, LiveUpdates
from lib.ui.components.page import escape
from lib.ui.components.replaceable import Replaceable
from lib.ui.training import state
from lib.ui.training.panel import Panel, show_panel

_EVERY = 0.5  # s between two drawings of the chart


@dataclass
class Shown:
    """What the page shows now: a run, its stage, and the snapshot that one looks at."""

    run: Run
    told: History
    stage: Stage
    snapshot: Snapshot | None
    following: bool

    @property
    def part(self) -> StageHistory:
        """The stage's own history."""
        return self.told.stage(self.stage)


def shown(run: Run | None, told: History, stage: Stage) -> Shown | None:
    """What there is to show of a stage; None where it has not begun and does not wait."""
    if run is None or (stage not in told.stages and not (state.under_way(run) and run.stage == stage)):
        return None
    snapshot, following = state.snapshot_at(told.stage(stage))
    return Shown(run, told, stage, snapshot, following)


def show_result(shown: Shown, updates: LiveUpdates) -> None:
    """How far it is, chart and samples; all of it is kept up to date while the run goes on."""
    line = st.empty()
    line.html(progress(shown))
    with st.container(key="train-pair"):  # which keeps the component's place until it is there
        drawn = show_panel(_panel(shown), on_move=state.stand_at)
    if state.under_way(shown.run):
        updates.add(_Follower(shown, line, drawn).region())


class _Follower:
    """Looks at a run that goes on. A new snapshot is drawn with the whole page, losses are patched in."""

    def __init__(self, shown: Shown, line: st.delta_generator.DeltaGenerator, drawn: Replaceable[Any]) -> None:
        self._shown, self._line, self._drawn = shown, line, drawn
        self._before = self._mark()
        self._last = 0.0
        self._said = ""

    def _mark(self) -> tuple[object, ...]:
        run, told = self._shown.run, self._shown.told
        return run.state, run.place, run.trouble, told.newest, len(told.stage(told.newest).snapshots)

    def region(self) -> LiveRegion:
        """For `LiveUpdates.add`. The run is nobody's text: the browser's Stop only ends the looking."""
        return LiveRegion(over=lambda: self._mark() != self._before, look=self._look, stop=lambda: None)

    def _look(self) -> None:
        now = time.monotonic()
        if now - self._last < _EVERY:
            return
        self._last = now
        found = jobs.find(self._shown.run.id)
        if found is not None:
            self._shown.run = found
            self._shown.told.read(found.events)
        said = progress(self._shown)
        if said != self._said:
            self._said = said
            self._line.html(said)
            self._drawn.show(_panel(self._shown).data())


def _panel(shown: Shown) -> Panel:
    part, began = shown.part, shown.part.began
    return Panel(
        train=[(point.step, point.loss) for point in part.drawn()],
        heldout=[(one.step, one.loss) for one in part.heldout],
        lines=baselines(part),
        unit=unit(shown.stage),
        steps=began.steps if began else 1,
        snapshots=part.snapshots,
        at="" if shown.following or shown.snapshot is None else shown.snapshot.checkpoint,
        of=f"{shown.run.id} {shown.run.edition} {shown.stage}",
        dialogue=shown.stage != "pretrain",
        words=_in_words(shown),
        empty=_no_snapshot(shown),
    )


def baselines(part: StageHistory) -> dict[str, float]:
    """What the loss is compared with; {} before the stage has begun."""
    began = part.began
    if began is None:
        return {}
    if began.stage == "prefer":  # a loss of pairs: nothing is counted there
        return {"no preference, ln 2": began.uniform}
    lines = {"uniform, ln V": began.uniform, "unigram": began.unigram, "bigram": began.bigram, "trigram": began.trigram}
    return lines if began.floor is None else {**lines, "entropy": began.floor}


def unit(stage: Stage) -> str:
    """What a loss of this stage is measured in. DPO's is −ln σ(margin), one for each pair (`lib.training.prefer`)."""
    return {"pretrain": "nats a token", "finetune": "nats a token of a reply", "prefer": "nats a pair"}[stage]


def progress(shown: Shown) -> str:
    """One line on how far it is, as our own HTML."""
    part = shown.part
    done, began = part.steps, part.began
    share = done / began.steps if began and began.steps else 0.0
    words = " · ".join(html(word) for word in (state.title(shown.run), *_words(shown)) if word)
    return (
        f'<div class="train-line" role="status"><span class="bar"><i style="width: {100 * share:.1f}%"></i></span>'
        f"<span>{words}</span></div>"
    )


def _words(shown: Shown) -> list[str]:
    run, part = shown.run, shown.part
    if run.state == "queued":
        ahead = run.place  # those that wait before it, and the one under way
        return [f"Waiting: {ahead} run{'s' * (ahead != 1)} before this one. One model is trained at a time."]
    if run.state == "starting" or part.began is None:
        return ["Making the text, its tokens and the model …" if state.under_way(run) else "Nothing was trained."]
    said = [f"step {part.steps:,} of {part.began.steps:,}"]
    train = [f"train {point.loss:.3f}" for point in part.points[-1:]]
    if losses := [*train, *(f"held-out {one.loss:.3f}" for one in part.heldout[-1:])]:
        said.append(f"loss: {', '.join(losses)} {unit(shown.stage)}")
    if part.ended is None and part.points and state.under_way(run):
        last = part.points[-1]
        said.append(f"about {duration((part.began.steps - last.step) * last.seconds / last.step)} left")
    if part.points:
        said.append(f"{number(part.points[-1].tokens)} tokens read, {part.rate:,.0f} a second")
    return said


def _no_snapshot(shown: Shown) -> str:
    return "The first snapshot comes before the first step." if state.under_way(shown.run) else "There is no snapshot."


def _in_words(shown: Shown) -> str:
    """The chart for people who do not see it."""
    said: Sequence[str] = [f"{name} {value:.2f}" for name, value in baselines(shown.part).items()]
    held = [f"held-out loss {h.loss:.2f} after step {h.step}" for h in shown.part.heldout[-1:]]
    return f"Loss by step, in {unit(shown.stage)}. " + ". ".join([*held, *said])


def trouble(shown: Shown) -> None:
    """What went wrong, in a sentence."""
    ended = shown.part.ended
    said = shown.run.trouble or (ended.sentence if ended and ended.how == "failed" else "")
    if said == CLOSED:
        st.caption(f"{said} Its checkpoints are kept.")
    elif said:
        st.error(escape(said), icon=":material/error:")
