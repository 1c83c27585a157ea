"""The decoding page's columns: each drawn once and then kept up to date, where they part, and branches by click."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lib.decoding import text_metrics
from lib.decoding.strategies import KINDS, MAX_COLUMNS
from lib.engine import Engine, Step
from lib.ui.components.live_updates import LiveRegion, LiveUpdates
from lib.ui.components.page import escape
from lib.ui.components.replaceable import Replaceable
from lib.ui.components.token_stream import show_token_stream, stream_data, stream_tokens
from lib.ui.decoding import column_words, state

Settings = tuple[tuple[int, ...], int, int]  # prompt ids, seed, new tokens


class ColumnView:
    """A column on the screen in one run of the page."""

    def __init__(self, engine: Engine, column: state.Column, slot: DeltaGenerator, settings: Settings) -> None:
        self.engine, self.column, self.slot, self.settings = engine, column, slot, settings
        self._sent = 0  # tokens that the browser has with their alternatives
        self._shown: tuple[Any, ...] = ()  # what the last look painted

    def draw(self, steps: list[Step], marks: dict[int, str]) -> tuple[int, int] | None:
        """Place everything; gives back a clicked alternative (index of the token, id)."""
        track, uid, problem = self.column.track, self.column.uid, self.column.strategy.problem()
        with self.slot:
            if problem:
                st.error(escape(problem), icon=":material/error:")
            elif track and track.error:
                st.error(escape(track.error), icon=":material/error:")
            self._stream = Replaceable(
                lambda: show_token_stream(
                    f"decoding-{uid}-stream",
                    self._tokens(steps, 0),
                    on_select=lambda index: _focus(uid, index),
                    **self._looks(steps, marks),
                    whole=0,
                )
            )
            self._below = st.empty()
            self._numbers(steps)
        self._sent = len(steps)
        return self._stream.value

    def look(self, steps: list[Step], marks: dict[int, str]) -> None:
        """Show what has come since."""
        looks = self._looks(steps, marks)
        now = (len(steps), steps[-1:], looks["note"], looks["placeholder"], looks["live"], marks)
        if now == self._shown:
            return
        self._shown = now
        # A beam search's text is another one at any step; else what was sent is known.
        whole = 0 if self.column.strategy.kind == "beam" else min(self._sent, len(steps))
        self._stream.show(stream_data(self._tokens(steps, whole), select=True, whole=whole, **looks))
        self._sent = len(steps)
        self._numbers(steps)

    def _tokens(self, steps: list[Step], whole: int) -> list[dict[str, Any]]:
        track = self.column.track
        tokens = stream_tokens(self.engine.tokenizer, steps, forced=len(track.forced) if track else 0, whole=whole)
        beam = bool(track and track.strategy.kind == "beam")
        return [_unfiltered(token) if beam or token["forced"] else token for token in tokens]

    def _looks(self, steps: list[Step], marks: dict[int, str]) -> dict[str, Any]:
        track, uid = self.column.track, self.column.uid
        focus = st.session_state.get("decoding-focus", (None, None))
        return {
            "live": bool(track and track.running),
            "marks": marks,
            "branch": len(st.session_state["decoding-columns"]) < MAX_COLUMNS,
            "selected": focus[1] if focus[0] == uid else None,
            "note": column_words.note(
                track, steps, earlier=self._earlier(), foreign=self.column.foreign, before=self.column.before
            ),
            "placeholder": column_words.placeholder(track, self.column.strategy.problem()),
            "name": f"text of {self.column.strategy.title()}",
        }

    def _numbers(self, steps: list[Step]) -> None:
        if self.column.track and steps:
            self._below.html(column_words.numbers(self.column.track, steps))

    def _earlier(self) -> bool:
        """Whether what stands there was written with other settings than those of now."""
        track, (prompt, seed, length) = self.column.track, self.settings
        return track is not None and not (
            track.prompt == prompt
            and track.max_new_tokens == length
            and track.strategy == self.column.strategy
            and (track.seed == seed or not self.column.strategy.random)
        )


def _unfiltered(token: dict[str, Any]) -> dict[str, Any]:
    """Beam search filters nothing, and a token given by hand was not drawn: there is no second probability to show."""
    return {**token, "prob": None, "alternatives": [{**a, "prob": None} for a in token["alternatives"]]}


def _focus(uid: int, index: int) -> None:
    """A token was clicked: its step is shown below."""
    st.session_state["decoding-focus"] = (uid, index)
    st.session_state[state.TAB] = state.STEP_TAB
    st.session_state["decoding-focus-changed"] = True


def show_columns(
    engine: Engine, slots: Sequence[tuple[state.Column, DeltaGenerator]], *, settings: Settings, updates: LiveUpdates
) -> None:
    """Draw the texts; those that grow are painted again and again at the end of the page's run.

    `settings` are (prompt ids, seed, length) as they stand now.
    """
    shown = [column for column, _ in slots]
    growing = _running(shown)  # asked first: whatever ends from now on was drawn as growing
    texts = [column.track.steps if column.track else [] for column in shown]
    marks = parting_marks(shown, texts)
    views = [ColumnView(engine, column, slot, settings) for column, slot in slots]
    clicks = [view.draw(steps, mark) for view, steps, mark in zip(views, texts, marks, strict=True)]
    for column, steps, click in zip(shown, texts, clicks, strict=True):
        if click:
            _branch(engine, column, steps, click)
    if st.session_state.pop("decoding-focus-changed", False):
        st.rerun()  # the text above was drawn with the frame around another token
    if growing:
        updates.add(LiveRegion(over=lambda: not _running(shown), look=lambda: _look(views), stop=lambda: _stop(shown)))


def _stop(shown: Sequence[state.Column]) -> None:
    for column in shown:
        if column.track:
            column.track.stop()


def _running(shown: Sequence[state.Column]) -> bool:
    return any(column.track and column.track.running for column in shown)


def _look(views: Sequence[ColumnView]) -> None:
    texts = [view.column.track.steps if view.column.track else [] for view in views]
    marks = parting_marks([view.column for view in views], texts)
    for view, steps, mark in zip(views, texts, marks, strict=True):
        view.look(steps, mark)


def parting_marks(columns: Sequence[state.Column], texts: Sequence[list[Step]]) -> list[dict[int, str]]:
    """Where every column leaves the first one that has a text; in that one, where the first other leaves it."""
    ids = [[step.id for step in steps] for steps in texts]
    marks: list[dict[int, str]] = [{} for _ in ids]
    first = next((number for number, text in enumerate(ids) if text), None)
    if first is None:
        return marks
    where = [text_metrics.first_divergence(ids[first], other) for other in ids]
    for mark, place in zip(marks, where, strict=True):
        if place is not None:
            mark[place] = (
                f"Up to here the same as column {first + 1} ({columns[first].strategy.title()}); this token differs."
            )
    parted = min((place for place in where if place is not None), default=None)
    if parted is not None:
        marks[first][parted] = "The first token where the texts diverge."
    return marks


def _branch(engine: Engine, column: state.Column, steps: list[Step], click: tuple[int, int]) -> None:
    """A new column beside this one: the same tokens up to the click, then the chosen one, then the strategy again."""
    index, token = click
    track = column.track
    if track is None:
        return
    forced = (*(step.id for step in steps[:index]), token)
    where = f"Branch of column “{KINDS[track.strategy.kind].label}” at token {index + 1}."
    new = state.add(replace(track.strategy, forced=forced), after=column.uid, origin=where)
    if new:
        new.parent = track
        state.run(new, engine, track.prompt, seed=track.seed, max_new_tokens=max(track.max_new_tokens, index + 2))
        st.rerun()
