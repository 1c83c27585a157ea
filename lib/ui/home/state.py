"""What Home remembers of a visitor: the road taken, with undo, the temperature; and the link that brings it back."""

from dataclasses import dataclass, field

import streamlit as st

from lib.ui.components.history import came_by_history
from lib.ui.river.link import PARAMETERS, read_link, to_link

_STATE, _PENDING = "home-state", "home-pending"
_LINKS = 16


@dataclass
class State:
    """`path`: ids that follow the prompt; `undone`: what undo goes back to, as (prompt, path). `nonce` changes when the
    page, not the dial, sets the temperature."""

    path: tuple[int, ...] = ()
    undo: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)
    temperature: float = 1.0
    nonce: int = 0
    base: tuple[str, str] | None = None  # (tokenizer, prompt) that the path continues
    links: list[dict[str, str]] = field(default_factory=list)  # written lately: a quick click may bring an old one
    problems: list[str] = field(default_factory=list)


def page_state() -> State:
    """This visitor's state; a link that was opened since the last run takes over. Called before the prompt's box."""
    view: State = st.session_state.setdefault(_STATE, State())
    query = {name: st.query_params[name] for name in PARAMETERS if name in st.query_params}
    back = came_by_history() and view.links[-1:] != [query]
    if back or (query not in view.links and (query or not view.links)):
        view.temperature, view.path, view.problems = read_link(query)
        view.nonce += 1
        view.undo, view.base = [], None
    if (pending := st.session_state.pop(_PENDING, None)) is not None:
        st.session_state["prompt"], view.path = pending
        view.base = None
    return view


def follow(view: State, tokenizer: str, prompt: str, vocabulary: int) -> None:
    """The path belongs to one prompt and one tokenizer: with another one it begins anew."""
    if view.base is not None and view.base != (tokenizer, prompt):
        view.path, view.undo = (), []
    view.base = (tokenizer, prompt)
    if any(token >= vocabulary for token in view.path):
        view.path = ()
        view.problems = [
            *view.problems,
            "The path in the link has token IDs that this model does not have; it is left out.",
        ]


def write_link(view: State) -> None:
    """Put path and temperature into the page's address."""
    query = to_link(view.temperature, view.path)
    view.links = [*(link for link in view.links if link != query), query][-_LINKS:]
    for name in PARAMETERS:
        if name in query and st.query_params.get(name) != query[name]:
            st.query_params[name] = query[name]
        elif name not in query and name in st.query_params:
            del st.query_params[name]


def go(view: State, path: tuple[int, ...]) -> None:
    """Another path after the same prompt; undo comes back."""
    assert view.base is not None
    view.undo.append((view.base[1], view.path))
    view.path, view.problems = path, []


def turn_off(view: State, prompt: str, token: int) -> None:
    """A road that leaves inside the prompt: the prompt ends there, and the token follows. Takes a rerun."""
    assert view.base is not None
    view.undo.append((view.base[1], view.path))
    st.session_state[_PENDING] = (prompt, (token,))
    view.problems = []


def undo() -> None:
    """Callback: one road back."""
    view: State = st.session_state[_STATE]
    if view.undo:
        st.session_state[_PENDING] = view.undo.pop()


def restart() -> None:
    """Callback: the prompt as it was typed, and nothing after it."""
    view: State = st.session_state[_STATE]
    if view.undo:
        st.session_state[_PENDING] = (view.undo[0][0], ())
    view.path, view.undo = (), []
