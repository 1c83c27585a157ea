"""Two distributions at once on the Next Token page: two prompts, two models of one tokenizer, or two settings."""

import numpy as np
import streamlit as st

from lib import models
from lib.engine.sampling import distribution
from lib.ui import cache
from lib.ui.components.page import escape, explained
from lib.ui.next_token.distribution import Knobs
from lib.ui.next_token.panels import versus
from lib.ui.next_token.reading import Reading, read
from lib.ui.next_token.state import State

_KINDS = ("Another prompt", "Other settings", "Another model")


def compare(reading: Reading, view: State) -> None:
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


def _knobs(view: State, key: str) -> Knobs:
    return view.knobs if st.toggle("Both after the settings above", key=key) else Knobs()


def _prompts(reading: Reading, view: State) -> None:
    other = st.text_input("Prompt B", "Once upon a time, there was a big", key="compare-prompt")
    knobs = _knobs(view, "compare-prompt-knobs")
    b = read(reading.model_id, other, ()).shaped(knobs).probs
    a = reading.shaped(knobs, view.at).probs
    versus(a, b, ("A: the text above", "B: the other prompt"), reading.label, "compare-p")


def _settings(reading: Reading, view: State) -> None:
    columns = st.columns(4)
    t = columns[0].number_input("Temperature of B", 0.0, 2.0, 0.7, 0.1, key="compare-t")
    k = columns[1].number_input("Top-k of B (0: off)", 0, None, 0, 1, key="compare-k")
    p = columns[2].number_input("Top-p of B (1: off)", 0.0, 1.0, 0.9, 0.05, key="compare-top-p")
    m = columns[3].number_input("Min-p of B (0: off)", 0.0, 1.0, 0.0, 0.01, key="compare-min-p")
    logits = reading.logits(view.at)
    b = distribution(logits, **Knobs(t=t, k=int(k) or None, p=p, m=m).sampling).probs
    versus(
        distribution(logits, **view.knobs.sampling).probs,
        b,
        ("A: your settings above", "B: these settings"),
        reading.label,
        "compare-s",
    )


def _models(reading: Reading, view: State) -> None:
    mine = models.spec(reading.model_id)
    others = [spec for spec in models.local_models() if spec.id != mine.id and _same_tokenizer(reading, spec)]
    if not others:
        st.info(
            "Two models can be compared token by token only if they share a vocabulary. There is no second model with "
            f"the tokenizer of {escape(mine.name)} on this machine; the Home page shows which can be got."
        )
        return
    chosen = st.selectbox("Model B", others, format_func=lambda spec: spec.name, key="compare-model")
    other = Reading(chosen.id, reading.prompt, reading.path, reading.start)
    a, b = reading.logits(view.at), other.logits(view.at)
    size = max(a.size, b.size)
    a, b = (np.pad(v, (0, size - v.size), constant_values=-np.inf) for v in (a, b))
    knobs = _knobs(view, "compare-model-knobs").sampling
    versus(
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
