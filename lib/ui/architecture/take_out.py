"""A part of the model taken out: what to take out, and the next token before and after, side by side."""

from collections.abc import Mapping

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lib.architecture.ablation_data import ONE_BLOCK, PARTS, Effect, kl_bits
from lib.architecture.head_patterns import opening_head
from lib.engine.sampling import softmax
from lib.text_format import ordinal, percent
from lib.tokenization import Tokenizer
from lib.ui import cache
from lib.ui.architecture import links, passes
from lib.ui.architecture.attention import head_at
from lib.ui.architecture.side_by_side import Row, distributions, row
from lib.ui.components.glossary import term
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


def switch_place(box: str) -> DeltaGenerator:
    """The place of the switch; a box where one head can be taken out has a second line, for which one."""
    lines = "-two" if "head" in OFFERED[box] else ""
    return st.container(horizontal=True, key=f"take-out{lines}", gap="small")


def take_out_panel(place: DeltaGenerator, model_id: str, text: str, box: str, sizes: tuple[int, int]) -> None:
    """The switch and where, in `place`; under it what that does to the next token. `sizes`: layers, heads."""
    with place:
        part = _switch(box)
        shown = head_at("attention", model_id, _opening(model_id, text), sizes) if part == "head" else (0, 0)
        block, head = _where(part, *sizes, shown) if part in ONE_BLOCK else (None, 0)
    tokenizer = cache.engine(model_id).tokenizer
    ids = passes.ids_of(model_id, text)
    if part == NOTHING:
        logits = passes.trace(model_id, ids).logits
        _sentence("The model's answer with all its parts. Take one out and see what becomes of it.")
        distributions([("model (T = 1)", _rows(tokenizer, logits))], key="effect")
        return
    effect = passes.effect(model_id, ids, part, block, head)
    _sentence(_says(effect, tokenizer, part))
    first = int(effect.before.argmax())
    after = _rows(tokenizer, effect.after, first) if effect.finite else []
    distributions(
        [("model (T = 1)", _rows(tokenizer, effect.before, first)), (_title(part, block, head), after)], key="effect"
    )
    st.caption(
        f"{_measures(effect, part)} The model was trained with this part. This shows how much it relies on it, not how "
        f"a model trained without it would do. {effect.cut}"
    )


def _sentence(text: str) -> None:
    """What comes out, above the bars: its place is always there."""
    with st.container(key="effect-says"):
        st.markdown(text)


def _switch(box: str) -> str:
    options = (NOTHING, *OFFERED[box])
    key = f"out-{'-'.join(options)}"
    st.session_state[key] = taken(box)
    part = st.segmented_control(
        "Take out",
        options,
        required=True,
        key=key,
        label_visibility="collapsed",
        format_func=lambda name: "Nothing" if name == NOTHING else PARTS[name][0].upper() + PARTS[name][1:],
        on_change=lambda: links.choose("out", st.session_state.get(key, NOTHING)),
    )
    links.keep("out", str(part), NOTHING)
    return str(part)


def _opening(model_id: str, text: str) -> tuple[int, int]:
    """The head that the attention maps open on."""
    traced = passes.trace(model_id, passes.ids_of(model_id, text))
    found = opening_head(traced.attentions, traced.ids)
    return (found.layer, found.head) if found else (0, 0)


def _where(part: str, layers: int, heads: int, shown: tuple[int, int]) -> tuple[int | None, int]:
    """The block (None: all of them) and the head, at first the one that is `shown` on the attention maps."""
    blocks = [*(() if part == "head" else (-1,)), *range(layers)]
    block = st.selectbox(
        "Where",
        blocks,
        index=shown[0] if part == "head" else 0,
        key=f"out-block-{layers}" + ("-head" if part == "head" else ""),
        persist_state="page",
        label_visibility="collapsed",
        width=150,
        format_func=lambda i: "in all blocks" if i < 0 else f"in block {i}",
    )
    head = 0
    if part == "head" and heads > 1:
        head = st.selectbox(
            "Head",
            range(heads),
            index=shown[1],
            key=f"out-head-{heads}",
            persist_state="page",
            label_visibility="collapsed",
            width=150,
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
    return (
        f"{moved} and stays the likeliest."
        if now == first
        else f"{moved}, ranked {ordinal(rank)} of {len(after):,}; {new} is now the likeliest."
    )


def _measures(effect: Effect, part: str) -> str:
    """How far the answer moved, and how much more the text itself surprises the model; "" without numbers."""
    if not effect.finite:
        return ""
    bits = kl_bits(effect.before, effect.after)
    says = f"How far apart the two distributions are: {bits:.2f} bits ({term('KL divergence')})."
    low, high = effect.bits
    if not np.isnan(low):
        says += f" Over the text itself the average {term('surprise')} goes from {low:.1f} to {high:.1f} bits a token"
        cheats = part == "mask" and high < low
        says += ": it reads each token before it has to guess it." if cheats else "."
    return says
