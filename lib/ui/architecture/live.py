"""The live pass: a loaded model on the reader's text, step by step, with attention maps, logit lens and logits."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from lib.architecture.head_patterns import head_summary, notable_heads
from lib.architecture.live_pass_data import Lens, Step, Trace
from lib.figures.architecture_live import COLUMNS, values_heatmap
from lib.ui import cache
from lib.ui.architecture.attention import attention_maps
from lib.ui.architecture.lens import lens_panel, logits_panel, names_of
from lib.ui.architecture.strip import token_strip
from lib.ui.components import header
from lib.ui.components.charts import chart
from lib.ui.components.linked_text import at_most
from lib.ui.components.model_picker import pick_model

EXAMPLES = (
    "The cat sat on the mat because it was",
    "When Mary and John went to the store, John gave a drink to",
    "The keys to the old cabinet are on the table, and the keys",
    "Sam Lee lives in Rome. Sam Lee",
    "The capital of France is",
)


@st.cache_resource(max_entries=8, show_spinner="Computing every step …")
def _trace(model_id: str, ids: tuple[int, ...]) -> Trace:
    traced: Trace = cache.inspectable(model_id).run("lib.architecture.live_pass.without_lens", ids)
    return traced


@st.cache_resource(max_entries=8, show_spinner="Asking every layer …")
def _lens(model_id: str, ids: tuple[int, ...]) -> Lens:
    lens: Lens = cache.inspectable(model_id).run("lib.architecture.live_pass.logit_lens", _trace(model_id, ids))
    return lens


@st.cache_resource(max_entries=16, show_spinner=False)
def _steps(model_id: str, ids: tuple[int, ...], block: int) -> tuple[Step, ...]:
    steps: tuple[Step, ...] = cache.inspectable(model_id).run(
        "lib.architecture.live_pass.block_steps", _trace(model_id, ids), block
    )
    return steps


def pick_pass() -> tuple[str, str]:
    """The bar: the text, examples of it, and the model. Gives back the text and the model's id."""
    text = header.prompt_box("Prompt", EXAMPLES[0])
    header.examples(EXAMPLES)
    return text, pick_model("model", role="base")


def live_panel(text: str, model_id: str) -> None:
    """The tokens, and four views of the same pass. What it needs is kept free while the model is loaded."""
    with st.container(key="live"):
        text = at_most(text, 20_000)
        strip = st.container(key="live-strip")
        steps, attention, lens, logits = st.tabs(
            ["Step by step", "Attention maps", "Logit lens", "Logits"], key="pass", bind="query-params"
        )
        with st.container(key="live-wait"):  # "Loading the model …" lies over the free place
            engine = cache.engine(model_id)
            tokenizer = engine.tokenizer
            ids = tuple(token.id for token in tokenizer.encode(text))
            traced = _trace(model_id, ids)
            looked = _lens(model_id, ids) if lens.open else None
        labels = names_of(tokenizer, traced.ids)
        with strip:
            if traced.cut:
                st.info(traced.cut, icon=":material/content_cut:")
            position = token_strip(labels, [int(i) for i in traced.ids], key="live-tokens", choose=bool(lens.open))
        with steps:
            if steps.open:
                steps_panel(model_id, traced, ids, labels)
        with attention:
            if attention.open:
                attention_panel(traced, labels)
        with lens:
            if looked:
                lens_panel(looked, tokenizer, labels, position)
        with logits:
            if logits.open:
                logits_panel(traced, tokenizer, text, model_id)
        _agreement(traced)


def _agreement(traced: Trace) -> None:
    layers, heads = traced.attentions.shape[:2]
    agree = traced.difference <= 1e-3 * max(1.0, traced.scale)
    st.caption(
        f"{layers} blocks with {heads} heads, computed one step at a time. "
        f"{':material/check_circle:' if agree else ':material/error:'} The steps end at the model's own output: "
        f"the largest difference over all {traced.shape[1]} × {traced.shape[2]:,} logits is "
        f"{traced.difference:.1e} (logits reach {traced.scale:.1f})."
    )


