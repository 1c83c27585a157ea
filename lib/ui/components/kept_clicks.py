"""Clicks that count until they are carried out.

What a button or a component reports is there for one run of the page, and the browser's next message (a hover over a
chart, a tick elsewhere) cuts that run short. A click whose work had not been done by then would be lost.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

_KEPT = "kept-clicks"  # in the session: key -> what was reported, of the page that is looked at


def keep(key: str, said: Any = True) -> None:
    """Remember what `key` has reported. For a callback: these run before the page does."""
    st.session_state.setdefault(_KEPT, {})[key] = said


def kept(key: str) -> Any:
    """What `key` has reported and nobody has carried out yet; None for nothing."""
    return st.session_state.get(_KEPT, {}).get(key)


def carried_out(key: str) -> None:
    """What `key` reported has been done, or cannot be done."""
    st.session_state.get(_KEPT, {}).pop(key, None)


@contextmanager
def carrying_out(key: str) -> Iterator[None]:
    """The work that `key` asked for: carried out at its end, and with an error, which would only come again.

    Not where the run is cut short: what Streamlit raises then is no `Exception`.
    """
    try:
        yield
    except Exception:
        carried_out(key)
        raise
    carried_out(key)


def forget() -> None:
    """Somebody has gone to another page: what was not carried out is not wanted any more."""
    st.session_state.pop(_KEPT, None)


def kept_button(
    label: str, *, key: str, disabled: bool = False, place: DeltaGenerator | None = None, **options: Any
) -> bool:
    """A button, in `place`, and whether it was pressed and the work not done: that belongs into `carrying_out(key)`."""
    button = st.button if place is None else place.button
    button(label, key=key, disabled=disabled, on_click=keep, args=(key,), **options)
    if disabled:
        carried_out(key)
    return kept(key) is not None
