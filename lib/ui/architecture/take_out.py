"""A part of the model taken out: what to take out, and the next token before and after, side by side."""

from collections.abc import Mapping

import numpy as np
import streamlit as st

from lib.architecture.ablation_data import ONE_BLOCK, PARTS, Effect, kl_bits
from lib.engine.sampling import softmax
from lib.text_format import percent
from lib.tokenization import Tokenizer
from lib.ui import cache
from lib.ui.architecture import links, passes
from lib.ui.architecture.distributions import Row, distributions, row
from lib.ui.components.page import escape

NOTHING = "nothing"
_SHOWN = 5  # tokens of each distribution
_MIXED, _STREAM = ("head", "attention"), ("norm",)
# What can be taken out at each box of the diagram.
OFFERED: Mapping[str, tuple[str, ...]] = {
    "positions": ("positions",),
    "rope": ("positions",),
    "scores": ("mask", *_MIXED),
    **dict.fromkeys(("q", "k", "v", "out"), _MIXED),
    **dict.fromkeys(("norm1", "norm2", "after_attn", "after_mlp", "final_norm"), _STREAM),
    **dict.fromkeys(("add1", "add2"), ("residual",)),
    **dict.fromkeys(("gate", "up", "activation", "down"), ("mlp",)),
}
# The boxes that are gone with a part.
_GONE: Mapping[str, tuple[str, ...]] = {
    "positions": ("positions", "rope"),
    "attention": ("q", "k", "v", "qk_norm", "rope", "scores", "out", "after_attn"),
    "residual": ("add1", "add2"),
    "mlp": ("gate", "up", "activation", "down", "after_mlp"),
    "norm": ("norm1", "norm2", "after_attn", "after_mlp", "final_norm"),
}


def taken(box: str) -> str:
    """What is taken out while `box` is looked at: a part, or NOTHING."""
    return links.chosen("out", (NOTHING, *OFFERED.get(box, ())), NOTHING)


def gone(box: str) -> tuple[str, ...]:
    """The boxes of the diagram that are out."""
    return _GONE.get(taken(box), ())


def take_out_panel(model_id: str, text: str, box: str, layers: int, heads: int) -> None:
    """The switch, where, and what that does to the next token."""
    part = _switch(box)
    block, head = _where(part, layers, heads) if part in ONE_BLOCK else (None, 0)
    tokenizer = cache.engine(model_id).tokenizer
    ids = passes.ids_of(model_id, text)
    if part == NOTHING:
        logits = passes.trace(model_id, ids).logits
        distributions([("model (T = 1)", _rows(tokenizer, logits))], key="effect")
        st.caption("The model's answer with all its parts. Take one out and see what becomes of it.")
        return
    effect = passes.effect(model_id, ids, part, block, head)
    if effect.cut:
        st.caption(effect.cut)
    first = int(effect.before.argmax())
    after = _rows(tokenizer, effect.after, first) if effect.finite else []
    distributions(
        [("model (T = 1)", _rows(tokenizer, effect.before, first)), (_title(part, block, head), after)], key="effect"
    )
    st.markdown(_says(effect, tokenizer, part))


def _switch(box: str) -> str:
    options = (NOTHING, *OFFERED[box])
    key = f"out-{'-'.join(options)}"
    st.session_state[key] = taken(box)
    part = st.segmented_control(
        "Take out",
        options,
        required=True,
        key=key,
        format_func=lambda name: "Nothing" if name == NOTHING else PARTS[name][0].upper() + PARTS[name][1:],
        on_change=lambda: links.choose("out", st.session_state[key]),
    )
    links.keep("out", str(part), NOTHING)
    return str(part)


def _where(part: str, layers: int, heads: int) -> tuple[int | None, int]:
    """The block (None: all of them) and the head."""
    one, two = st.columns(2)
    blocks = [*(() if part == "head" else (-1,)), *range(layers)]
    block = one.selectbox(
        "Where",
        blocks,
        index=min(len(blocks) - 1, layers // 2) if part == "head" else 0,
        key=f"out-block-{layers}" + ("-head" if part == "head" else ""),
        persist_state="page",
        label_visibility="collapsed",
        format_func=lambda i: "in all blocks" if i < 0 else f"in block {i}",
    )
    head = 0
    if part == "head" and heads > 1:
        head = two.selectbox(
            "Head",
            range(heads),
            key=f"out-head-{heads}",
            persist_state="page",
            label_visibility="collapsed",
            format_func=lambda i: f"head {i}",
        )
    return (None if block < 0 else block), head


def _rows(tokenizer: Tokenizer, logits: np.ndarray, first: int | None = None) -> list[Row]:
    """The likeliest tokens, token `first` if it is not among them, and all other tokens."""
    probs = softmax(logits)
    order = [int(i) for i in np.argsort(-probs, kind="stable")[:_SHOWN]]
    if first is not None and first not in order:
        order = [*order[:-1], first]
    names = passes.names_of(tokenizer, order)
    rows = [row(name, float(probs[i]), first=i == first) for name, i in zip(names, order, strict=True)]
    return [*rows, row("all other tokens", max(0.0, 1 - float(probs[order].sum())), rest=True)]


def _title(part: str, block: int | None, head: int) -> str:
    article = "" if part in {"positions", "attention", "norm"} else "the "
    name = f"head {head}" if part == "head" else article + PARTS[part]
    return f"without {name}" + (f" in block {block}" if block is not None else "")


def _says(effect: Effect, tokenizer: Tokenizer, part: str) -> str:
    if not effect.finite:
        return (
            "Without the norms every block makes the numbers larger, until they are too large for the number format "
            "(infinity, or not a number)."
            if part == "norm"
            else "What is left are not numbers any more: they overflowed on the way."
        )
    before, after = softmax(effect.before), softmax(effect.after)
    first, now = int(before.argmax()), int(after.argmax())
    rank = int((after > after[first]).sum()) + 1
    old, new = (f"**{escape(name)}**" for name in passes.names_of(tokenizer, (first, now)))
    moved = f"{old} goes from {percent(float(before[first]))} to {percent(float(after[first]))}"
    says = (
        f"{moved} and stays first."
        if now == first
        else f"{moved} and is ranked {rank:,} of {len(after):,}; first is now {new}."
    )
    says += f" KL divergence: {kl_bits(effect.before, effect.after):.2f} bits."
    if not np.isnan(effect.bits[0]):
        says += f" The text's own tokens surprise it by {effect.bits[0]:.1f} → {effect.bits[1]:.1f} bits on average"
        cheats = part == "mask" and effect.bits[1] < effect.bits[0]
        says += ": it reads each of them before it has to guess it." if cheats else "."
    return says
