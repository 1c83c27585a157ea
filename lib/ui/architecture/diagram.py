"""The clickable block diagram (a component fed with `lib.architecture.block_diagram`) and what the clicked box is."""

from collections.abc import Collection
from typing import Any

import streamlit as st

from lib.architecture import Architecture, ledger
from lib.architecture.block_diagram import diagram
from lib.architecture.diagram_parts import Box, Diagram
from lib.text_format import number, percent
from lib.ui.architecture import links, passes, take_out
from lib.ui.architecture.box_live import live_numbers
from lib.ui.architecture.box_words import TERMS, in_words, linked, meanings
from lib.ui.architecture.live import not_here
from lib.ui.architecture.look import shares, variable
from lib.ui.components.custom import asset, component
from lib.ui.components.glossary import term
from lib.ui.components.linked_text import at_most
from lib.ui.components.number_widgets import whole_slider
from lib.ui.components.page import explained, switch

_COMPONENT = component(
    "architecture_diagram",
    html='<div class="diagram"></div>\n',
    css=asset(__file__, "diagram.css"),
    js=asset(__file__, "diagram.js"),
)
START = "down"  # the first box that is explained: one whose absence shows
_OUT, _LIVE, _MORE = "Take it out", "Numbers here", "Details"


def block_diagram(
    picture: Diagram, chosen: str, *, key: str, changed: Collection[str] = (), off: Collection[str] = (), **more: Any
) -> None:
    """Draw it with the box `chosen`. `changed` boxes (they differ from another model) get a dashed outline, those that
    are `off` (taken out) are struck through. `more`: `notes`, to have what a box does under it, as on a phone it
    always is; `on_selected_change`."""
    total = max(1, picture.total)
    _COMPONENT(
        key=key,
        data={
            "boxes": {name: _data(box, total, name in changed, name in off) for name, box in picture.boxes.items()},
            "layout": list(picture.layout),
            "groups": {name: variable(name) for name in ("attention", "mlp")},
            "selected": chosen,
            "notes": more.pop("notes", False),
        },
        **{"on_selected_change": lambda: None, **more},
    )


def clicked(picture: Diagram, key: str, start: str) -> str:
    """The box that was clicked last in the diagram `key`; at first `start`, or the first box."""
    found = (st.session_state.get(key) or {}).get("selected") or start
    return found if found in picture.boxes else start if start in picture.boxes else next(iter(picture.boxes))


def _data(box: Box, total: int, changed: bool, off: bool) -> dict[str, Any]:
    share = box.params * box.copies / total
    return {
        "label": box.label,
        "detail": box.detail,
        "colour": variable(box.component),
        "percent": 100 * share,
        "params": number(box.params) + (" each" if box.copies > 1 else "") if box.params else "",
        "share": percent(share),
        "changed": changed,
        "off": off,
        "does": box.does,
        "without": box.without,
        "tip": meanings(f"{box.label} {box.detail}"),
    }


@st.fragment
def diagram_panel(arch: Architecture, model_id: str, text: str) -> None:
    """The clickable diagram; beside it the clicked box: what it does, what breaks without it, its numbers here.

    `model_id` is the model on this machine that computes them, "" where there is none of this architecture.
    """
    left, right = st.columns([1.35, 1], gap="medium")
    picture = diagram(arch)
    start = START if START in picture.boxes else next(iter(picture.boxes))
    box = links.chosen("box", list(picture.boxes), start)
    links.keep("box", box, start)
    with left:
        shares(picture.total, ledger(arch))
        block_diagram(
            picture,
            box,
            key="diagram",
            off=take_out.gone(box) if model_id else (),
            on_selected_change=lambda: links.choose("box", clicked(picture, "diagram", start)),
        )
        st.caption("Text comes in at the top, the next token's probabilities go out at the bottom. Click a box.")
    with right, st.container(key="architecture-explanation"), st.container(key="architecture-words"):
        _body(picture, box, model_id, text)


def _body(picture: Diagram, box: str, model_id: str, text: str) -> None:
    title, words = in_words(picture.boxes[box])
    st.header(title, anchor=False)
    if not model_id or not picture.architecture.known:
        st.markdown(words)
        if not model_id:
            not_here(picture.architecture)
        batch, tokens = _sizes(picture.architecture)
        explain_box(picture.architecture, box, batch=batch, tokens=tokens)
        return
    text = at_most(text, passes.MOST)
    views = (*((_OUT,) if box in take_out.OFFERED else ()), _LIVE, _MORE)
    # Buttons first: words of any length under them do not move them from under a second click.
    view = switch("About this box", views, key=f"box-view-{len(views)}")
    row = take_out.switch_place(box) if view == _OUT else None
    with st.container(key="box-says"):
        st.markdown(words)
    with explained():
        if row:
            sizes = picture.architecture.layers, picture.architecture.heads
            take_out.take_out_panel(row, model_id, text, box, sizes)
        elif view == _LIVE:
            live_numbers(model_id, text, box)
        else:
            tokens = len(passes.trace(model_id, passes.ids_of(model_id, text)).ids)
            explain_box(picture.architecture, box, batch=1, tokens=tokens)


def _sizes(arch: Architecture) -> tuple[int, int]:
    """Batch size and tokens of a text of one's own, for a model that computes nothing here."""
    one, two = st.columns(2)
    most = min(arch.context or 2048, 2048)
    return (
        one.slider("Batch size", 1, 32, 1, key="batch_shape", persist_state="page"),
        whole_slider("Tokens per text", 1, most, 8, key="tokens_shape", place=two, persist_state="page"),
    )


def explain_box(arch: Architecture, chosen: str, *, batch: int, tokens: int) -> None:
    """How the box works and why, its formula, its shapes for this batch and text, its parameters, its code."""
    picture = diagram(arch, batch=batch, tokens=tokens)
    box = picture.boxes[chosen]
    formula = f"\n\n$$\n{box.formula}\n$$" if box.formula else ""
    why = f"\n\n**Why it is there.** {box.why}" if box.why else ""
    if box.params:
        share = box.params * box.copies / max(1, picture.total)
        times = f" in each of {box.copies} blocks, {box.params * box.copies:,} in all" if box.copies > 1 else ""
        counted = f"{box.params:,}{times}: {percent(share)} of the model."
    else:
        counted = "None of its own."
    rows = "\n".join(
        f"| {name} | `{' × '.join(f'{n:,}' for n in shape)}` | {symbols} |" for name, shape, symbols in box.shapes
    )
    head = "| tensor | shape | in symbols |\n|---|---|---|\n"
    words = " · ".join(map(term, TERMS.get(chosen, ())))
    st.markdown(
        linked(f"{box.what}{why}") + f"{formula}\n\n"
        f"**Parameters.** {counted}\n\n"
        + (f"**Shapes** for a batch of {batch} and {tokens:,} tokens\n\n{head}{rows}\n\n" if rows else "")
        + f"**In the code.** `{box.code}`"
        + (f"\n\n**In the glossary.** {words}" if words else "")
    )
