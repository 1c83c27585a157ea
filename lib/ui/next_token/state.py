"""What the Next Token page remembers (knobs, the path with undo, the place looked at), and what clicks change in it."""

from collections.abc import Callable
from dataclasses import dataclass, field

import streamlit as st

from lib.tokenization import Tokenizer
from lib.ui.components.history import came_by_history
from lib.ui.next_token.distribution import Knobs
from lib.ui.next_token.link import MAX_PATH, PARAMETERS, read_link, to_link
from lib.ui.next_token.reading import Reading

CHART = "next-token-chart"  # the chart's key
TABS = "next-token-tabs"  # of what is below it
EXAMPLES = (
    "Once upon a time, there was a little",
    "The capital of France is",
    "What is 2+2?",
    "Suggest a party theme.",
    "I opened the door and saw",
)
_PENDING = "next-token-pending"
UNREADABLE = "\ufffd"  # stands in decoded text for bytes that are no character


@dataclass
class History:
    """The path as a list of states, so that every change can be undone and redone.

    >>> history = History()
    >>> history.push((7,)); history.push((7, 8)); history.undo(); history.path
    (7,)
    >>> history.redo(); history.path
    (7, 8)
    """

    states: list[tuple[int, ...]] = field(default_factory=lambda: [()])
    at: int = 0

    @property
    def path(self) -> tuple[int, ...]:
        """Ids appended to the prompt."""
        return self.states[self.at]

    def push(self, path: tuple[int, ...]) -> None:
        """Go to a new path; what was undone is forgotten."""
        if path != self.path:
            self.states[self.at + 1 :] = [path]
            self.at += 1

    def undo(self) -> None:
        """One change back, if there is one."""
        self.at = max(0, self.at - 1)

    def redo(self) -> None:
        """One change forward again, if there is one."""
        self.at = min(len(self.states) - 1, self.at + 1)


@dataclass
class State:
    """One visitor's page. `nonce` changes when the page, not the chart, sets the knobs."""

    knobs: Knobs = field(default_factory=Knobs)
    start: Knobs = field(default_factory=Knobs)
    nonce: int = 0
    history: History = field(default_factory=History)
    base: tuple[str, str] | None = None  # (tokenizer, prompt) that the path continues
    earlier: list[tuple[str, History]] = field(default_factory=list)  # prompts that a click has cut, for undo
    at: int | None = None  # the place looked at; None for the end of the text
    drawn: tuple[int, ...] | None = None  # the text whose temperatures are on the screen
    url: dict[str, str] | None = None  # what was written to the link
    known: dict[tuple[str, tuple[int, ...]], float] = field(default_factory=dict)  # ln p of a path's last token
    problems: list[str] = field(default_factory=list)

    def set_knobs(self, knobs: Knobs) -> None:
        """Make the chart take these knobs."""
        self.knobs = self.start = knobs
        self.nonce += 1


def page_state() -> State:
    """This visitor's state; a link that was opened since the last run takes over, a bare visit goes on as it was."""
    view: State = st.session_state.setdefault("next-token-state", State())
    query = {name: st.query_params[name] for name in PARAMETERS if name in st.query_params}
    arrived = query != view.url and (query or view.url is None or came_by_history())
    if arrived:
        knobs, path, view.problems = read_link(query)
        view.set_knobs(knobs)
        view.history = History([path])
        view.base = view.at = None
    elif view.knobs != view.start and not st.session_state.get(CHART, {}).get("settings"):
        view.set_knobs(view.knobs)  # back on the page: the chart begins anew, where it was left
    return view


def write_link(view: State) -> None:
    """Put the state into the page's address."""
    query = to_link(view.knobs, view.history.path)
    for name in PARAMETERS:
        if name in query and st.query_params.get(name) != query[name]:
            st.query_params[name] = query[name]
        elif name not in query and name in st.query_params:
            del st.query_params[name]
    view.url = query


def follow(view: State, tokenizer: Tokenizer, prompt: str) -> tuple[int, ...]:
    """The path to read. It belongs to one prompt and one tokenizer: with another one it begins anew."""
    if view.base is not None and view.base != (tokenizer.name, prompt):
        view.history, view.at, view.earlier = History(), None, []
    view.base = (tokenizer.name, prompt)
    if any(token_id >= tokenizer.vocab_size for token_id in view.history.path):
        view.problems = [
            *view.problems,
            "The path in the link has token IDs that this model's vocabulary does not have; it is left out.",
        ]
        view.history = History()
    return view.history.path


def act(change: Callable[[], None]) -> Callable[[], None]:
    """A button's callback that changes the path: the end of the text is looked at again."""

    def run() -> None:
        change()
        st.session_state["next-token-state"].at = None

    return run


def before_widgets(view: State) -> None:
    """Carry out what a click of the last run asked of the prompt, which only works before its widget is made."""
    pending = st.session_state.pop(_PENDING, None)
    if pending is None:
        return
    st.session_state["prompt"], view.history = pending
    view.base, view.at = None, None


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
    kept = reading.tokenizer.decode(reading.prompt[1 if reading.start else 0 : view.at])
    assert view.base is not None
    if UNREADABLE in kept and UNREADABLE not in view.base[1]:
        st.toast("That token begins inside a character, and a text cannot be cut there.")
        return
    view.earlier.append((view.base[1], view.history))
    st.session_state[_PENDING] = (kept, History([(token_id,)]))
    st.rerun()


def undo(view: State) -> None:
    """One change of the path back; before the first, the prompt that a click has cut comes back whole."""
    if view.history.at:
        view.history.undo()
    elif view.earlier:
        st.session_state[_PENDING] = view.earlier.pop()


def look(reading: Reading, view: State, place: int) -> None:
    """Show the distribution at a place of the text; the same place again goes back to the end."""
    if 0 < place < len(reading.ids):
        view.at = None if view.at == place else place
        st.rerun()
