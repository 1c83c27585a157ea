"""The numbers of the reader's text at one box of the diagram: real tensors of the loaded model, or a small table."""

from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lib.architecture.live_pass_data import Step, Trace
from lib.engine.sampling import softmax
from lib.figures.architecture_live import COLUMNS, next_bars, values_heatmap
from lib.tokenization import Tokenizer
from lib.ui import cache
from lib.ui.architecture import passes
from lib.ui.components.charts import chart
from lib.ui.components.page import switch

# Box of the diagram -> steps of the pass; boxes of the ends are looked up by hand.
STEPS: Mapping[str, tuple[str, ...]] = {
    "embedding": ("embedding",),
    "positions": ("positions", "stream"),
    "qk_norm": ("q_norm", "k_norm"),
    "rope": ("q_rope", "k_rope"),
    "scores": ("weights", "masked", "scores", "mixed"),
    "final_norm": ("final_norm",),
}
_SHORT = {
    "weights": "Weights",
    "masked": "Masked scores",
    "scores": "Scores",
    "mixed": "Mixed values",
    "q_rope": "Q",
    "k_rope": "K",
    "q_norm": "Q",
    "k_norm": "K",
    "positions": "Position",
    "stream": "Sum",
}


def live_numbers(model_id: str, text: str, box: str) -> None:
    """What flows through `box` when the model reads `text`."""
    ids = passes.ids_of(model_id, text)
    traced, tokenizer = passes.trace(model_id, ids), cache.engine(model_id).tokenizer
    labels = passes.names_of(tokenizer, traced.ids)
    if traced.cut:
        st.caption(traced.cut)
    if box == "tokens":
        _tokens(traced, labels)
    elif box == "head":
        _logits(traced, tokenizer)
    elif box == "softmax":
        _probabilities(traced, tokenizer)
    else:
        _steps(model_id, ids, box, traced, labels)


def _tokens(traced: Trace, labels: Sequence[str]) -> None:
    st.dataframe(
        [
            {"position": i, "token": name, "ID": int(t)}
            for i, (name, t) in enumerate(zip(labels, traced.ids, strict=True))
        ],
        hide_index=True,
        height=min(380, 38 + 35 * len(labels)),
    )
    st.caption(f"{len(labels)} tokens. The first has position 0.")


def _logits(traced: Trace, tokenizer: Tokenizer) -> None:
    vocab = len(traced.logits)
    order = np.argsort(-traced.logits, kind="stable")
    shown = [*order[:4], *order[-2:]]
    st.dataframe(
        [
            {"rank": rank, "token": name, "logit": float(traced.logits[i])}
            for rank, name, i in zip(
                (1, 2, 3, 4, vocab - 1, vocab), passes.names_of(tokenizer, shown), shown, strict=True
            )
        ],
        hide_index=True,
        column_config={"logit": st.column_config.NumberColumn(format="%.3f")},
    )
    st.caption(
        f"The scores after the last token: the four highest and the two lowest of {vocab:,}. They run from "
        f"{traced.logits.min():.2f} to {traced.logits.max():.2f}; only differences between them count."
    )


def _probabilities(traced: Trace, tokenizer: Tokenizer) -> None:
    probs = softmax(traced.logits)
    order = np.argsort(-probs, kind="stable")[:5]
    chart(
        next_bars(passes.names_of(tokenizer, order), [float(probs[i]) for i in order], float(1 - probs[order].sum())),
        key="box-softmax",
        alt="The five likeliest next tokens",
    )
    st.caption("model (T = 1): the probabilities as the model gives them. “Softmax by hand” does one such sum in full.")


def _steps(model_id: str, ids: tuple[int, ...], box: str, traced: Trace, labels: Sequence[str]) -> None:
    layers = traced.attentions.shape[0]
    keys = STEPS.get(box, (box,))
    row = st.container(horizontal=True, key="live-row", gap="small")
    outside = {step.key: step for step in (*traced.embedding, traced.ending)}
    if keys[0] in outside:
        found = [outside[key] for key in keys if key in outside]
    else:
        block = _one_of(row, "block", layers)
        by_key = {step.key: step for step in passes.steps(model_id, ids, block)}
        found = [by_key[key] for key in keys if key in by_key]
    if not found:
        st.info("This step is a part of its neighbours here and has no tensor of its own.")
        return
    step = found[0]
    if len(found) > 1:
        names = [_SHORT.get(s.key, s.line.label) for s in found]
        step = found[names.index(switch("Tensor", names, key=f"tensor-{'-'.join(names)}"))]
    values = step.values if step.values.ndim == 2 else step.values[_one_of(row, "head", step.values.shape[0])]
    _look(step, values, labels)


def _one_of(place: DeltaGenerator, what: str, count: int) -> int:
    """Which of `count` blocks or heads."""
    if count < 2:
        return 0
    return int(
        place.selectbox(
            what.capitalize(),
            range(count),
            key=f"{what}_{count}",
            persist_state="page",
            label_visibility="collapsed",
            format_func=lambda i: f"{what} {i}",
        )
    )


def _look(step: Step, values: np.ndarray, labels: Sequence[str]) -> None:
    """A tensor's words, shape, picture (tokens, n) and range."""
    square = step.line.axes.count("tokens") == 2
    chart(values_heatmap(values, labels, square=square), key="step-values", alt=f"Values of {step.line.label}")
    st.markdown(f"{step.line.said} Shape **{' × '.join(map(str, step.shape))}** = {step.line.axes}.")
    finite = values[np.isfinite(values)]
    if not finite.size:
        st.warning("These values are not numbers: the model's weights are damaged or overflowed.")
        return
    more = (
        f" The picture shows the first {COLUMNS} of {values.shape[1]:,} components."
        if not square and values.shape[1] > COLUMNS
        else ""
    )
    sums = " Every row sums to 1." if step.key == "weights" else ""
    st.caption(
        f"{finite.size:,} numbers from {finite.min():.3g} to {finite.max():.3g}, mean {finite.mean():.3g}, "
        f"standard deviation {finite.std():.3g}.{sums}{more} In the code: `{step.code}`."
    )
