"""What happens on the Next Token page when a token or a place is clicked, and the prompt's examples."""

import streamlit as st

from lib.ui.next_token.link import MAX_PATH
from lib.ui.next_token.reading import Reading
from lib.ui.next_token.state import State

EXAMPLES = (
    "Once upon a time, there was a little",
    "The capital of France is",
    "What is 2+2?",
    "Suggest a party theme.",
    "I opened the door and saw",
)
_PENDING = "next-token-pending"


def before_widgets(view: State) -> None:
    """Carry out what a click of the last run asked of the prompt, which only works before its widget is made."""
    pending = st.session_state.pop(_PENDING, None)
    if pending is None:
        return
    prompt, path = pending
    st.session_state["prompt"] = prompt
    view.base, view.at = None, None
    view.history.push(path)


def append(reading: Reading, view: State, token_id: int) -> None:
    """Append a token to the end, or, where an earlier place is looked at, cut the text there and go on from it."""
    first = len(reading.prompt)
    if view.at is None or view.at >= first:
        path = (*reading.path[: None if view.at is None else view.at - first], token_id)
        if len(path) > MAX_PATH:
            st.toast(f"The path is at its longest ({MAX_PATH} tokens): use “Edit as text”, and go on from there.")
            return
        view.at = None
        view.history.push(path)
        st.rerun()
    kept = reading.prompt[1 if reading.start else 0 : view.at]
    st.session_state[_PENDING] = (reading.tokenizer.decode(kept), (token_id,))
    st.rerun()


def look(reading: Reading, view: State, place: int) -> None:
    """Show the distribution at a place of the text; the same place again goes back to the end."""
    if 0 < place < len(reading.ids):
        view.at = None if view.at == place else place
        st.rerun()


def example() -> None:
    """Callback: the example that was chosen becomes the prompt."""
    if chosen := st.session_state.get("next-token-example"):
        st.session_state["prompt"] = chosen
        st.session_state["next-token-example"] = None
