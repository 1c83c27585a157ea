"""What a page computed in its last run, for the next run: most runs ask for the same again."""

from collections.abc import Callable
from typing import Any, TypeVar

import streamlit as st

Answer = TypeVar("Answer")


def last_answer(key: str, asked: Any, make: Callable[[], Answer]) -> Answer:
    """What `make()` gives; what it gave the last time, if this session asked for something equal then.

    One answer is kept for each `key`. `asked` must hold all that `make` looks at, and nothing in it may change later.
    """
    known: tuple[Any, Answer] | None = st.session_state.get(key)
    if known is None or known[0] != asked:
        known = st.session_state[key] = (asked, make())
    return known[1]
