"""The line under the tokens of the Next Token page: one sentence about the text, in a place that is always there."""

import math

import streamlit as st

from lib.engine.sampling import softmax
from lib.text_format import ordinal, percent
from lib.ui.components import scroll
from lib.ui.components.glossary import term
from lib.ui.components.page import code, escape
from lib.ui.next_token.reading import HEATED, Reading
from lib.ui.next_token.state import TABS, State
from lib.ui.next_token.text import Known, bits

TRAILING = "White space at the end"  # the tab that shows what it does
_HOW = (
    "A token's colour is how surprised the model was to see it there: none for 0 bits, full from 10 bits on (a chance "
    "of 1 in 1,024). Its card, which opens on hover and when the arrow keys reach it, has its ID, its rank and what "
    "the model would have guessed. Click a token to see all that was expected at its position."
)


def tail(reading: Reading, prompt: str, view: State) -> str:
    """What the prompt ends in, if that is white space and the chart shows what comes after it; otherwise ""."""
    if reading.path or view.at is not None or not prompt.strip():
        return ""
    end = prompt[len(prompt.rstrip()) :]
    if not end:
        return ""
    return "space" if not end.strip(" ") else "line break" if not end.strip("\n\r") else "white space"


def note_line(reading: Reading, prompt: str, view: State, known: Known) -> None:
    """The place that is looked at, or what one should know of this prompt, or how the model reads the text."""
    if view.at is not None:
        _place(reading, view, view.at)
    elif reading.start:
        st.markdown(
            f":material/start: The prompt is empty, so the model reads {code(reading.start)}, "
            "which marks the start of a text."
        )
    elif end := tail(reading, prompt, view):
        st.markdown(f":material/warning: The prompt ends in a {end}, and that changes what comes next.")
        st.button("See how much", key="show-trailing", type="tertiary", on_click=_show_trailing, wrap=False)
    elif spelled := [text for text in reading.tokenizer.special if text in prompt]:
        st.markdown(
            f":material/shield: {code(spelled[0])} is ordinary characters here: typed text is cut into pieces and does "
            "not become the special token."
        )
    else:
        st.caption(_summary(reading, known), help=_HOW)


def _place(reading: Reading, view: State, at: int) -> None:
    """What really stands at the place that the chart shows, and how likely it was."""
    real, probs = reading.ids[at], softmax(reading.logits(at))
    rank = int((probs > probs[real]).sum()) + 1
    st.markdown(
        f":material/my_location: **position {at + 1}**, after {at} token{'s' if at > 1 else ''}: "
        f"“**{escape(reading.label(real))}**” stands there ({percent(float(probs[real]))}, ranked {ordinal(rank)} of "
        f"{probs.size:,}). "
        "A click on a bar goes on from here."
    )
    st.button("Back to the end", key="place-back", type="tertiary", on_click=_to_end, args=(view,), wrap=False)


def _to_end(view: State) -> None:
    view.at = None


def _show_trailing() -> None:
    st.session_state[TABS] = TRAILING
    scroll.ask(TABS)


def _summary(reading: Reading, known: Known) -> str:
    count = len(reading.ids)
    parts = [f"{count:,} token{'s' if count != 1 else ''}"]
    if known.scores is not None:
        mean = -float(known.scores.logprobs.mean())
        parts.append(
            f"{mean / math.log(2):.2f} bits of {term('surprise')} on average, {term('perplexity')} of the text "
            f"{math.exp(mean):,.1f}"
        )
    elif count > HEATED:
        parts.append(f"surprise is coloured up to {HEATED} tokens; the tab “Every position” has it for all")
    if known.path:
        total = sum(known.path)
        parts.append(
            f"{len(known.path)} added: together **{_together(total)}** (log-probability −{-total:.2f}, "
            f"{bits(total):.1f} bits)"
        )
    return " · ".join(parts)


def _together(total: float) -> str:
    """A sequence's probability from its log-probability; long ones are smaller than any float."""
    return percent(math.exp(total)) if total > -600 else f"10^{total / math.log(10):.0f}"


def problems(view: State) -> None:
    """What of the link could not be used, said once."""
    for problem in view.problems:
        st.toast(escape(problem), icon=":material/link_off:", duration="infinite")
    view.problems = []
