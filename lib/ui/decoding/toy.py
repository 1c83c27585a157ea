"""A search small enough to check by hand, in which the best first token loses."""

import math

import streamlit as st

from lib.engine import BeamStep, compute
from lib.figures import beam_tree
from lib.ui.components.charts import chart

_TOY = ("The", " nice", " dog", " house", " has", " woman")  # invented numbers, small enough to check by hand
_TOY_NEXT = {
    0: {1: 0.5, 2: 0.4, 3: 0.1},
    1: {5: 0.4, 3: 0.3, 2: 0.3},
    2: {4: 0.9, 5: 0.05, 3: 0.05},
    3: {4: 0.5, 5: 0.3, 2: 0.2},
}


def show_toy() -> None:
    """The tree, and the sums in words."""
    steps = toy_steps()
    picture, words = st.columns([3, 2], gap="medium", vertical_alignment="center")
    with picture:
        chart(beam_tree.beam_tree_figure(steps, _TOY.__getitem__, root=_TOY[0]), key="decoding-toy")
    words.markdown(
        "Greedy decoding takes the best token now. Beam search keeps several beginnings, follows each of them "
        "one token further, and keeps the best in **total**: the sum of log-probabilities, that is, the "
        "logarithm of the product of probabilities.\n\n"
        "Invented probabilities after “The”. Greedy takes “nice” (0.5) and then “woman” (0.4): the product "
        "is 0.5 × 0.4 = **0.20**. Two beams also keep “dog” (0.4), find “has” (0.9) behind it, and "
        "0.4 × 0.9 = **0.36** wins. The best first token lost. Under each token stands its total: "
        "ln 0.20 = −1.61, ln 0.36 = −1.02."
    )


@st.cache_resource(show_spinner=False)
def toy_steps() -> list[BeamStep]:
    """Two beams, two steps, on the toy's table; computed by the same search as everything else."""
    table = [
        [math.log(p) if (p := _TOY_NEXT.get(before, {}).get(token)) else -math.inf for token in range(len(_TOY))]
        for before in range(len(_TOY))
    ]
    steps: list[BeamStep] = compute("lib.engine.beam.search_table", table, 0, 2, 2)
    return steps
