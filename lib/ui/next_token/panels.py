"""The lower panels of the Next Token page: temperatures, comparison, table, code. Each runs only while it is open."""

import math
import time
from collections.abc import Callable

import numpy as np
import streamlit as st

from lib.figures import next_token as figures
from lib.figures import two_distributions as pairs
from lib.figures.theme import Figure
from lib.text_format import percent
from lib.ui.components.charts import chart
from lib.ui.components.page import wide_chart
from lib.ui.next_token.distribution import Knobs
from lib.ui.next_token.reading import Reading
from lib.ui.next_token.state import State
from lib.ui.next_token.transformers_code import program

# Drawing nine Plotly charts holds the browser for some 300 ms; sent together with the main chart they are drawn before
# it is painted. Seconds after which it is on the screen; they cost no computing. On a busy machine (load 8, two cores)
# no pause let 5 of 9 new charts wait for the others, 0.05 s let 2 and 0.15 s one.
_HEAD_START = 0.15


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


def versus(a: np.ndarray, b: np.ndarray, names: tuple[str, str], label: Callable[[int], str], key: str) -> None:
    """Two distributions side by side: divergence in numbers, leading tokens, and the tokens that moved most."""
    result = pairs.compare(a, b)
    columns = st.columns(3)
    columns[0].metric(
        "KL(A ‖ B)",
        _bits(result.forward),
        help=(
            "How many bits per token one loses on average by "
            "expecting B when A is true. It is infinite when B rules out what A allows."
        ),
    )
    columns[1].metric("KL(B ‖ A)", _bits(result.backward), help="The other way round: KL is not symmetric.")
    columns[2].metric(
        "Probability that moved",
        percent(result.distance),
        help="Half the sum of all differences: 0 % for equal distributions, 100 % for ones that share no token.",
    )
    chart(pairs.two(a, b, names, label), key=f"{key}-two")
    if math.isinf(result.forward) or math.isinf(result.backward):
        st.caption("∞ means: one side gives no probability at all to a token that the other allows. Filters do that.")
    if result.movers:
        ids = list(result.movers)
        st.markdown("**The tokens that moved most**")
        st.dataframe(
            {"token": [label(i) for i in ids], "id": ids, "A": a[ids], "B": b[ids], "B − A": b[ids] - a[ids]},
            hide_index=True,
            key=f"{key}-movers",
            column_config={name: st.column_config.NumberColumn(format="percent") for name in ("A", "B", "B − A")},
        )


def _bits(value: float) -> str:
    return "∞" if math.isinf(value) else f"{value:.3f} bits"


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
            f"KL(with ‖ without) = {_bits(result.forward)}; {result.distance:.0%} of the probability moved. "
            "Your text is left as it is: delete the end yourself if you did not mean it."
        )
