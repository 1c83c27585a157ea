"""The decoding page's controls: prompt, seed and length; presets; the head of a column with its knobs."""

import math
from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lib.decoding.strategies import KINDS, KNOBS, MAX_COLUMNS, PRESETS, Strategy
from lib.ui.components.linked_text import text_box
from lib.ui.components.model_picker import pick_model
from lib.ui.components.page import escape
from lib.ui.decoding import state

PROMPTS = ("Once upon a time", "What is 2+2?", "Suggest a party theme.")


def settings_bar() -> tuple[str, int, int, str]:
    """The prompt, the seed, the number of new tokens and the model."""
    left, right = st.columns([3, 2], gap="medium")
    with left:
        prompt = text_box(
            st.text_area, "Prompt", PROMPTS[0], key="prompt", height=110, help="The text that every column continues."
        )
        with st.container(horizontal=True, gap="small"):
            for number, text in enumerate(PROMPTS):
                st.button(text, key=f"decoding-prompt-{number}", on_click=_set_prompt, args=(text,), type="tertiary")
        if prompt.endswith(" "):
            st.caption(
                ":material/lightbulb: The prompt ends with a space. In running text most words bring their "
                "own, so the model now has to continue without: the text often gets worse."
            )
    with right:
        model_id = pick_model("model", role="base")
        seed_place, length_place = st.columns(2)
        seed = seed_place.number_input(
            "Seed",
            min_value=0,
            max_value=2**31 - 1,
            value=42,
            key="seed",
            bind="query-params",
            help="The same seed gives the same draws. Greedy and beam search draw nothing.",
        )
        length = length_place.slider(
            "New tokens",
            5,
            200,
            48,
            key="n",
            bind="query-params",
            help="The longest a text may get; it may end by itself before.",
        )
    return prompt, int(seed), int(length), model_id


def _set_prompt(text: str) -> None:
    st.session_state["prompt"] = text


def next_seed() -> None:
    """Callback: one seed on, then run."""
    st.session_state["seed"] = (int(st.session_state.get("seed", 42)) + 1) % 2**31
    ask_to_run()


def ask_to_run() -> None:
    """Callback: the run starts once the model is loaded."""
    st.session_state["decoding-asked"] = True


def action_bar(columns: Sequence[state.Column]) -> None:
    """Run, Stop, next seed, presets, add a column."""
    asked = st.session_state.get("decoding-asked") and st.session_state.get("prompt")
    running = bool(asked) or any(c.track and c.track.running for c in columns)
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        st.button("Run", type="primary", icon=":material/play_arrow:", key="decoding-run", on_click=ask_to_run)
        st.button("Stop", icon=":material/stop:", key="decoding-stop", on_click=state.stop_all, disabled=not running)
        st.button("Run with the next seed", icon=":material/casino:", key="decoding-next", on_click=next_seed)
        with st.popover("Presets", icon=":material/tune:"):
            for number, (name, chosen) in enumerate(PRESETS.items()):
                st.button(
                    name, key=f"decoding-preset-{number}", on_click=state.set_columns, args=(chosen,), width="stretch"
                )
        st.button(
            "Add a column",
            icon=":material/add:",
            key="decoding-add",
            on_click=_add,
            disabled=len(columns) >= MAX_COLUMNS,
        )


def _add() -> None:
    state.add(Strategy("sampling"))


def per_row(count: int) -> int:
    """Columns in a row: never more than three, so that none is narrow.

    >>> [per_row(n) for n in range(1, 9)]
    [1, 2, 3, 2, 3, 3, 3, 3]
    """
    return 2 if count == 4 else min(count, 3)


def cards(columns: Sequence[state.Column]) -> list[tuple[state.Column, DeltaGenerator]]:
    """Draw every column's head in a grid of cards; gives back the place under each head for its text."""
    width = per_row(len(columns))
    slots = []
    for start in range(0, len(columns), width):
        places = st.columns(width)
        for offset, column in enumerate(columns[start : start + width]):
            with places[offset].container(border=True, key=f"decoding-card-{column.uid}"):
                column_head(
                    column, number=start + offset + 1, removable=len(columns) > 1, full=len(columns) >= MAX_COLUMNS
                )
                slots.append((column, st.container()))
    return slots


def column_head(column: state.Column, *, number: int, removable: bool, full: bool) -> None:
    """Which strategy, its knobs, duplicate and remove."""
    uid, strategy = column.uid, column.strategy
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
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
        st.button(
            "",
            icon=":material/content_copy:",
            key=f"decoding-{uid}-copy",
            help="Duplicate this column",
            on_click=state.duplicate,
            args=(uid,),
            disabled=full,
            type="tertiary",
        )
        st.button(
            "",
            icon=":material/close:",
            key=f"decoding-{uid}-remove",
            help="Remove this column",
            on_click=state.remove,
            args=(uid,),
            disabled=not removable,
            type="tertiary",
        )
    st.caption(KINDS[strategy.kind].sentence + (f" {escape(column.origin)}" if column.origin else ""))
    with st.container(horizontal=True, gap="small"):
        for name, value in strategy.knobs.items():
            _knob(uid, strategy.kind, name, value, width={1: 132, 2: 102}.get(len(strategy.knobs), 98))
        for _ in range(len(KNOBS) - len(strategy.knobs)):  # knobs of another kind would stay, pale, while texts grow
            st.empty()


def _knob(uid: int, kind: str, name: str, value: float, *, width: int) -> None:
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
        width=width,
        on_change=_knob_changed,
        args=(uid, key, name),
    )


def _kind_changed(uid: int, key: str) -> None:
    state.change_kind(uid, st.session_state[key])


def _knob_changed(uid: int, key: str, name: str) -> None:
    state.change(uid, **{name: st.session_state[key]})
