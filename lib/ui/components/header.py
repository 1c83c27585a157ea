"""The header bar of a page: the prompt, examples for it, the model, and the settings, always in this order.

    with header.bar():
        prompt = header.prompt_box("Prompt", "Once upon a time")
        header.examples(EXAMPLES)
        model_id = pick_model("model", role="capable")
        with header.settings():
            st.number_input("Seed", key="seed")

The bar is one line high and stays at the top of the window. Labels are for screen readers; the box opens while one
writes several lines, over the page and without moving it. Enter takes what was typed, Shift+Enter begins a line.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lib.ui.components.linked_text import text_box
from lib.ui.components.page import escape

_SHOWN = 70  # characters of an example in the menu


def bar() -> DeltaGenerator:
    """The bar; a page fills it first."""
    return st.container(key="header", horizontal=True, vertical_alignment="center")


def prompt_box(label: str, default: str, *, key: str = "prompt", **options: Any) -> str:
    """A text that pages have in common through `key`, and that a link may bring; `options` are those of text_area."""
    return text_box(
        st.text_area, label, default, key=key, height=68, label_visibility="collapsed", placeholder=label, **options
    )


def examples(
    texts: Sequence[str] | Mapping[str, str], *, key: str = "prompt", then: Callable[[], None] | None = None
) -> None:
    """The menu of examples: one click puts a text into the box `key`, and then calls `then`.

    `texts` are our own; a mapping has a name for each.
    """
    named = dict(texts) if isinstance(texts, Mapping) else {text: text for text in texts}
    menu = f"{key}-example"

    def use() -> None:
        name = st.session_state.get(menu)
        if name in named:
            st.session_state[key] = named[name]
            if then is not None:
                then()

    st.menu_button(
        "Examples", list(named), key=menu, icon=":material/lightbulb:", on_click=use, format_func=_short, wrap=False
    )


def settings(label: str = "Settings") -> DeltaGenerator:
    """A place for what is set once in a while; opens at a click, and its widgets are there all the time."""
    return st.popover(label, icon=":material/tune:", key="settings", wrap=False)


def _short(name: str) -> str:
    line = " ".join(name.split())
    return escape(line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…")
