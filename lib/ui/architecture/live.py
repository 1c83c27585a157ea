"""The live pass: attention maps, logit lens and logits of the loaded model on the reader's text."""

from collections.abc import Sequence

import streamlit as st

from lib.architecture import Architecture
from lib.architecture.head_patterns import NotableHead, head_summary, notable_heads, opening_head, patterns
from lib.architecture.live_pass_data import Trace
from lib.ui import cache
from lib.ui.architecture import passes
from lib.ui.architecture.attention import attention_maps, head_at, look_at
from lib.ui.architecture.lens import lens_panel, logits_panel
from lib.ui.architecture.strip import token_strip
from lib.ui.components.glossary import term
from lib.ui.components.link_values import in_link
from lib.ui.components.linked_text import at_most
from lib.ui.components.page import escape

_PASS = ("Attention maps", "Logit lens", "Logits")


def live_panel(arch: Architecture, text: str, model_id: str) -> None:
    """The tokens, and three views of the same pass. What it needs is kept free while the model is loaded."""
    if not model_id:
        not_here(arch)
        return
    with st.container(key="live"):
        text = at_most(text, passes.MOST)
        attention, lens, logits = st.tabs(_PASS, key="pass", on_change="rerun", **in_link("pass", _PASS))
        with st.container(key="live-wait"):  # "Loading the model …" lies over the free place
            tokenizer = cache.engine(model_id).tokenizer
            ids = passes.ids_of(model_id, text)
            traced = passes.trace(model_id, ids)
            looked = passes.lens(model_id, ids) if lens.open else None
        labels = passes.names_of(tokenizer, traced.ids)
        if traced.cut:
            st.caption(f":material/content_cut: {traced.cut}")
        with attention:
            if attention.open:
                attention_panel(model_id, traced, labels)
        with lens:
            if looked:
                with st.container(key="live-strip"):
                    position = token_strip(labels, [int(i) for i in traced.ids], key="live-tokens")
                lens_panel(looked, tokenizer, labels, position)
        with logits:
            if logits.open:
                logits_panel(traced, tokenizer, text, model_id)
        agreement(traced)


def not_here(arch: Architecture) -> None:
    """One line: this model's sizes are known, its numbers are not."""
    st.caption(
        f":material/info: {escape(arch.name)} is not on this machine: its sizes are shown. Live numbers need a model "
        "from the top of the list."
    )


def agreement(traced: Trace) -> None:
    """The steps end at the model's own output: how far off they are, in the tip."""
    layers, heads = traced.attentions.shape[:2]
    agree = traced.difference <= 1e-3 * max(1.0, traced.scale)
    st.caption(
        f"{layers} blocks with {heads} heads, computed here one step at a time. "
        + (
            ":material/check_circle: The steps end at the model's own output, up to rounding."
            if agree
            else ":material/error: The steps do not end at the model's own output."
        ),
        help=f"A check of this page. Over all {traced.shape[1]} × {traced.shape[2]:,} logits the largest difference is "
        f"{traced.difference:.1e}; the logits themselves are up to {traced.scale:.1f} away from 0.",
    )


def attention_panel(model_id: str, traced: Trace, labels: Sequence[str]) -> None:
    """All heads of all layers, one large, what kind of head it is, and why it is this one."""
    notable = notable_heads(traced.attentions, traced.ids)
    opening = opening_head(traced.attentions, traced.ids)
    layers, heads = traced.attentions.shape[:2]
    chosen = head_at("attention", model_id, (opening.layer, opening.head) if opening else (0, 0), (layers, heads))
    with st.container(key="attention-says"):
        _says(traced, *chosen, opening)
    if notable:
        with st.container(horizontal=True, key="attention-kinds", vertical_alignment="center"):
            st.caption("Heads that look at …", width="content")
            for head in notable:
                st.button(
                    f"{head.kind} · {head.weight:.0%}",
                    key=f"look-{head.kind}",
                    on_click=look_at,
                    args=("attention", model_id, (head.layer, head.head)),
                    type="primary" if (head.layer, head.head) == chosen else "secondary",
                    help=f"Block {head.layer}, head {head.head}: the highest mean weight of all {layers * heads} "
                    f"heads, over the {head.tokens} tokens that could show it. Even attention: {head.even:.0%}.",
                )
    where = patterns(traced.ids)
    marks = {(found.layer, found.head): where[found.kind] for found in notable}
    attention_maps(traced.attentions, labels, chosen, marks=marks, key="attention", tag=model_id)
    st.caption(
        "Rows look at columns; stronger colour means more weight; outlined are the cells that the pattern names. The "
        "upper right is empty: no token sees the future. "
        "A weight says where a head looks, not what the model does with it."  # Jain and Wallace 2019
    )


def _says(traced: Trace, layer: int, head: int, opening: NotableHead | None) -> None:
    if len(traced.ids) < 2:
        st.info("One token has only itself to look at. Type a longer text.")
        return
    mean = head_summary(traced.attentions, layer, head)
    line = (
        f"**Block {layer}, head {head}** puts {mean['first']:.0%} of its {term('attention')} on the first token, "
        f"{mean['previous']:.0%} on the token before, {mean['itself']:.0%} on the token itself (averages over the "
        "tokens after the first)."
    )
    if opening and (opening.layer, opening.head) == (layer, head):
        count = traced.attentions.shape[0] * traced.attentions.shape[1]
        tokens = f"the {opening.tokens} tokens" if opening.tokens > 1 else "the one token"
        line = (
            f"**Block {layer}, head {head}** looks at **{opening.kind}**: {opening.weight:.0%} of its "
            f"{term('attention')}, averaged over {tokens} that could show it; a head that attends to all tokens "
            f"equally would put {opening.even:.0%} there. Of the {count} heads the one with the largest such "
            "lead is shown first."
        )
    elif mean["first"] > 0.7:
        line += " Heads rest on the first token when they find nothing to look for: an *attention sink*."
    st.markdown(line)
