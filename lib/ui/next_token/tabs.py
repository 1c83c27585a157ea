"""The panels below the chart: only the open one runs."""

import streamlit as st

from lib.ui.components.page import explained
from lib.ui.next_token import panels
from lib.ui.next_token import table as tables
from lib.ui.next_token.actions import append, look
from lib.ui.next_token.compare import compare
from lib.ui.next_token.guess import guess
from lib.ui.next_token.reading import Reading, read
from lib.ui.next_token.state import State

_NAMES = ("Temperatures", "Compare two", "Guess the next token", "Every place", "Table and download")


def tabs(reading: Reading, prompt: str, view: State) -> None:
    """The trailing-space warning, the tabs and the program."""
    if prompt != prompt.rstrip() and prompt.strip() and not reading.path and view.at is None:
        with explained():
            panels.trailing_space(reading, prompt, read(reading.model_id, prompt.rstrip(), ()))
    opened = st.tabs(_NAMES, key="next-token-tabs", on_change="rerun")
    with opened[0], explained():
        if opened[0].open:
            panels.temperatures(reading, view)
    with opened[1], explained():
        if opened[1].open:
            compare(reading, view)
    with opened[2], explained():
        if opened[2].open:
            guess(reading.model_id, prompt)
    with opened[3], explained():
        if opened[3].open:
            tables.places(reading, lambda place: look(reading, view, place))
    with opened[4], explained():
        if opened[4].open:
            tables.table(reading, view, lambda token_id: append(reading, view, token_id))
    with st.expander("The code that computes this", icon=":material/code:"):
        panels.code(reading, view)
