"""The live pass: a loaded model on the reader's text, step by step, with attention maps, logit lens and logits."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from lib.anatomy.errors import AnatomyError
from lib.anatomy.trace import (
    Lens,
    Step,
    Trace,
    block_steps,
    head_summary,
    logit_lens,
    middle_peaks,
    notable_heads,
    trace,
)
from lib.engine.sampling import softmax
from lib.figures.architecture_live import COLUMNS, lens_curves, lens_heatmap, next_bars, values_heatmap
from lib.tokenization import Tokenizer, display
from lib.ui import cache
from lib.ui.anatomy_attention import attention_maps
from lib.ui.chrome import escape, explained
from lib.ui.shelf import pick_model

START = "The cat sat on the mat because it was"


@st.cache_resource(max_entries=8, show_spinner="Computing every step …")
def _trace(model_id: str, ids: tuple[int, ...]) -> Trace:
    return trace(cache.engine(model_id), ids, lens=False)


@st.cache_resource(max_entries=8, show_spinner="Asking every layer …")
def _lens(model_id: str, ids: tuple[int, ...]) -> Lens:
    return logit_lens(cache.engine(model_id), _trace(model_id, ids))


@st.cache_resource(max_entries=16, show_spinner=False)
def _steps(model_id: str, ids: tuple[int, ...], block: int) -> tuple[Step, ...]:
    return block_steps(cache.engine(model_id), _trace(model_id, ids), block)


def live_panel() -> None:
    """Model and text, then four views of the same pass."""
    one, two = st.columns([1, 2])
    with one:
        model_id = pick_model("model", role="base")
    text = two.text_input("Text", START, key="text", bind="query-params", persist_state="page", max_chars=20_000)
    with explained():
        engine = cache.engine(model_id)
        tokenizer = engine.tokenizer
        ids = tuple(token.id for token in tokenizer.encode(text))
        traced = _trace(model_id, ids)
        labels = names_of(tokenizer, traced.ids)
        if traced.cut:
            st.info(traced.cut, icon=":material/content_cut:")
        _strip(labels, traced)
        steps, attention, lens, logits = st.tabs(
            ["Step by step", "Attention maps", "Logit lens", "Logits"], key="pass", bind="query-params")
        with steps:
            if steps.open:
                steps_panel(model_id, traced, ids, labels)
        with attention:
            if attention.open:
                attention_panel(traced, labels)
        with lens:
            if lens.open:
                lens_panel(_lens(model_id, ids), tokenizer, labels)
        with logits:
            if logits.open:
                logits_panel(traced, tokenizer, text, model_id)


def names_of(tokenizer: Tokenizer, ids: Sequence[int] | np.ndarray) -> list[str]:
    """Visible labels of ids; rows of the table that have no token are named by their number."""
    names = []
    for token in ids:
        try:
            names.append(display.label(tokenizer.token_bytes(int(token))))
        except ValueError:  # the embedding table may have more rows than the tokenizer has tokens
            names.append(f"⟨id {token}⟩")
    return names


def _strip(labels: Sequence[str], traced: Trace) -> None:
    shown = " ".join(f"`{label.replace('`', 'ˋ')}`" for label in labels)
    layers, heads = traced.attentions.shape[:2]
    st.markdown(f"{len(labels)} tokens: {shown}")
    agree = traced.difference <= 1e-3 * max(1.0, traced.scale)
    st.caption(f"{layers} blocks with {heads} heads, computed one step at a time. "
               f"{':material/check_circle:' if agree else ':material/error:'} The steps end at the model's own output: "
               f"the largest difference over all {traced.shape[1]} × {traced.shape[2]:,} logits is "
               f"{traced.difference:.1e} (logits reach {traced.scale:.1f}).")


def steps_panel(model_id: str, traced: Trace, ids: tuple[int, ...], labels: Sequence[str]) -> None:
    """One block, step by step: what each tensor is, its real shape, a look at its values."""
    layers, heads = traced.attentions.shape[:2]
    block = st.slider("Block", 0, layers - 1, 0, key=f"block_{layers}", persist_state="page") if layers > 1 else 0
    start = traced.embedding if block == 0 else ()
    steps = (*start, *_steps(model_id, ids, block))
    left, right = st.columns([1, 1.9], gap="large")
    with left:
        index = st.radio("Step", range(len(steps)), key=f"step_{traced.family}_{block == 0}", persist_state="page",
                         format_func=lambda i: f"{i + 1}. {steps[i].line.label} :gray[:small["
                                               f"{'×'.join(map(str, steps[i].shape))}]]")
    with right:
        _look(steps[index], labels, heads)
    _closing(steps[-1], traced, block)


def _look(step: Step, labels: Sequence[str], heads: int) -> None:
    st.markdown(f"##### {step.line.label}")
    st.markdown(f"{step.line.said} Shape **{' × '.join(map(str, step.shape))}** = {step.line.axes}.")
    values, square = step.values, step.line.axes.count("tokens") == 2
    if values.ndim == 3:
        count = values.shape[0]
        head = st.slider("Head", 0, count - 1, 0, key=f"head_{count}", persist_state="page") if count > 1 else 0
        if count != heads:
            st.caption(f"{count} KV heads for {heads} query heads: {heads // count} query heads share each.")
        values = values[head]
    st.plotly_chart(values_heatmap(values, labels, square=square), key="step-values", config={"displayModeBar": False},
                    alt=f"Values of {step.line.label}")
    finite = values[np.isfinite(values)]
    more = f" The picture shows the first {COLUMNS} of {values.shape[1]:,} components." \
        if not square and values.shape[1] > COLUMNS else ""
    st.caption(f"{finite.size:,} numbers from {finite.min():.3g} to {finite.max():.3g}, mean {finite.mean():.3g}, "
               f"standard deviation {finite.std():.3g}.{more} In the code: `{step.code}`.")
    if step.key == "weights":
        sums = values.sum(axis=-1)
        st.caption(f"Every row sums to 1 (here between {sums.min():.6f} and {sums.max():.6f}).")


def _closing(last: Step, traced: Trace, block: int) -> None:
    gap = float(np.abs(last.values - traced.hidden[block + 1]).max())
    size = [float(np.linalg.norm(traced.hidden[i], axis=-1).mean()) for i in (block, block + 1)]
    st.caption(f"Block {block} changes the average length of the tokens' vectors from {size[0]:.1f} to {size[1]:.1f}. "
               f"Its output is what block {block + 1} receives (difference {gap:.0e}).")


def attention_panel(traced: Trace, labels: Sequence[str]) -> None:
    """All heads of all layers, one large, and what kind of head it is."""
    st.caption("Which earlier tokens does each token look at? Darker means more. The upper right is empty: "
               "no token sees the future.")
    layer, head = attention_maps(traced.attentions, labels, key="attention")
    if len(labels) < 2:
        st.info("One token has only itself to look at. Type a longer text.")
        return
    mean = head_summary(traced.attentions, layer, head)
    st.markdown(f"**Layer {layer}, head {head}** puts {mean['first']:.0%} of its attention on the first token, "
                f"{mean['previous']:.0%} on the token before, {mean['itself']:.0%} on the token itself (averages over "
                "the tokens after the first). Many heads rest on the first token when they find nothing to look "
                "for: an *attention sink*.")
    rows = "\n".join(f"| {kind} | layer {one}, head {two} | {share:.0%} |"
                     for kind, one, two, share in notable_heads(traced.attentions, traced.ids))
    if rows:
        st.markdown(f"**Heads worth a look in this text**\n\n| looks most at | | on average |\n|---|---|--:|\n{rows}")
        st.caption("Repeat a phrase in the text and look for a head that finds what came after it the first time "
                   "(an *induction head*).")


def lens_panel(lens: Lens, tokenizer: Tokenizer, labels: Sequence[str]) -> None:
    """What every layer would predict."""
    st.markdown("The final norm and the output head, applied after *every* block: what would the model say if it "
                "stopped there? The last row is its real prediction.")
    count = len(labels)
    position = st.select_slider("After which token?", range(count), count - 1, key=f"lens_{hash(tuple(labels))}",
                                format_func=lambda i: f"{i} {labels[i]}") if count > 1 else 0
    rows = ["embedding", *(f"block {i}" for i in range(len(lens.top) - 1))]
    first = max(0, min(position - 7, count - 14))
    span = slice(first, min(count, first + 14))
    top = [names_of(tokenizer, lens.top[row, span, 0]) for row in range(len(rows))]
    st.plotly_chart(lens_heatmap(top, lens.probs[:, span, 0], list(labels[span]), rows, column=position - first),
                    key="lens", config={"displayModeBar": False}, alt="Likeliest next token after each layer")
    if count > 14:
        st.caption(f"Tokens {first} to {span.stop - 1} of {count} are shown, around the chosen one.")
    _curves(lens, tokenizer, rows, position, labels[position])


def _curves(lens: Lens, tokenizer: Tokenizer, rows: list[str], position: int, label: str) -> None:
    peaks = middle_peaks(lens, position)[:4]
    ids, curves = lens.candidates[position], lens.curves[position]
    final = [int(token) for token in lens.top[-1, position, :4]]
    wanted = [*final, *(token for token, *_ in peaks if token not in final)]
    columns = [int(np.flatnonzero(ids == token)[0]) for token in wanted]
    names = names_of(tokenizer, wanted)
    fading = {i for i, token in enumerate(wanted) if token in {p[0] for p in peaks}}
    st.markdown(f"##### After “{escape(label)}”: from layer to layer")
    st.plotly_chart(lens_curves(names, curves[:, columns], rows, fading), key="lens-curves",
                    config={"displayModeBar": False}, alt="Probabilities by layer")
    for token, layer, peak, end in peaks:
        name = names_of(tokenizer, [token])[0]
        st.markdown(f"- **{escape(name)}** peaks at {peak:.1%} after {rows[layer]} and ends at {end:.2%}.")
    if not peaks:
        st.caption("No token peaks in the middle here: the likeliest ones only grow.")
    else:
        st.caption("Dotted: tokens that an inner layer favours and later layers talk down. In small models with a tied "
                   "head, early rows often just repeat the input token.")


def logits_panel(traced: Trace, tokenizer: Tokenizer, text: str, model_id: str) -> None:
    """Shape, softmax, the five likeliest next tokens."""
    batch, tokens, vocab = traced.shape
    st.markdown(f"The model gives one score (a logit) for every token of the vocabulary, at every position: "
                f"`logits.shape = ({batch}, {tokens}, {vocab})`. For the next token only the last row counts.")
    probs = softmax(traced.logits)
    order = np.argsort(-probs, kind="stable")[:5]
    names = names_of(tokenizer, order)
    left, right = st.columns([1, 1.2], gap="large")
    with left:
        st.latex(r"p_i = \frac{e^{z_i}}{\sum_{j=1}^{" + f"{vocab}" + r"} e^{z_j}}")
        st.dataframe([{"token": name, "id": int(i), "logit z": float(traced.logits[i]), "probability": float(probs[i])}
                      for name, i in zip(names, order, strict=True)], hide_index=True, column_config={
            "logit z": st.column_config.NumberColumn(format="%.3f"),
            "probability": st.column_config.NumberColumn(format="percent")})
        low, high = traced.logits.min(), traced.logits.max()
        st.caption(f"The {vocab:,} logits run from {low:.2f} to {high:.2f}; only differences between them count. "
                   f"The {vocab:,} probabilities sum to {probs.sum():.6f}.")
    with right:
        st.plotly_chart(next_bars(names, [float(probs[i]) for i in order], float(1 - probs[order].sum())),
                        key="next-bars", config={"displayModeBar": False}, alt="The five likeliest next tokens")
        st.page_link("pages/3_Next_Token.py", label="Turn temperature and top-p on this distribution",
                     icon=":material/arrow_forward:", query_params={"prompt": text, "model": model_id})


__all__ = ["AnatomyError", "live_panel"]
