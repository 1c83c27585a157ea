"""Below the result, as tabs of which only the open one is computed."""

from collections.abc import Callable

import streamlit as st

from lib.training.recipe import Recipe
from lib.ui.components.link_values import in_link
from lib.ui.components.live_updates import LiveUpdates
from lib.ui.components.page import explained
from lib.ui.training import chatting, data, lessons, open_in, snapshot_tabs
from lib.ui.training.result import Shown, trouble

_LOOKS: dict[str, Callable[[Shown], None]] = {
    "Samples over time": snapshot_tabs.over_time,
    "Curves": snapshot_tabs.curves,
    "Embeddings": snapshot_tabs.embeddings,
    "Attention": snapshot_tabs.attention,
    "Sums": snapshot_tabs.sums,
    "Beliefs": snapshot_tabs.beliefs,
}
_CHAT, _DATA, _QUESTIONS, _SHORT = "The dialogues", "The data", "Questions", "In short"
TABS = (*_LOOKS, _CHAT, _DATA, _QUESTIONS, _SHORT)


def show_sections(shown: Shown | None, whole: Shown | None, fields: dict[str, object], updates: LiveUpdates) -> None:
    """The links to other pages, what went wrong, and the tabs. `whole`: the run that is shown, whatever its stage."""
    with st.container(key="train-below", gap="small"):
        if shown is not None:
            trouble(shown)
            open_in.links(shown)
    tabs = dict(zip(TABS, st.tabs(TABS, on_change="rerun", key="train-tab", **in_link("train-tab", TABS)), strict=True))
    for name, tab in tabs.items():
        if tab.open:
            with tab, explained():
                _section(name, shown, whole, fields, updates)


def _section(
    name: str, shown: Shown | None, whole: Shown | None, fields: dict[str, object], updates: LiveUpdates
) -> None:
    if name == _DATA:
        data.show_data(whole.run.recipe if whole else _asked(fields))
    elif name == _QUESTIONS:
        lessons.questions(whole)
    elif name == _SHORT:
        lessons.in_short()
    elif name == _CHAT:
        chatting.teach(whole, updates)
    elif shown is None:
        st.info("There is nothing to look at before the first step.")
    else:
        _LOOKS[name](shown)


def _asked(fields: dict[str, object]) -> Recipe:
    """The text that the bar has chosen, whether or not it can be trained on."""
    return Recipe(text=fields["text"], own=str(fields["own"]))  # type: ignore[arg-type]
