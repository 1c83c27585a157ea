"""The upper part of the Next Token page: the text as chips, one a token, the path with undo, what to know about it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from lib.engine import TokenScores
from lib.text_format import percent
from lib.ui.components.custom import component
from lib.ui.components.page import escape
from lib.ui.next_token.reading import HEATED, Reading, path_logprobs, scores
from lib.ui.next_token.state import State, act

_ASSETS = Path(__file__).with_name("assets")
_component = component(
    "next_token_strip",
    html='<div class="mount"></div>\n',
    css=(_ASSETS / "strip.css").read_text(encoding="utf-8"),
    js=(_ASSETS / "strip.js").read_text(encoding="utf-8"),
)
SHOWN = 400  # chips at most; the last ones, as they are next to the prediction
FULL_HEAT_BITS = 12.0  # surprisal at which a chip is fully coloured (p = 1/4096)


@dataclass(frozen=True)
class Chip:
    """One token. `heat` 0..1 or None; `note` stands where the id would; `facts` are shown on hover."""

    place: int
    id: int
    label: str
    facts: tuple[tuple[str, str], ...] = ()
    heat: float | None = None
    note: str | None = None
    path: bool = False
    special: bool = False


def heat(logprob: float) -> float:
    """Surprisal as a colour: 0 for certain, 1 from `FULL_HEAT_BITS` on.

    >>> heat(0.0), heat(-math.log(2) * 6)
    (0.0, 0.5)
    """
    return min(1.0, max(0.0, -logprob / math.log(2) / FULL_HEAT_BITS))


def token_strip(key: str, chips: Sequence[Chip], *, at: int | None = None, clickable: bool = False) -> int | None:
    """Show the chips; gives back the place that was clicked just now."""
    result = _component(
        key=key,
        data={
            "tokens": [vars(chip) for chip in chips[-SHOWN:]],
            "hidden": max(0, len(chips) - SHOWN),
            "at": at,
            "clickable": clickable,
        },
        on_pick_change=lambda: None,
    )
    picked = result.get("pick")
    return None if picked is None else int(picked)


def bits(logprob: float) -> float:
    """Surprisal in bits of a log-probability in nats."""
    return -logprob / math.log(2)


def chips(reading: Reading, found: TokenScores | None, path: list[float]) -> list[Chip]:
    """One chip a token. `found` scores places 1 and up; `path` has ln p of the appended tokens."""
    made, first = [], len(reading.prompt)
    for place, token_id in enumerate(reading.ids):
        row = reading.row(token_id)
        facts = [("place", str(place + 1)), ("id", str(row.id)), ("bytes", row.hex)]
        logprob = path[place - first] if place >= first else None
        if found is not None and place > 0:
            logprob = float(found.logprobs[place - 1])
            facts += _reading_facts(reading, found, place - 1)
        elif logprob is not None:
            facts.append(("probability", percent(math.exp(logprob))))
        note = percent(math.exp(path[place - first])) if place >= first else None
        made.append(
            Chip(
                place,
                token_id,
                row.label,
                tuple(facts),
                path=place >= first,
                special=row.special,
                note=note,
                heat=heat(logprob) if found is not None and logprob is not None else None,
            )
        )
    return made


def _reading_facts(reading: Reading, found: TokenScores, index: int) -> list[tuple[str, str]]:
    logprob = float(found.logprobs[index])
    guess = reading.label(int(found.guesses[index]))
    return [
        ("probability", percent(math.exp(logprob))),
        ("surprisal", f"{bits(logprob):.2f} bits"),
        ("rank", f"{int(found.ranks[index]) + 1:,}"),
        ("the model's guess", f"{guess} {percent(float(found.guess_probs[index]))}"),
    ]


def show_tokens(reading: Reading, view: State, *, heated: bool) -> int | None:
    """The text's tokens, coloured by surprisal if `heated`; gives back the place that was clicked."""
    found = scores(reading.model_id, reading.ids) if heated and len(reading.ids) > 1 else None
    path = path_logprobs(reading, view.known)
    picked = token_strip("next-token-text", chips(reading, found, path), at=view.at, clickable=True)
    st.caption(_summary(reading, found, path))
    return picked


