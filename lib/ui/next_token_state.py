"""What the Next Token page remembers: the chart's knobs, the path of appended tokens with undo, and both in the link.

Query parameters: t, k, p, minp, n, seed, draws and path (ids joined by commas); prompt and model belong to widgets.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import streamlit as st

from lib.tokenization import Tokenizer
from lib.ui.distribution import DRAWS, ROWS, Knobs

MAX_PATH = 512
_OWN = ("t", "k", "p", "minp", "n", "seed", "draws", "path")


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
    at: int | None = None  # the place looked at; None for the end of the text
    url: dict[str, str] | None = None  # what was written to the link
    known: dict[tuple[str, tuple[int, ...]], float] = field(default_factory=dict)  # ln p of a path's last token
    problems: list[str] = field(default_factory=list)

    def set_knobs(self, knobs: Knobs) -> None:
        """Make the chart take these knobs."""
        self.knobs = self.start = knobs
        self.nonce += 1


def _number(text: str, low: float, high: float, *, whole: bool = False) -> float | int | None:
    try:
        value = float(text)
    except ValueError:
        return None
    if not math.isfinite(value) or not low <= value <= high or (whole and value != int(value)):
        return None
    return int(value) if whole else value


def read_link(query: Mapping[str, str]) -> tuple[Knobs, tuple[int, ...], list[str]]:
    """Knobs, path and a sentence for every parameter that cannot be used (its default is used instead).

    >>> knobs, path, problems = read_link({"t": "0.7", "p": "2", "path": "5,6"})
    >>> knobs.t, knobs.p, path, problems
    (0.7, 1.0, (5, 6), ['top-p in the link is “2”, but it must be between 0 and 1; it is off.'])
    """
    values: dict[str, float | int | None] = {}
    problems: list[str] = []

    def take(name: str, knob: str, low: float, high: float, words: str, *, whole: bool = False) -> None:
        if (text := query.get(name, "")) == "":
            return
        value = _number(text, low, high, whole=whole)
        if value is None:
            problems.append(f"{words.format(text=text[:40])}")
        else:
            values[knob] = value

    take("t", "t", 0, 2, "The temperature in the link is “{text}”, but it must be between 0 and 2; it is 1.")
    take(
        "k",
        "k",
        1,
        10**9,
        "top-k in the link is “{text}”, but it must be a whole number from 1; it is off.",
        whole=True,
    )
    take("p", "p", 0, 1, "top-p in the link is “{text}”, but it must be between 0 and 1; it is off.")
    take("minp", "m", 0, 1, "min-p in the link is “{text}”, but it must be between 0 and 1; it is off.")
    take(
        "n",
        "n",
        5,
        ROWS,
        "The number of tokens in the link is “{text}”, but it must be from 5 to 100; it is 20.",
        whole=True,
    )
    take(
        "seed",
        "seed",
        0,
        2**32 - 1,
        "The seed in the link is “{text}”, but it must be a whole number; it is 0.",
        whole=True,
    )
    take(
        "draws", "draws", 0, DRAWS, "The draws in the link are “{text}”, but they must be 1, 100 or 10000.", whole=True
    )
    path = query.get("path", "")
    ids = [part.strip() for part in path.split(",")] if path.strip() else []
    if not all(part.isascii() and part.isdigit() and len(part) < 10 for part in ids) or len(ids) > MAX_PATH:
        problems.append("The path in the link is not a list of token ids; it is left out.")
        ids = []
    return Knobs(**values), tuple(int(part) for part in ids), problems  # type: ignore[arg-type]


def link(knobs: Knobs, path: tuple[int, ...]) -> dict[str, str]:
    """The query parameters that bring this state back; what is at its default is left out.

    >>> link(Knobs(t=0.5, k=40), (1, 2))
    {'t': '0.5', 'k': '40', 'path': '1,2'}
    """
    standard = Knobs()
    pairs = {
        "t": (knobs.t, standard.t),
        "k": (knobs.k, None),
        "p": (knobs.p, standard.p),
        "minp": (knobs.m, standard.m),
        "n": (knobs.n, standard.n),
        "seed": (knobs.seed, standard.seed),
        "draws": (knobs.draws, standard.draws),
    }
    query = {
        name: f"{value:g}" if isinstance(value, float) else str(value)
        for name, (value, default) in pairs.items()
        if value != default
    }
    return query | ({"path": ",".join(map(str, path))} if path else {})


def state() -> State:
    """This visitor's state; a link that was opened since the last run takes over, a bare visit goes on as it was."""
    here: State = st.session_state.setdefault("next-token-state", State())
    query = {name: st.query_params[name] for name in _OWN if name in st.query_params}
    arrived = query != here.url and (query or here.url is None)
    if arrived:
        knobs, path, here.problems = read_link(query)
        here.set_knobs(knobs)
        here.history = History([path])
        here.base = here.at = None
    return here


def write_link(here: State) -> None:
    """Put the state into the page's address."""
    query = link(here.knobs, here.history.path)
    for name in _OWN:
        if name in query and st.query_params.get(name) != query[name]:
            st.query_params[name] = query[name]
        elif name not in query and name in st.query_params:
            del st.query_params[name]
    here.url = query


def follow(here: State, tokenizer: Tokenizer, prompt: str) -> tuple[int, ...]:
    """The path to read. It belongs to one prompt and one tokenizer: with another one it begins anew."""
    if here.base is not None and here.base != (tokenizer.name, prompt):
        here.history, here.at = History(), None
    here.base = (tokenizer.name, prompt)
    if any(token_id >= tokenizer.vocab_size for token_id in here.history.path):
        here.problems = [
            *here.problems,
            "The path in the link has ids that this model's vocabulary does not have; it is left out.",
        ]
        here.history = History()
    return here.history.path


def act(change: Callable[[], None]) -> Callable[[], None]:
    """A button's callback that changes the path: the end of the text is looked at again."""

    def run() -> None:
        change()
        st.session_state["next-token-state"].at = None

    return run
