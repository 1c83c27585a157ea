"""What is below the chart of the Next Token page, in tabs. Each is computed only while it is open."""

import time
from collections.abc import Callable

import streamlit as st

from lib.figures import next_token as figures
from lib.figures import two_distributions as pairs
from lib.figures.theme import Figure
from lib.text_format import percent
from lib.ui import cache
from lib.ui.components import scroll
from lib.ui.components.charts import chart
from lib.ui.components.glossary import term
from lib.ui.components.link_values import in_link
from lib.ui.components.linked_text import renamed
from lib.ui.components.page import explained, wide_chart
from lib.ui.next_token.compare import compare_panel, in_bits
from lib.ui.next_token.distribution import Knobs
from lib.ui.next_token.guess import guess_panel
from lib.ui.next_token.lesson import in_short, question
from lib.ui.next_token.note import TRAILING, tail
from lib.ui.next_token.reading import Reading, read
from lib.ui.next_token.state import TABS, State, append, look
from lib.ui.next_token.table import places, table_panel
from lib.ui.next_token.transformers_code import program

# Drawing nine Plotly charts holds the browser for some 300 ms; sent together with the main chart they are drawn before
# it is painted. Seconds after which it is on the screen; they cost no computing. On a busy machine (load 8, two cores)
# no pause let 5 of 9 new charts wait for the others, 0.05 s let 2 and 0.15 s one.
_HEAD_START = 0.15
_VIEWS = ("Six temperatures", "Every temperature", "How uncertain is the model?")


def tab_panels(reading: Reading, prompt: str, view: State) -> None:
    """What is below the chart; a panel is computed while its tab is open, and a tab without content is not there."""
    panels: dict[str, Callable[[], None]] = {
        "Temperatures": lambda: temperatures(reading, view),
        "Compare two": lambda: compare_panel(reading, view),
        "Guess the next token": lambda: guess_panel(reading.model_id, prompt),
        "Every position": lambda: places(reading, lambda place: look(reading, view, place)),
        "Table and download": lambda: table_panel(reading, view, lambda token_id: append(reading, view, token_id)),
        "Code": lambda: code(reading, view),
        "Questions": lambda: question(reading, view),
        "In short": in_short,
    }
    if end := tail(reading, prompt, view):
        panels[TRAILING] = lambda: trailing_space(reading, end, read(reading.model_id, prompt.rstrip(), ()))
    renamed(TABS, {"Every place": "Every position"})  # as the tab was called before
    tabs = st.tabs(list(panels), key=TABS, on_change="rerun", **in_link(TABS, panels))
    for tab, panel in zip(tabs, panels.values(), strict=True):
        with tab, explained():
            if tab.open:
                panel()
    scroll.place(TABS)  # last: what one is taken to must be there


def temperatures(reading: Reading, view: State) -> None:
    """The same logits at six temperatures, along all temperatures, or how spread out they become."""
    ids, began = reading.ids[: view.at], time.monotonic()
    shown = st.segmented_control(
        "What to show", _VIEWS, default=_VIEWS[0], key="next-token-temperatures", required=True,
        label_visibility="collapsed",
    )  # fmt: skip
    six, along, spread = _drawn(reading.model_id, ids)
    if view.drawn != ids:
        time.sleep(max(0.0, began + _HEAD_START - time.monotonic()))
        view.drawn = ids
    if shown == _VIEWS[0]:
        st.markdown(
            "**The same scores at six temperatures.** Every score is divided by T before the softmax. "
            "The order never changes, only how far apart the bars are."
        )
        with wide_chart("next-token-six"):
            chart(six, key="next-token-six")
    elif shown == _VIEWS[1]:
        st.markdown(
            "**Each token's probability against temperature.** The likeliest token only loses as T grows; a token in "
            "the "
            "middle may first gain, then lose to the thousands of unlikely ones, together “all other tokens”."
        )
        chart(along, key="next-token-along")
    else:
        st.markdown(
            f"**How uncertain is the model?** {term('entropy', 'Entropy')} is the average surprise in bits. The "
            "effective "
            "choices, 2 to the power of it, are the number of equally likely tokens that would be just as uncertain."
        )
        chart(spread, key="next-token-spread")


@cache.of_models
@st.cache_resource(max_entries=32, show_spinner=False)
def _drawn(model_id: str, ids: tuple[int, ...]) -> tuple[Figure, Figure, Figure]:
    """The three figures, which no setting changes: drawn once for each text and never altered afterwards."""
    reading = Reading(model_id, ids, (), "")
    found = figures.sweep(reading.logits())
    return (
        figures.six_temperatures(found, reading.label),
        figures.along_temperature(found, reading.label),
        figures.spread(found),
    )


def code(reading: Reading, view: State) -> None:
    """The program that computes this screen."""
    st.markdown(
        "This is all of it: the model, the token IDs, and `transformers`' own warpers in its order: temperature "
        "first, then "
        "top-k, top-p, min-p. Other programs differ; llama.cpp applies the temperature last, after the filters."
    )
    ids = reading.ids[: view.at]
    st.code(
        program(reading.model_id, reading.engine.info.dtype, ids, [reading.label(i) for i in ids], view.knobs),
        language="python",
        height=560,
    )


def trailing_space(reading: Reading, name: str, without: Reading) -> None:
    """The distribution with and without the white space at the end, called `name`. Nothing is changed."""
    st.markdown(
        f"**The prompt ends in a {name}.** "
        + (
            "In running text most words carry the space *before* them in their token (`␣girl` is one token). A "
            "space left at the end is a token of its own, and the model must go on in a way that it rarely saw in "
            "training."
            if name == "space"
            else "That is part of its tokens too, and it changes what comes next."
        )
        + " Compare the two:"
    )
    a, b = reading.shaped(Knobs()).probs, without.shaped(Knobs()).probs
    result = pairs.compare(a, b)
    chart(pairs.paired_bars(a, b, (f"with the {name}", "without"), reading.label, top=8), key="trailing-two")
    st.caption(
        f"KL(with ‖ without) = {in_bits(result.forward)}; {percent(result.distance)} of the probability moved. "
        "Your text is left as it is: delete the white space if you did not mean it."
    )
