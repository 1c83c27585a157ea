"""Softmax by hand: three scores, 2, 1 and 0, and a temperature beside them; every step is shown."""

from math import exp

import streamlit as st

from lib.text_format import percent
from lib.ui.architecture.side_by_side import distributions, row
from lib.ui.components.glossary import term

SCORES = (2.0, 1.0, 0.0)
NAMES = "ABC"


def shares(scores: tuple[float, ...], temperature: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """e^(z/T) of every score, and the shares that they have of their sum.

    >>> powers, parts = shares((2.0, 1.0, 0.0), 1.0)
    >>> [round(power, 3) for power in powers], [round(part, 3) for part in parts]
    ([7.389, 2.718, 1.0], [0.665, 0.245, 0.09])
    """
    powers = tuple(exp(score / temperature) for score in scores)
    return powers, tuple(power / sum(powers) for power in powers)


def softmax_panel() -> None:
    """The slider, the four steps as a table, and what follows from them."""
    left, right = st.columns([1, 2.2], gap="large")
    with left:
        st.markdown(
            f"A model that knows three {term('token', 'tokens')} gives them the scores ({term('logit', 'logits')}) "
            f"**2**, **1** and **0**. {term('softmax', 'Softmax')} turns each into a probability: *e* to the power "
            "of the score, divided by the sum of all such powers. *e* is about 2.718."
        )
        temperature = st.slider("Temperature T", 0.2, 3.0, 1.0, 0.1, key="softmax_t", persist_state="page")
        st.latex(r"p_i = \frac{e^{z_i/T}}{e^{z_1/T} + e^{z_2/T} + e^{z_3/T}}")
        st.caption(_says(temperature))
    with right, st.container(key="softmax-table"):
        _table(temperature)
    st.page_link(
        "pages/3_Next_Token.py",
        label="The same with a real model and its whole vocabulary: Next Token",
        icon=":material/arrow_forward:",
    )


def _table(temperature: float) -> None:
    powers, parts = shares(SCORES, temperature)
    sums = " + ".join(map(_written, powers))
    whole = _written(sum(powers))
    lines = [
        f"| **{name}** | {score:g} | {score:g} / {temperature:.1f} = {score / temperature:.3f} | "
        f"$e^{{{score / temperature:.3f}}}$ = {_written(power)} | "
        f"{_written(power)} / {whole} = **{percent(part)}** |"
        for name, score, power, part in zip(NAMES, SCORES, powers, parts, strict=True)
    ]
    head = (
        "| token | 1. score z | 2. divided by T | 3. e to that power | 4. share of the sum |\n|---|--:|--:|--:|--:|\n"
    )
    st.markdown(head + "\n".join(lines) + f"\n\nSum of step 3: {sums} = **{whole}**. The shares add up to 100%.")
    panels = [(f"T = {t:.1f}", t) for t in dict.fromkeys((1.0, temperature))]
    distributions(
        [(title, [row(*pair) for pair in zip(NAMES, shares(SCORES, t)[1], strict=True)]) for title, t in panels],
        key="softmax-bars",
    )
    st.markdown(
        f"A has {parts[0] / parts[1]:,.3g} times B's share and B {parts[1] / parts[2]:,.3g} times C's: $e^{{1/T}}$ for "
        "a difference of 1. Only *differences* of scores count: 12, 11 and 10 would give the same shares."
    )


def _written(value: float) -> str:
    return f"{value:,.3f}" if value < 1000 else f"{value:,.0f}"


def _says(temperature: float) -> str:
    if temperature < 0.95:
        return (
            "T below 1 pulls the scores apart: the likeliest token gets likelier. As T goes to 0 it takes everything; "
            "that is greedy decoding."
        )
    if temperature > 1.05:
        return (
            "T above 1 moves the scores together: unlikely tokens gain. The order never changes, and without end the "
            "shares would all become a third."
        )
    return "T = 1: the model's own probabilities. Move T and follow the four steps."
