"""The decoding page's columns side by side: where their texts part, and branches by click."""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lib.decoding import text_metrics
from lib.decoding.strategies import KINDS
from lib.engine import Engine, Step
from lib.ui.components.linked_text import for_link
from lib.ui.components.live_updates import LiveRegion, LiveUpdates
from lib.ui.decoding import state
from lib.ui.decoding.column_view import ColumnView, Settings

_LEGEND = """
<div style="display:flex;flex-wrap:wrap;gap:.5rem;align-items:center;font-size:.82rem;opacity:.85">
<span>expected by the model</span><span style="width:9rem;height:.7rem;border-radius:4px;border:1px solid
rgba(128,128,128,.4);background:linear-gradient(90deg,rgba(99,102,241,.1),rgba(174,109,132,.25) 33%,
rgba(249,115,22,.4) 67%,rgba(249,115,22,.55))"></span><span>surprising (1 in 1000)</span>
<span>Point at a token or tap it for its alternatives, click one to branch ·
<svg viewBox="0 0 24 24" width="1em" height="1em" fill="none" stroke="currentColor" stroke-width="2.5"
style="vertical-align:-.12em"><path d="M6 3v6c0 3 2 5 6 6v6M18 3v6c0 3-2 5-6 6"/></svg>
where a column leaves the first</span>
</div>
"""


def legend(prompt: str) -> None:
    """What the colours and flags mean, and that the address bar is the link to share."""
    st.html(_LEGEND)
    held = (
        "prompt, seed, length and columns"
        if for_link(prompt=prompt)
        else "seed, length and columns, but not a prompt as long as this one"
    )
    st.caption(f"The address bar holds this comparison: {held}. Copy it to share it.")


def per_row(count: int) -> int:
    """Columns in a row: never more than three, so that none is narrow.

    >>> [per_row(n) for n in range(1, 9)]
    [1, 2, 3, 2, 3, 3, 3, 3]
    """
    return 2 if count == 4 else min(count, 3)


def columns(
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
                f"Up to here the same as column {first + 1} ({columns[first].strategy.title()}); this token is another."
            )
    parted = min((place for place in where if place is not None), default=None)
    if parted is not None:
        marks[first][parted] = "The first token where the columns part."
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
