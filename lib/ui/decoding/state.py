"""The decoding page's columns: kept in the session, written into the address bar, run as tracks.

Columns have a number of their own (uid) that keys their widgets; a changed kind, a preset or a copy never inherits
another column's widget state.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import streamlit as st

from lib.decoding import links
from lib.decoding.strategies import MAX_COLUMNS, PRESETS, Strategy, with_kind
from lib.engine import Engine
from lib.errors import PlaygroundError
from lib.generation.strategy_run import StrategyRun
from lib.settings import settings
from lib.ui.components.history import came_by_history
from lib.ui.components.link_values import left_out
from lib.ui.components.session import session_alive, session_id

LINK = "s"  # the query parameter that holds the columns
TAB = "section"  # key and query parameter of the tab that is open under the texts
_FIRST = next(iter(PRESETS.values()))  # what the page opens with
_START = links.encode(_FIRST)
STEP_TAB = "One step"  # where a click on a token leads


@dataclass
class Column:
    """A column of the grid. `origin` says where a branch came from, `parent` is the text that it left; `before` is the
    text that stood here before this one."""

    uid: int
    strategy: Strategy
    track: StrategyRun | None = None
    origin: str = ""
    parent: StrategyRun | None = None
    before: StrategyRun | None = None

    @property
    def foreign(self) -> bool:
        """Whether the tokens that a branch begins with were chosen after another prompt than its text has."""
        return bool(
            self.strategy.forced
            and self.parent
            and self.track
            and tuple(self.track.prompt) != tuple(self.parent.prompt)
        )


def columns() -> list[Column]:
    """The columns of this session: from the link if it names others than the last ones written, else as left."""
    state = st.session_state
    link = st.query_params.get(LINK)
    if link is None and came_by_history() and state.get("decoding-link") not in (None, _START):
        set_columns(_FIRST)
    elif link is not None and link != state.get("decoding-link"):
        found, unused = links.read(link)
        if unused or not found:
            left_out(LINK, ", ".join(unused[:3]) if unused else link, "columns as this page writes them")
        if found:
            set_columns(found)
    if "decoding-columns" not in state:
        set_columns(_FIRST)
    return list(state["decoding-columns"])


def write_link() -> None:
    """Put the columns into the address bar, unless they are those that the page opens with."""
    link = links.encode([column.strategy for column in st.session_state["decoding-columns"]])
    st.session_state["decoding-link"] = link
    if link == _START:
        st.query_params.pop(LINK, None)
    elif st.query_params.get(LINK) != link:
        st.query_params[LINK] = link


def set_columns(chosen: Sequence[Strategy]) -> None:
    """Replace all columns (presets, links)."""
    stop_all()
    st.session_state["decoding-columns"] = [Column(_new_uid(), strategy) for strategy in chosen]


def stop_all() -> None:
    """Stop every running text; what is there stays."""
    for column in st.session_state.get("decoding-columns", []):
        if column.track:
            column.track.stop()


def forget_texts() -> None:
    """Another model has another vocabulary: the texts no longer mean anything."""
    stop_all()
    for track in st.session_state.pop("decoding-many", []):
        track.stop()
    st.session_state.pop("decoding-focus", None)
    for column in st.session_state.get("decoding-columns", []):
        column.track, column.parent, column.before, column.origin = None, None, None, ""
        column.strategy = replace(column.strategy, forced=())


def change(uid: int, **changes: object) -> None:
    """Set knobs of a column. A knob that was emptied becomes NaN, and is explained."""
    column = _find(uid)
    if column:
        values = {name: math.nan if value is None else value for name, value in changes.items()}
        column.strategy = replace(column.strategy, **values)  # type: ignore[arg-type]


def change_kind(uid: int, kind: str) -> None:
    """Turn a column into another kind of strategy."""
    column = _find(uid)
    if column:
        column.strategy = with_kind(column.strategy, kind)


def numbered(among: Sequence[Column], column: Column) -> str:
    """A column's name where several may be called the same: '2 · Greedy (branch)'."""
    place = next(number for number, other in enumerate(among, 1) if other.uid == column.uid)
    return f"{place} · {column.strategy.title()}" + (" (branch)" if column.strategy.forced else "")


def add(strategy: Strategy, *, after: int | None = None, origin: str = "") -> Column | None:
    """A new column at the end, or beside the column `after`; None if there are as many as fit."""
    everything: list[Column] = st.session_state["decoding-columns"]
    if len(everything) >= MAX_COLUMNS:
        return None
    column = Column(_new_uid(), strategy, origin=origin)
    place = next((i + 1 for i, other in enumerate(everything) if other.uid == after), len(everything))
    everything.insert(place, column)
    return column


def release(uid: int) -> None:
    """Let a branch go: its strategy alone, without the tokens that were chosen by hand."""
    column = _find(uid)
    if column:
        column.strategy, column.parent, column.origin = replace(column.strategy, forced=()), None, ""


def remove(uid: int) -> None:
    """Take a column away and stop its text."""
    column = _find(uid)
    if column and column.track:
        column.track.stop()
    st.session_state["decoding-columns"] = [c for c in st.session_state["decoding-columns"] if c.uid != uid]


def duplicate(uid: int) -> None:
    """A copy of a column, beside it."""
    column = _find(uid)
    if column:
        copy = add(column.strategy, after=uid, origin=column.origin)
        if copy:
            copy.parent = column.parent


def run(column: Column, engine: Engine, ids: Sequence[int], *, seed: int, max_new_tokens: int) -> None:
    """Start a column's text, or do nothing if its knobs are nonsense."""
    if column.track:
        column.track.stop()
        column.before, column.track = column.track, None
    if column.strategy.problem() is None:
        column.track = StrategyRun(
            engine,
            ids,
            column.strategy,
            seed=seed,
            max_new_tokens=max_new_tokens,
            alive=session_alive(),
            owner=session_id(),
            parent=column.parent,
        )


def run_all(engine: Engine, ids: Sequence[int], *, seed: int, max_new_tokens: int) -> None:
    """Start every column that makes sense, all at once: the engine computes them together."""
    if not ids:
        raise PlaygroundError("There is no prompt: type at least one character for the model to continue.")
    for column in st.session_state["decoding-columns"]:
        run(column, engine, ids, seed=seed, max_new_tokens=max_new_tokens)


def prompt_ids(engine: Engine, prompt: str) -> tuple[int, ...]:
    """The prompt's tokens, special tokens spelled in it as plain text. Another model drops the old model's texts."""
    state, model = st.session_state, engine.info.model_id
    if state.get("decoding-model", model) != model:
        state["decoding-model"] = model
        forget_texts()
        st.rerun()  # the columns on screen still name the old texts
    state["decoding-model"] = model
    known, ids = state.get("decoding-ids", (None, ()))
    if known != (model, prompt):
        limit = settings().max_prompt_chars
        if len(prompt) > limit:
            raise PlaygroundError(f"The prompt has {len(prompt):,} characters; this page takes up to {limit:,}.")
        ids = tuple(token.id for token in engine.tokenizer.encode(prompt))
        state["decoding-ids"] = ((model, prompt), ids)
    return tuple(ids)


def _find(uid: int) -> Column | None:
    return next((c for c in st.session_state.get("decoding-columns", []) if c.uid == uid), None)


def _new_uid() -> int:
    uid = int(st.session_state.get("decoding-uid", 0)) + 1
    st.session_state["decoding-uid"] = uid
    return uid
