"""The grid of columns: a card each, with its strategy's colour, its head and a place of fixed height for its text."""

import math
from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lib.decoding.strategies import KINDS, KNOBS, MAX_COLUMNS
from lib.figures.decoding import column_colours
from lib.ui.components.glossary import term
from lib.ui.components.page import escape
from lib.ui.decoding import state

_TEXT_REM = {1: 12.3, 2: 6.1}  # how high texts are in so many rows of columns: one screen holds two rows


def legend() -> None:
    """What the numbers under every text are; the tab In short says more."""
    st.caption(
        f"Under each text: its {term('log probability', 'log-probability')} and {term('perplexity')} under the model, "
        f"{term('distinct-2')}, and the tokens of its longest repeat."
    )


def per_row(count: int) -> int:
    """Columns in a row: never more than three, so that none is narrow.

    >>> [per_row(n) for n in range(1, 9)]
    [1, 2, 3, 2, 3, 3, 3, 3]
    """
    return 2 if count == 4 else min(count, 3)


def column_cards(columns: Sequence[state.Column]) -> list[tuple[state.Column, DeltaGenerator]]:
    """Draw every column's head in a grid of cards; gives back the place under each head for its text."""
    width = per_row(len(columns))
    st.html(f"<style>{looks(columns)}</style>")
    slots = []
    for start in range(0, len(columns), width):
        places = st.columns(width, gap="small")
        for offset, column in enumerate(columns[start : start + width]):
            with places[offset].container(border=True, key=f"decoding-card-{column.uid}"):
                _head(column, number=start + offset + 1, removable=len(columns) > 1, full=len(columns) >= MAX_COLUMNS)
                slots.append((column, st.container(key=f"decoding-{column.uid}-body")))
    return slots


def looks(columns: Sequence[state.Column]) -> str:
    """CSS: how high the texts are, and every card's number and colour."""
    rows = math.ceil(len(columns) / per_row(len(columns)))
    height = f".st-key-result {{ --pg-stream-height: {_TEXT_REM.get(rows, min(_TEXT_REM.values()))}rem; }}"
    colours = column_colours([column.strategy.kind for column in columns])
    marks = (
        f".st-key-decoding-card-{column.uid} {{ --number: '{number}'; --strategy: {colour}; }}"
        for number, (column, colour) in enumerate(zip(columns, colours, strict=True), 1)
    )
    return "\n".join([height, *marks])


def _head(column: state.Column, *, number: int, removable: bool, full: bool) -> None:
    """Which strategy; behind a button that says them, its knobs, duplicate and remove."""
    uid, strategy = column.uid, column.strategy
    with st.container(horizontal=True, vertical_alignment="center", key=f"decoding-{uid}-head"):
        kind_key = f"decoding-{uid}-kind"
        st.selectbox(
            f"Strategy of column {number}",
            list(KINDS),
            index=list(KINDS).index(strategy.kind),
            key=kind_key,
            format_func=lambda kind: KINDS[kind].label,
            label_visibility="collapsed",
            on_change=_kind_changed,
            args=(uid, kind_key),
            filter_mode=None,
        )
        icon = ":material/call_split:" if strategy.forced else None
        words = strategy.summary()
        with st.popover(words or "Adjust", icon=icon, key=f"decoding-{uid}-knobs", help=words or None, wrap=False):
            _settings(column)
            with st.container(horizontal=True, gap="small"):
                st.button(
                    "Duplicate",
                    icon=":material/content_copy:",
                    key=f"decoding-{uid}-copy",
                    on_click=state.duplicate,
                    args=(uid,),
                    disabled=full,
                )
                st.button(
                    "Remove",
                    icon=":material/close:",
                    key=f"decoding-{uid}-remove",
                    on_click=state.remove,
                    args=(uid,),
                    disabled=not removable,
                )


def _settings(column: state.Column) -> None:
    """What the strategy does, the tokens that were chosen by hand, and its knobs."""
    uid, strategy = column.uid, column.strategy
    st.caption(KINDS[strategy.kind].sentence + (f" {escape(column.origin)}" if column.origin else ""))
    if strategy.forced:
        count = len(strategy.forced)
        st.caption(f"Its text begins with {count} token{'s' * (count != 1)} chosen by hand, whatever the prompt is.")
        st.button("Let the strategy choose them", key=f"decoding-{uid}-release", on_click=state.release, args=(uid,))
    with st.container(horizontal=True, gap="small"):
        for name, value in strategy.knobs.items():
            _knob(uid, strategy.kind, name, value)


def _knob(uid: int, kind: str, name: str, value: float) -> None:
    knob = KNOBS[name]
    key = f"decoding-{uid}-{kind}-{name}"
    shown = float(value) if math.isfinite(value) and abs(value) < 1e15 else None
    st.number_input(
        knob.label,
        value=shown,
        step=knob.step,
        key=key,
        format="%g",
        help=knob.help,
        width=132,
        on_change=_knob_changed,
        args=(uid, key, name),
    )


def _kind_changed(uid: int, key: str) -> None:
    state.change_kind(uid, st.session_state[key])


def _knob_changed(uid: int, key: str, name: str) -> None:
    state.change(uid, **{name: st.session_state[key]})
