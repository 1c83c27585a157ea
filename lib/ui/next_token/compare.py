"""Two distributions at once on the Next Token page: two prompts, two models of one tokenizer, or two settings."""

import math
from collections.abc import Callable

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lib import models
from lib.engine.sampling import distribution
from lib.figures import two_distributions as pairs
from lib.text_format import percent
from lib.ui import cache
from lib.ui.components.charts import chart
from lib.ui.components.page import escape, explained
from lib.ui.components.tables import with_shares
from lib.ui.next_token.distribution import Knobs
from lib.ui.next_token.reading import Reading, read
from lib.ui.next_token.state import State

_KINDS = ("Another prompt", "Other settings", "Another model")


def compare_panel(reading: Reading, view: State) -> None:
    """Choose B; A is what the page shows."""
    kind = st.segmented_control(
        "Compare what you see above (A) with", _KINDS, default=_KINDS[0], key="compare-kind", required=True
    )
    with explained():
        if kind == _KINDS[0]:
            _prompts(reading, view)
        elif kind == _KINDS[1]:
            _settings(reading, view)
        else:
            _models(reading, view)


def _knobs(view: State, place: DeltaGenerator, key: str) -> Knobs:
    return view.knobs if place.toggle("Both after the sampling settings above", key=key) else Knobs()


def _prompts(reading: Reading, view: State) -> None:
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    other = left.text_input("Prompt B", "Once upon a time, there was a big", key="compare-prompt")
    knobs = _knobs(view, right, "compare-prompt-knobs")
    b = read(reading.model_id, other, ()).shaped(knobs).probs
    a = reading.shaped(knobs, view.at).probs
    _versus(a, b, ("A: the text above", "B: the other prompt"), reading.label, "compare-p")


def _settings(reading: Reading, view: State) -> None:
    columns = st.columns(4)
    t = columns[0].number_input("Temperature of B", 0.0, 2.0, 0.7, 0.1, key="compare-t")
    k = columns[1].number_input("Top-k of B (0: off)", 0, None, 0, 1, key="compare-k")
    p = columns[2].number_input("Top-p of B (1: off)", 0.0, 1.0, 0.9, 0.05, key="compare-top-p")
    m = columns[3].number_input("Min-p of B (0: off)", 0.0, 1.0, 0.0, 0.01, key="compare-min-p")
    logits = reading.logits(view.at)
    b = distribution(logits, **Knobs(t=t, k=int(k) or None, p=p, m=m).sampling).probs
    _versus(
        distribution(logits, **view.knobs.sampling).probs,
        b,
        ("A: the settings above", "B: these settings"),
        reading.label,
        "compare-s",
    )


def _models(reading: Reading, view: State) -> None:
    mine = models.spec(reading.model_id)
    others = [spec for spec in models.local_models() if spec.id != mine.id and _same_tokenizer(reading, spec)]
    if not others:
        st.info(
            "Two models can be compared token by token only if they share a vocabulary. There is no second model with "
            f"the tokenizer of {escape(mine.name)} on this machine; Home shows which are available to download."
        )
        return
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    chosen = left.selectbox("Model B", others, format_func=lambda spec: spec.name, key="compare-model")
    other = Reading(chosen.id, reading.prompt, reading.path, reading.start)
    a, b = reading.logits(view.at), other.logits(view.at)
    size = max(a.size, b.size)
    a, b = (np.pad(v, (0, size - v.size), constant_values=-np.inf) for v in (a, b))
    knobs = _knobs(view, right, "compare-model-knobs").sampling
    _versus(
        distribution(a, **knobs).probs,
        distribution(b, **knobs).probs,
        (f"A: {mine.name}", f"B: {chosen.name}"),
        reading.label,
        "compare-m",
    )


def _same_tokenizer(reading: Reading, spec: models.ModelSpec) -> bool:
    """One name, or vocabularies that agree wherever they are probed (a head padded by some ids does not matter)."""
    if spec.tokenizer == models.spec(reading.model_id).tokenizer:
        return True
    with explained():
        theirs, mine = cache.tokenizer(spec.tokenizer), reading.tokenizer
        small, large = sorted((theirs.vocab_size, mine.vocab_size))
        probed = range(0, small, max(1, small // 300))
        return small > 0.98 * large and all(theirs.raw(i) == mine.raw(i) for i in probed)
    return False


def _versus(a: np.ndarray, b: np.ndarray, names: tuple[str, str], label: Callable[[int], str], key: str) -> None:
    """Two distributions side by side: divergence in numbers, leading tokens, and the tokens that moved most."""
    result = pairs.compare(a, b)
    columns = st.columns(3)
    columns[0].metric(
        "KL(A ‖ B)",
        in_bits(result.forward),
        help=(
            "How many bits per token one loses on average by "
            "expecting B when A is true. It is infinite when B rules out what A allows."
        ),
    )
    columns[1].metric("KL(B ‖ A)", in_bits(result.backward), help="The other way round: KL is not symmetric.")
    columns[2].metric(
        "Probability that moved",
        percent(result.distance),
        help="Half the sum of all differences: 0% for equal distributions, 100% for ones that share no token.",
    )
    if math.isinf(result.forward) or math.isinf(result.backward):
        st.caption("∞ means: one side gives no probability at all to a token that the other allows. Filters do that.")
    bars, table = st.columns([3, 2])
    with bars:
        chart(pairs.paired_bars(a, b, names, label, top=8), key=f"{key}-two")
    if result.movers:
        ids = list(result.movers)
        with table:
            st.markdown("**The tokens that moved most**")
            shares = {"A": a[ids], "B": b[ids], "B − A": 100 * (b[ids] - a[ids])}
            st.dataframe(
                with_shares({"token": [label(i) for i in ids], "token ID": ids, **shares}, "A", "B"),
                hide_index=True,
                height=380,
                key=f"{key}-movers",
                column_config={"B − A": st.column_config.NumberColumn(format="%.3f", help="In percentage points.")},
            )


def in_bits(value: float) -> str:
    """A divergence in words; infinite where one side rules out what the other allows."""
    return "∞" if math.isinf(value) else f"{value:.3f} bits"
