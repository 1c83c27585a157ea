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


def before_widgets(here: State) -> None:
    """Carry out what a click of the last run asked of the prompt, which only works before its widget is made."""
    pending = st.session_state.pop(_PENDING, None)
    if pending is None:
        return
    prompt, path = pending
    st.session_state["prompt"] = prompt
    here.base, here.at = None, None
    here.history.push(path)


def append(reading: Reading, here: State, token_id: int) -> None:
    """Append a token to the end, or, where an earlier place is looked at, cut the text there and go on from it."""
    first = len(reading.prompt)
    if here.at is None or here.at >= first:
        path = (*reading.path[: None if here.at is None else here.at - first], token_id)
        if len(path) > MAX_PATH:
            st.toast(f"The path is at its longest ({MAX_PATH} tokens): use “Edit as text”, and go on from there.")
            return
        here.at = None
        here.history.push(path)
        st.rerun()
    kept = reading.prompt[1 if reading.start else 0 : here.at]
    st.session_state[_PENDING] = (reading.tokenizer.decode(kept), (token_id,))
    st.rerun()


def look(reading: Reading, here: State, place: int) -> None:
    """Show the distribution at a place of the text; the same place again goes back to the end."""
    if 0 < place < len(reading.ids):
        here.at = None if here.at == place else place
        st.rerun()


def example() -> None:
    """Callback: the example that was chosen becomes the prompt."""
    if chosen := st.session_state.get("next-token-example"):
        st.session_state["prompt"] = chosen
        st.session_state["next-token-example"] = None
