"""The clickable block diagram (a component fed with `lib.architecture.block_diagram`) and the box's explanation."""

from collections.abc import Collection
from typing import Any

import streamlit as st

from lib.architecture import Architecture, ledger
from lib.architecture.block_diagram import Box, Diagram, diagram
from lib.text_format import number, percent
from lib.ui.architecture.look import shares, variable
from lib.ui.components.custom import asset, component

_COMPONENT = component(
    "architecture_diagram",
    html='<div class="diagram"></div>\n',
    css=asset(__file__, "diagram.css"),
    js=asset(__file__, "diagram.js"),
)


def block_diagram(
    picture: Diagram, *, key: str, start: str = "embedding", changed: Collection[str] = (), notes: bool = False
) -> str:
    """Draw it; the id of the selected box. `changed` boxes (they differ from another model) get a dashed outline.
    `notes` puts what a box does under it; on a phone it is always there."""
    state = st.session_state.get(key) or {}
    chosen = state.get("selected") or start
    if chosen not in picture.boxes:
        chosen = start if start in picture.boxes else next(iter(picture.boxes))
    total = max(1, picture.total)
    result = _COMPONENT(
        key=key,
        data={
            "boxes": {name: _data(box, total, name in changed) for name, box in picture.boxes.items()},
            "layout": list(picture.layout),
            "groups": {name: variable(name) for name in ("attention", "mlp")},
            "selected": chosen,
            "notes": notes,
        },
        on_selected_change=lambda: None,
    )
    selected = result.selected or chosen
    return selected if selected in picture.boxes else chosen


def _data(box: Box, total: int, changed: bool) -> dict[str, Any]:
    share = box.params * box.copies / total
    return {
        "label": box.label,
        "detail": box.detail,
        "colour": variable(box.component),
        "percent": 100 * share,
        "params": number(box.params) + (" each" if box.copies > 1 else "") if box.params else "",
        "share": percent(share),
        "changed": changed,
        "what": box.what,
    }


@st.fragment
def diagram_panel(arch: Architecture) -> None:
    """The clickable diagram; beside it what the clicked box is, for a batch and a length of one's own."""
    left, right = st.columns([1.35, 1], gap="medium")
    with right, st.container(key="architecture-explanation"):
        words = st.container(key="architecture-words")
        one, two = st.columns(2)
        batch = one.slider("Batch (texts at once)", 1, 32, 1, key="batch_shape", persist_state="page")
        tokens = two.slider(
            "Tokens in a text",
            1,
            min(arch.context, 2048),
            min(8, arch.context),
            key="tokens_shape",
            persist_state="page",
        )
    picture = diagram(arch, batch=batch, tokens=tokens)
    with left:
        shares(picture.total, ledger(arch))
        chosen = block_diagram(picture, key="diagram")
        st.caption("Text comes in at the top, the next token's probabilities go out at the bottom. Click a box.")
    with words:
        explain_box(picture, chosen, batch=batch, tokens=tokens)


def explain_box(picture: Diagram, chosen: str, *, batch: int, tokens: int) -> None:
    """What the box does, why, its formula, its shapes for this batch and text, its weights, its place in the code."""
    box = picture.boxes[chosen]
    st.header(box.label, anchor=False)
    formula = f"\n\n$$\n{box.formula}\n$$" if box.formula else ""
    if box.params:
        share = box.params * box.copies / max(1, picture.total)
        times = f" in each of {box.copies} blocks, {box.params * box.copies:,} in all" if box.copies > 1 else ""
        counted = f"{box.params:,}{times}: {share:.2%} of the model."
    else:
        counted = "None of its own."
    rows = "\n".join(
        f"| {name} | `{' × '.join(f'{n:,}' for n in shape)}` | {symbols} |" for name, shape, symbols in box.shapes
    )
    st.markdown(
        f"{box.what}\n\n**Why it is there.** {box.why}{formula}\n\n"
        f"**Parameters.** {counted}\n\n**In the code.** `{box.code}`\n\n"
        f"**Shapes** for a batch of {batch} and {tokens:,} tokens\n\n"
        f"| tensor | shape | in symbols |\n|---|---|---|\n{rows}"
    )
