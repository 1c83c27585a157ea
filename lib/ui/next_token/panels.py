"""The lower panels of the Next Token page: temperatures, comparison, table, code. Each runs only while it is open."""

import time

import streamlit as st

from lib.figures import next_token as figures
from lib.figures import two_distributions as pairs
from lib.figures.theme import Figure
from lib.ui.components.charts import chart
from lib.ui.components.page import explained, wide_chart
from lib.ui.next_token.compare import compare_panel, in_bits
from lib.ui.next_token.distribution import Knobs
from lib.ui.next_token.guess import guess_panel
from lib.ui.next_token.reading import Reading, read
from lib.ui.next_token.state import State, append, look
from lib.ui.next_token.table import places, table_panel
from lib.ui.next_token.transformers_code import program

# Drawing nine Plotly charts holds the browser for some 300 ms; sent together with the main chart they are drawn before
# it is painted. Seconds after which it is on the screen; they cost no computing. On a busy machine (load 8, two cores)
# no pause let 5 of 9 new charts wait for the others, 0.05 s let 2 and 0.15 s one.
_HEAD_START = 0.15
_NAMES = ("Temperatures", "Compare two", "Guess the next token", "Every place", "Table and download")


def tab_panels(reading: Reading, prompt: str, view: State) -> None:
    """The trailing-space warning, the tabs and the program."""
    if prompt != prompt.rstrip() and prompt.strip() and not reading.path and view.at is None:
        with explained():
            trailing_space(reading, prompt, read(reading.model_id, prompt.rstrip(), ()))
    opened = st.tabs(_NAMES, key="next-token-tabs", on_change="rerun")
    with opened[0], explained():
        if opened[0].open:
            temperatures(reading, view)
    with opened[1], explained():
        if opened[1].open:
            compare_panel(reading, view)
    with opened[2], explained():
        if opened[2].open:
            guess_panel(reading.model_id, prompt)
    with opened[3], explained():
        if opened[3].open:
            places(reading, lambda place: look(reading, view, place))
    with opened[4], explained():
        if opened[4].open:
            table_panel(reading, view, lambda token_id: append(reading, view, token_id))
    with st.expander("The code that computes this", icon=":material/code:"):
        code(reading, view)


def temperatures(reading: Reading, view: State) -> None:
    """The same logits at six temperatures, along all temperatures, and how spread out they become."""
    ids, began = reading.ids[: view.at], time.monotonic()
    six, along, spread = _drawn(reading.model_id, ids)
    if view.drawn != ids:
        time.sleep(max(0.0, began + _HEAD_START - time.monotonic()))
        view.drawn = ids
    st.markdown(
        "**The same scores at six temperatures.** Every score is divided by T before the softmax. "
        "The order never changes, only how far apart the bars are."
    )
    with wide_chart("next-token-six"):
        chart(six, key="next-token-six")
    st.markdown(
        "**Each token's probability against temperature.** The favourite only loses as T grows; a token in "
        "the middle may first gain, then lose to the thousands of unlikely ones, which together are “everything else”."
    )
    chart(along, key="next-token-along")
    st.markdown(
        "**How undecided is that?** Entropy is the average surprise in bits. Perplexity is the number of "
        "equally likely tokens that would be just as undecided."
    )
    chart(spread, key="next-token-spread")


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
        "This is all of it: the model, the ids, and `transformers`' own warpers in the order in which they are applied."
    )
    ids = reading.ids[: view.at]
    st.code(
        program(reading.model_id, reading.engine.info.dtype, ids, [reading.label(i) for i in ids], view.knobs),
        language="python",
    )


def trailing_space(reading: Reading, prompt: str, without: Reading) -> None:
    """Warn of a space at the end, with the distribution with and without it. Nothing is changed for the reader."""
    tail = prompt[len(prompt.rstrip()) :]
    name = "space" if tail.strip(" ") == "" else "line break" if tail.strip("\n\r") == "" else "white space"
    with st.container(border=True, key="trailing-space"):
        st.markdown(
            f":material/warning: **The prompt ends in a {name}.** "
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
        chart(pairs.two(a, b, (f"with the {name}", "without"), reading.label, top=8), key="trailing-two")
        st.caption(
            f"KL(with ‖ without) = {in_bits(result.forward)}; {result.distance:.0%} of the probability moved. "
            "Your text is left as it is: delete the end yourself if you did not mean it."
        )
