"""Two models side by side: a table of what differs, both diagrams, where the parameters sit."""

import streamlit as st

from lib.architecture import Architecture, ledger
from lib.architecture.block_diagram import Diagram, diagram
from lib.architecture.comparison import compare
from lib.figures.architecture import component_bars
from lib.ui.architecture.box_words import in_words
from lib.ui.architecture.diagram import block_diagram, clicked, explain_box
from lib.ui.architecture.look import legend
from lib.ui.architecture.pick import pick_known
from lib.ui.components.charts import chart
from lib.ui.components.page import escape, switch


def pick_two() -> tuple[Architecture, Architecture]:
    """The bar's two pickers."""
    return pick_known("left", "Left"), pick_known("right", "Right", start="qwen3-0.6b")


def compare_panel(left: Architecture, right: Architecture) -> None:
    """One of: the table of what differs, both diagrams, where the parameters sit."""
    one, two = st.columns([1, 1.6], vertical_alignment="center")
    views = ("differences", "diagrams", "parameters")
    what = switch("Compare", views, key="compare", place=one, format_func=str.capitalize)
    if left == right:
        st.info("Both sides show the same model. Choose another one.", icon=":material/compare:")
    if what == "diagrams":
        _diagrams(left, right)
    elif what == "parameters":
        legend()
        books = {name: ledger(arch) for name, arch in zip(_names(left, right), (left, right), strict=True)}
        chart(component_bars(books), key="compare-bars", alt="Shares of parameters by component for both models")
    else:
        with two:
            only = st.toggle("Only what differs", value=True, key="only_differences", persist_state="page")
        _differences(left, right, only)


def _names(left: Architecture, right: Architecture) -> tuple[str, str]:
    return left.name, right.name if right.name != left.name else f"{right.name} "


def _differences(left: Architecture, right: Architecture, only: bool) -> None:
    lines = compare(left, right)
    shown = [line for line in lines if line.differs or not only]
    names = [escape(name) for name in _names(left, right)]
    if shown:
        rows = "\n".join(
            f"| {line.what} | {escape(line.left)} | {escape(line.right)} | {line.why or 'the same'} |" for line in shown
        )
        with st.container(key="differences"):
            st.markdown(f"| | {names[0]} | {names[1]} | what it means |\n|---|---|---|---|\n{rows}")
    same = sum(not line.differs for line in lines)
    st.caption(f"{same} of {len(lines)} properties are the same.")


@st.fragment
def _diagrams(left: Architecture, right: Architecture) -> None:
    st.caption(
        "Dashed boxes are those that differ in size or kind, or that the other model does not have. "
        "Click one to read about it."
    )
    pictures = (diagram(left), diagram(right))
    for index, (cell, picture) in enumerate(zip(st.columns(2, gap="medium"), pictures, strict=True)):
        with cell:
            st.header(f"{escape(picture.architecture.name)}", anchor=False)
            key = f"diagram-{index}"
            chosen = clicked(picture, key, "q")
            block_diagram(picture, chosen, key=key, changed=changed(picture, pictures[1 - index]), notes=True)
            with st.expander(f"About “{picture.boxes[chosen].label}”", expanded=False):
                title, words = in_words(picture.boxes[chosen])
                st.header(title, anchor=False)
                st.markdown(words)
                explain_box(picture.architecture, chosen, batch=1, tokens=8)


def changed(mine: Diagram, other: Diagram) -> set[str]:
    """Boxes that the other model lacks or has in another size or kind."""
    return {
        name
        for name, box in mine.boxes.items()
        if (twin := other.boxes.get(name)) is None
        or (twin.params, twin.detail, twin.label) != (box.params, box.detail, box.label)
    }