def _summary(reading: Reading, found: TokenScores | None, path: list[float]) -> str:
    count = len(reading.ids)
    text = f"{count:,} token{'s' if count != 1 else ''}, each with its id."
    if found is not None:
        mean = -float(found.logprobs.mean())
        text += (
            f" The redder, the more surprised the model was: on average {mean / math.log(2):.2f} bits, a perplexity of "
            f"{math.exp(mean):,.1f}. Hover for its guess; click a token to see what was expected in its place."
        )
    elif count > HEATED:
        text += f" The colours of surprisal are shown up to {HEATED} tokens; the tab “Every place” has them for all."
    if path:
        total = sum(path)
        text += (
            f" You added {len(path)}: together the model gives them **{_together(total)}** "
            f"(ln p = {total:.2f}, {bits(total):.1f} bits)."
        )
    return text


def _together(total: float) -> str:
    """A sequence's probability from its log-probability; long ones are smaller than any float."""
    return percent(math.exp(total)) if total > -600 else f"10^{total / math.log(10):.0f}"


def path_buttons(reading: Reading, view: State) -> None:
    """Undo, redo, reset, and the path as text to type on."""
    history = view.history
    last = len(history.states) - 1
    fold = "Put the added tokens into the prompt as text, to type on; control tokens become plain text"
    with st.container(horizontal=True, horizontal_alignment="right", gap="small", key="path-buttons"):
        _path_button("undo", "undo", "Undo", act(history.undo), disabled=history.at == 0)
        _path_button("redo", "redo", "Redo", act(history.redo), disabled=history.at == last)
        reset = act(lambda: history.push(()))
        _path_button("reset", "restart_alt", "Reset: take all added tokens away", reset, disabled=not history.path)
        _path_button("fold", "edit", fold, lambda: _fold(reading), disabled=not reading.path)


def _path_button(name: str, icon: str, hint: str, change: Callable[[], None], *, disabled: bool) -> None:
    st.button("", icon=f":material/{icon}:", key=f"path-{name}", help=hint, disabled=disabled, on_click=change)


def _fold(reading: Reading) -> None:
    ids = reading.ids[1:] if reading.start else reading.ids
    st.session_state["prompt"] = reading.tokenizer.decode(ids)


def place_note(reading: Reading, view: State) -> None:
    """Which place the chart shows, if it is not the end."""
    if view.at is None:
        return
    row = reading.row(reading.ids[view.at])
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="place-note"):
        st.markdown(
            f":material/my_location: The chart shows **place {view.at + 1}**: what the model expected after the "
            f"{view.at} token{'s' if view.at > 1 else ''} before it. What really stands there, "
            f"“**{escape(row.label)}**”, is marked. Clicking a token writes on from here."
        )
        st.button("Back to the end", key="place-back", on_click=_to_end, args=(view,))


def _to_end(view: State) -> None:
    view.at = None


def notes(reading: Reading, prompt: str, view: State) -> None:
    """What a reader should know about this text: problems of the link, an empty prompt, control-token spellings."""
    for problem in view.problems:
        st.warning(escape(problem), icon=":material/link_off:")
    if reading.start:
        st.info(
            f"The prompt is empty. A model needs something to continue, so it reads the token `{reading.start}`, "
            "which marks the start of a text: what you see is how it thinks a text begins.",
            icon=":material/start:",
        )
    spelled = [text for text in reading.tokenizer.special if text in prompt]
    if spelled:
        st.info(
            "The prompt spells a control token (" + ", ".join(f"`{text}`" for text in spelled[:4]) + "). Typed text is "
            "only ever ordinary characters here: it is cut into pieces and does not become the control token.",
            icon=":material/shield:",
        )
