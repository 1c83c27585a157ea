"""The text of the Next Token page as tokens on one line, and the buttons that change it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import streamlit as st

from lib.engine import TokenScores
from lib.text_format import percent
from lib.ui.components.custom import asset, component
from lib.ui.next_token.reading import HEATED, Reading, path_logprobs, scores
from lib.ui.next_token.state import State, act, undo

_component = component(
    "next_token_strip",
    html='<div class="mount"></div>\n',
    css=asset(__file__, "card.css", "strip.css"),
    js=asset(__file__, "rove.js", "strip.js"),
)
SHOWN = 400  # chips at most; the last ones, as they are next to the prediction
_IMPOSSIBLE = -1e4  # stands for ln 0, which JSON has no number for


@dataclass(frozen=True)
class Chip:
    """One token. `logprob` is ln p given what stands before it, None where it is not known; `facts` are its card."""

    place: int
    id: int
    label: str
    facts: tuple[tuple[str, str], ...] = ()
    logprob: float | None = None
    path: bool = False
    special: bool = False


@dataclass(frozen=True)
class Known:
    """What is known of a text: how the model reads it (None for long and for one-token texts), and the path's ln p."""

    scores: TokenScores | None
    path: tuple[float, ...]

    @classmethod
    def of(cls, reading: Reading, view: State) -> "Known":
        """Texts of up to `HEATED` tokens are scored unasked, in the pass that the chart needs anyway."""
        found = scores(reading.model_id, reading.ids) if 1 < len(reading.ids) <= HEATED else None
        return cls(found, tuple(path_logprobs(reading, view.known)))


def token_strip(key: str, chips: Sequence[Chip], *, at: int | None = None, ids: bool = False) -> int | None:
    """Show the chips, with their ids below if `ids`; gives back the place that was clicked just now."""
    result = _component(
        key=key,
        data={
            "tokens": [vars(chip) for chip in chips[-SHOWN:]],
            "hidden": max(0, len(chips) - SHOWN),
            "at": at,
            "ids": ids,
        },
        on_pick_change=lambda: None,
    )
    picked = result.get("pick")
    return None if picked is None else int(picked)


def bits(logprob: float) -> float:
    """Surprisal in bits of a log-probability in nats."""
    return -logprob / math.log(2)


def chips(reading: Reading, known: Known) -> list[Chip]:
    """One chip a token."""
    return [_chip(reading, known, place) for place in range(len(reading.ids))]


def _chip(reading: Reading, known: Known, place: int) -> Chip:
    row, first, found = reading.row(reading.ids[place]), len(reading.prompt), known.scores
    facts, logprob = [("position", str(place + 1)), ("token ID", str(row.id)), ("bytes", row.hex)], None
    if found is not None and place > 0:
        logprob = max(_IMPOSSIBLE, float(found.logprobs[place - 1]))
        facts += _reading_facts(reading, found, place - 1)
    elif place >= max(1, first):
        logprob = known.path[place - max(1, first)]
        facts.append(("probability", percent(math.exp(logprob))))
    return Chip(place, row.id, row.label, tuple(facts), logprob, path=place >= first, special=row.special)


def _reading_facts(reading: Reading, found: TokenScores, index: int) -> list[tuple[str, str]]:
    logprob = float(found.logprobs[index])
    guess = reading.label(int(found.guesses[index]))
    return [
        ("probability", percent(math.exp(logprob))),
        ("surprise", f"{bits(logprob):.2f} bits"),
        ("rank", f"{int(found.ranks[index]) + 1:,}"),
        ("the model's guess", f"{guess} {percent(float(found.guess_probs[index]))}"),
    ]


def show_tokens(reading: Reading, view: State, known: Known, *, ids: bool) -> int | None:
    """The text's tokens on one line; gives back the place that was clicked."""
    return token_strip("next-token-text", chips(reading, known), at=view.at, ids=ids)


def path_buttons(reading: Reading, view: State) -> None:
    """Undo, redo, reset, and the path as text to type on."""
    history = view.history
    last = len(history.states) - 1
    fold = "Put the added tokens into the prompt as text, to type on; special tokens become plain text"
    with st.container(horizontal=True, gap="xxsmall", width="content", key="path-buttons"):
        _path_button("undo", "undo", "Undo", act(partial(undo, view)), disabled=not history.at and not view.earlier)
        _path_button("redo", "redo", "Redo", act(history.redo), disabled=history.at == last)
        reset = act(lambda: history.push(()))
        _path_button("reset", "restart_alt", "Reset: take all added tokens away", reset, disabled=not history.path)
        _path_button("fold", "edit", fold, lambda: _fold(reading), disabled=not reading.path)


def _path_button(name: str, icon: str, hint: str, change: Callable[[], None], *, disabled: bool) -> None:
    """The label is for screen readers; page.css shows the icon alone."""
    label = {"undo": "Undo", "redo": "Redo", "reset": "Reset", "fold": "Edit as text"}[name]
    st.button(
        label,
        icon=f":material/{icon}:",
        key=f"path-{name}",
        help=hint,
        disabled=disabled,
        on_click=change,
        type="tertiary",
        wrap=False,
    )


def _fold(reading: Reading) -> None:
    ids = reading.ids[1:] if reading.start else reading.ids
    st.session_state["prompt"] = reading.tokenizer.decode(ids)
