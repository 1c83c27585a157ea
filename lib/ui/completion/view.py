"""The completion page's result: Write all and Stop, and the corners with what went in and what came out."""

from dataclasses import astuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lib import models
from lib.ui.chat.xray import show_xray
from lib.ui.completion import pair, write
from lib.ui.completion.choices import CompletionSettings, choose
from lib.ui.completion.corners import Cell
from lib.ui.components import scroll
from lib.ui.components.live_updates import LiveUpdates
from lib.ui.components.page import escape, page_style

_EARLIER = "  \n:material/history: Written with other settings or another prompt than those shown now."
_OUT, _IN = 140, 120  # pixels, where the style sheet is not read (it fits cells to the window)


def style() -> None:
    """The page's own style. Called before the header bar, so that nothing is drawn without it and moves."""
    page_style(__file__, "completion.css")


def grid(cells: list[Cell], choice: CompletionSettings, updates: LiveUpdates) -> write.Texts:
    """Write all and Stop, the cells two by two, and the texts as they come; gives back those of these settings."""
    first, second = pair.parts(choice.base, choice.instruct)
    st.html(  # rows that fill the window, and over each picker the part that its model plays
        f'<style>:root {{ --cvc-rows: {len(cells) // 2}; --cvc-first: "{first}"; --cvc-second: "{second}"; }}</style>'
    )
    asked = (astuple(choice.request), choice.sampling, choice.length, choice.seed, tuple(c.model_id for c in cells))
    if st.session_state.pop("cvc-go", False):
        _stop()
        st.session_state["cvc-results"] = (
            asked,
            write.begin_all(cells, sampling=choice.sampling, length=choice.length, seed=choice.seed),
        )
    known, texts = st.session_state.get("cvc-results", (None, {}))
    shown = texts if known is not None and known[-1] == asked[-1] else {}  # written by these models
    earlier = bool(texts) and known != asked
    slots = {}
    with st.container(key="result"):
        _row(choice, writing=any(text.running for text in texts.values()), earlier=earlier)
        for row in range(0, len(cells), 2):
            for column, cell in zip(st.columns(2, gap="small"), cells[row : row + 2], strict=True):
                with column, st.container(border=True, key=f"cell-{cell.key}"):
                    slots[cell.key] = _cell(cell, ids=choice.ids)
    write.show_all(cells, shown, slots, updates=updates, note=_EARLIER if earlier else "", colour=choice.colour)
    return {} if earlier else shown


def _row(choice: CompletionSettings, *, writing: bool, earlier: bool) -> None:
    """The one thin row of controls, and beside them one line on what is shown."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="cvc-row"):
        st.button("Write all", type="primary", icon=":material/play_arrow:", on_click=_go, key="cvc-run")
        st.button(
            "Stop",
            icon=":material/stop:",
            key="cvc-stop",
            help="What is written so far stays.",
            on_click=_stop,
            disabled=not writing,
        )
        line, whole = pair.said(choice.base, choice.instruct, choice.request.prompt)
        if earlier:
            st.caption(":material/history: Something was changed since the last texts: press “Write all”.")
        elif line:
            st.caption(f":material/swap_horiz: {line}", help=whole or None)
        _another_pair(choice)
        scroll.place("cvc-run")


def _another_pair(choice: CompletionSettings) -> None:
    """One click to the other comparison that is always here: the tiny pair, or SmolLM2 raw and in its template."""
    if (choice.base, choice.instruct) == (models.BASE, models.CHAT):
        label, other = "SmolLM2 instead", (models.EMBEDDED, models.EMBEDDED)
        about = "The same weights twice: SmolLM2, an instruct model, raw and in its chat template."
    else:
        label, other = "Tiny pair instead", (models.BASE, models.CHAT)
        about = "One tiny model before and after fine-tuning on chats, as it comes with the app."
    if all(models.where(model_id) is not None for model_id in other):
        st.button(
            label, key="cvc-pair", help=about, on_click=choose, args=other, icon=":material/swap_horiz:", wrap=False
        )


def _go() -> None:
    st.session_state["cvc-go"] = True


def _stop() -> None:
    write.stop(st.session_state.get("cvc-results", (None, {}))[1])


def _cell(cell: Cell, *, ids: bool) -> DeltaGenerator:
    """One corner: title, the place of the text, what went in."""
    st.header(escape(cell.title), anchor=False)
    slot = st.container(gap="small", key=f"out-{cell.key}", height=_OUT, border=False, autoscroll=True)
    st.caption(f"What goes in: {len(cell.rendered.ids):,} tokens", help=escape(cell.note) if cell.note else None)
    with st.container(key=f"in-{cell.key}", height=_IN, border=False, autoscroll=False):
        show_xray(f"xray-{cell.key}", cell.rendered, cell.engine.tokenizer, ids=ids)
    return slot
