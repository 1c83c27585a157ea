"""Where the columns part: all texts over one another as a river, each in its strategy's colour."""

from collections.abc import Sequence

import streamlit as st

from lib.decoding import text_metrics
from lib.decoding.strategies import KINDS
from lib.engine import Engine
from lib.figures import river
from lib.figures.decoding import column_colours
from lib.generation.token_view import token_name
from lib.ui.decoding.state import Column
from lib.ui.river.component import show_river

_HEIGHT = 300  # px


def panel(engine: Engine, columns: Sequence[Column]) -> None:
    """The texts as one tree; while they are being written, a line that says so."""
    if any(column.track and column.track.running for column in columns):
        st.caption("The columns are writing. When they are done, you see here where their texts part.")
        return
    colours = column_colours([column.strategy.kind for column in columns])
    written = [
        (f"{number} · {KINDS[column.track.strategy.kind].label}", colour, [step.id for step in column.track.steps])
        for number, (column, colour) in enumerate(zip(columns, colours, strict=True), 1)
        if column.track and column.track.steps
    ]
    if not written:
        st.caption("Press Run: here the texts of all columns become one river that parts where they do.")
        return
    texts = [ids for _, _, ids in written]
    st.markdown(_parted(texts))
    tree = river.of_texts(
        texts,
        lambda token: token_name(engine.tokenizer, token),
        names=[name for name, _, _ in written],
        stop_ids=frozenset(engine.stop_ids),
    )
    show_river(
        "decoding-river",
        tree,
        name="The texts of all columns, and where they part",
        height=_HEIGHT,
        colours=[colour for _, colour, _ in written],
        hint="The width of the stream is the number of columns that wrote the same so far.",
    )


def _parted(texts: Sequence[Sequence[int]]) -> str:
    """A sentence with the place of the first parting."""
    if len(texts) == 1:
        return "One text has no other to part from: add a column."
    place = text_metrics.parting(texts)
    if place is None:
        return "All columns wrote the same, as far as each of them got."
    if place == 0:
        return "The columns part at the very first token."
    same = "The first token is" if place == 1 else f"The first {place} tokens are"
    return f"{same} the same in all columns; at token {place + 1} they part."