def steps_panel(model_id: str, traced: Trace, ids: tuple[int, ...], labels: Sequence[str]) -> None:
    """One block, step by step: what each tensor is, its real shape, a look at its values."""
    layers, heads = traced.attentions.shape[:2]
    left, right = st.columns([1, 2.6], gap="medium")
    with left:  # no shape in the labels: it changes with the text, and Streamlit forgets the choice of changed labels
        block = st.slider("Block", 0, layers - 1, 0, key=f"block_{layers}", persist_state="page") if layers > 1 else 0
        start = traced.embedding if block == 0 else ()
        steps = (*start, *_steps(model_id, ids, block))
        index = st.radio(
            "Step",
            range(len(steps)),
            key=f"step_{traced.family}_{block == 0}",
            persist_state="page",
            format_func=lambda i: f"{i + 1}. {steps[i].line.label}",
        )
    with right:
        _look(steps[index], labels, heads)
    _closing(steps[-1], traced, block)


def _look(step: Step, labels: Sequence[str], heads: int) -> None:
    st.header(f"{step.line.label}", anchor=False)
    st.markdown(f"{step.line.said} Shape **{' × '.join(map(str, step.shape))}** = {step.line.axes}.")
    values, square = step.values, step.line.axes.count("tokens") == 2
    if values.ndim == 3:
        count = values.shape[0]
        head = st.slider("Head", 0, count - 1, 0, key=f"head_{count}", persist_state="page") if count > 1 else 0
        if count != heads:
            st.caption(f"{count} KV heads for {heads} query heads: {heads // count} query heads share each.")
        values = values[head]
    chart(values_heatmap(values, labels, square=square), key="step-values", alt=f"Values of {step.line.label}")
    finite = values[np.isfinite(values)]
    if not finite.size:
        st.warning("These values are not numbers: the model's weights are damaged or overflowed.")
        return
    more = (
        f" The picture shows the first {COLUMNS} of {values.shape[1]:,} components."
        if not square and values.shape[1] > COLUMNS
        else ""
    )
    st.caption(
        f"{finite.size:,} numbers from {finite.min():.3g} to {finite.max():.3g}, mean {finite.mean():.3g}, "
        f"standard deviation {finite.std():.3g}.{more} In the code: `{step.code}`."
    )
    if step.key == "weights":
        sums = values.sum(axis=-1)
        st.caption(f"Every row sums to 1 (here between {sums.min():.6f} and {sums.max():.6f}).")


def _closing(last: Step, traced: Trace, block: int) -> None:
    gap = float(np.abs(last.values - traced.hidden[block + 1]).max())
    size = [float(np.linalg.norm(traced.hidden[i], axis=-1).mean()) for i in (block, block + 1)]
    st.caption(
        f"Block {block} changes the average length of the tokens' vectors from {size[0]:.1f} to {size[1]:.1f}. "
        f"Its output is what block {block + 1} receives (difference {gap:.1g})."
    )


def attention_panel(traced: Trace, labels: Sequence[str]) -> None:
    """All heads of all layers, one large, and what kind of head it is."""
    st.caption(
        "Which earlier tokens does each token look at? Stronger colour means more. The upper right is empty: "
        "no token sees the future."
    )
    layer, head = attention_maps(traced.attentions, labels, key="attention")
    if len(labels) < 2:
        st.info("One token has only itself to look at. Type a longer text.")
        return
    mean = head_summary(traced.attentions, layer, head)
    st.markdown(
        f"**Block {layer}, head {head}** puts {mean['first']:.0%} of its attention on the first token, "
        f"{mean['previous']:.0%} on the token before, {mean['itself']:.0%} on the token itself (averages over "
        "the tokens after the first). Many heads rest on the first token when they find nothing to look "
        "for: an *attention sink*."
    )
    rows = "\n".join(
        f"| {kind} | block {one}, head {two} | {share:.0%} |"
        for kind, one, two, share in notable_heads(traced.attentions, traced.ids)
    )
    if rows:
        st.markdown(f"**Heads worth a look in this text**\n\n| looks most at | | on average |\n|---|---|--:|\n{rows}")
        st.caption(
            "Repeat a phrase in the text and look for a head that finds what came after it the first time "
            "(an *induction head*)."
        )
