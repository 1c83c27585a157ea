"""What a live pass predicts: the logit lens layer by layer, the logits and the likeliest next tokens."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from lib.architecture.head_patterns import middle_peaks, winning_row
from lib.architecture.live_pass_data import Lens, Trace
from lib.engine.sampling import softmax
from lib.figures.architecture_live import lens_curves, lens_heatmap, next_bars
from lib.text_format import percent
from lib.tokenization import Tokenizer
from lib.ui.architecture.passes import names_of
from lib.ui.components.charts import chart
from lib.ui.components.glossary import term
from lib.ui.components.linked_text import for_link
from lib.ui.components.page import escape, switch, wide_chart
from lib.ui.components.tables import with_shares

_VIEWS = ("All tokens, block by block", "One token, as curves")


def lens_panel(lens: Lens, tokenizer: Tokenizer, labels: Sequence[str], position: int) -> None:
    """What every layer would predict after the token at `position`: around it as a map, or of it as curves."""
    view = switch("Show", _VIEWS, key="lens-view")
    rows = ["embedding", *(f"block {i}" for i in range(len(lens.top) - 1))]
    st.markdown(_answer(lens, tokenizer, rows, position, labels))
    if view == _VIEWS[0]:
        _map(lens, tokenizer, rows, position, labels)
    else:
        _curves(lens, tokenizer, rows, position, labels[position])
    # Belrose et al. 2023, Eliciting Latent Predictions from Transformers with the Tuned Lens.
    st.caption(
        "The final norm and the output head, applied after *every* block: what would the model say if it stopped "
        "there? Only the last row is its real prediction. The head was not trained to read the inner blocks, so early "
        "rows may look more confused than the model is (a *tuned lens* trains a translator for each block). Click a "
        "token above to look at another position."
    )


def _answer(lens: Lens, tokenizer: Tokenizer, rows: list[str], position: int, labels: Sequence[str]) -> str:
    """Which token is in front at the end, and since when."""
    answer, first = names_of(tokenizer, lens.top[-1, position, :1])[0], winning_row(lens, position)
    since = (
        "from the embedding on"
        if first == 0
        else f"from {rows[first]} on"
        if first < len(rows) - 1
        else f"only after the last block, {rows[first]}"
    )
    return (
        f"After “{escape(labels[position])}” the model's answer is **{escape(answer)}**. In the {term('logit lens')} "
        f"it is in front {since} (marked in green)."
    )


def _map(lens: Lens, tokenizer: Tokenizer, rows: list[str], position: int, labels: Sequence[str]) -> None:
    count = len(labels)
    first = max(0, min(position - 7, count - 14))
    span = slice(first, min(count, first + 14))
    top = [names_of(tokenizer, lens.top[row, span, 0]) for row in range(len(rows))]
    wins = [winning_row(lens, place) for place in range(span.start, span.stop)]
    with wide_chart("lens"):
        chart(
            lens_heatmap(top, lens.probs[:, span, 0], list(labels[span]), rows, column=position - first, wins=wins),
            key="lens",
            alt="Likeliest next token after each layer",
        )
    if count > 14:
        st.caption(f"Tokens {first} to {span.stop - 1} of {count} are shown, around the chosen one.")


def _curves(lens: Lens, tokenizer: Tokenizer, rows: list[str], position: int, label: str) -> None:
    peaks = middle_peaks(lens, position)[:4]
    ids, curves = lens.candidates[position], lens.curves[position]
    final = [int(token) for token in lens.top[-1, position, :4]]
    wanted = [*final, *(token for token, *_ in peaks if token not in final)]
    columns = [int(np.flatnonzero(ids == token)[0]) for token in wanted]
    names = names_of(tokenizer, wanted)
    fading = {i for i, token in enumerate(wanted) if token in {p[0] for p in peaks}}
    st.header(f"After “{escape(label)}”: from block to block", anchor=False)
    wins = winning_row(lens, position)
    chart(
        lens_curves(names, curves[:, columns], rows, fading, wins=wins), key="lens-curves", alt="Probabilities by layer"
    )
    fallen = [
        f"- **{escape(name)}** peaks at {percent(peak)} after {rows[layer]} and ends at {percent(end)}."
        for name, (_, layer, peak, end) in zip(names_of(tokenizer, [peak[0] for peak in peaks]), peaks, strict=True)
    ]
    st.markdown("\n".join(fallen))
    if not peaks:
        st.caption("No token reaches 2% after an inner block here and then loses half of it.")
    else:
        st.caption(
            "Dotted: tokens that an inner block favours and later blocks talk down. In small models with a tied "
            "head, early rows often repeat the input token."
        )


def logits_panel(traced: Trace, tokenizer: Tokenizer, text: str, model_id: str) -> None:
    """Shape, softmax, the five likeliest next tokens."""
    batch, tokens, vocab = traced.shape
    st.markdown(
        f"The model gives one score (a logit) for every token of the vocabulary, at every position: "
        f"`logits.shape = ({batch}, {tokens}, {vocab})`. For the next token only the last row counts."
    )
    probs = softmax(traced.logits)
    order = np.argsort(-probs, kind="stable")[:5]
    names = names_of(tokenizer, order)
    left, right = st.columns([1, 1.2], gap="large")
    with left:
        st.latex(r"p_i = \frac{e^{z_i}}{\sum_{j=1}^{" + f"{vocab}" + r"} e^{z_j}}")
        columns = {"token": names, "token ID": order, "logit z": traced.logits[order], "probability": probs[order]}
        st.dataframe(
            with_shares(columns, "probability"),
            hide_index=True,
            column_config={"logit z": st.column_config.NumberColumn(format="%.3f")},
        )
        low, high = traced.logits.min(), traced.logits.max()
        st.caption(
            f"The {vocab:,} logits run from {low:.3f} to {high:.3f}; only differences between them count. "
            f"The {vocab:,} probabilities sum to {probs.sum():.6f}."
        )
    with right:
        chart(
            next_bars(names, [float(probs[i]) for i in order], float(1 - probs[order].sum())),
            key="next-bars",
            alt="The five likeliest next tokens",
        )
        st.page_link(
            "pages/3_Next_Token.py",
            label="Turn temperature and top-p on this distribution",
            icon=":material/arrow_forward:",
            query_params={"model": model_id, **for_link(prompt=text)},
        )
