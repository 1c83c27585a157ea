"""Where the columns diverge: all texts over one another as a river, each in its strategy's colour."""

from collections.abc import Sequence

import streamlit as st

from lib.decoding import text_metrics
from lib.decoding.strategies import KINDS
from lib.engine import Engine
from lib.figures import river
from lib.figures.decoding import column_colours
from lib.generation.strategy_run import StrategyRun
from lib.generation.token_view import token_name
from lib.ui.components.live_updates import LiveRegion, LiveUpdates
from lib.ui.decoding.state import Column
from lib.ui.river.component import ShownRiver, show_river

_HEIGHT = 300  # px
_STEP = 2  # tokens of each text after which the river is drawn again: it travels whole


def panel(engine: Engine, columns: Sequence[Column], *, updates: LiveUpdates) -> None:
    """The texts as one tree, which grows while they are being written."""
    colours = column_colours([column.strategy.kind for column in columns])
    every = [
        (f"{number} · {KINDS[column.track.strategy.kind].label}", colour, column.track)
        for number, (column, colour) in enumerate(zip(columns, colours, strict=True), 1)
        if column.track and (column.track.running or column.track.steps)
    ]
    running = any(track.running for _, _, track in every)
    if not every:
        st.caption("Press Run: here the texts of all columns become one river, which forks where the texts diverge.")
        return
    words, place = st.empty(), st.container(key="decoding-parting")
    shown: ShownRiver | None = None
    drawn = 0  # tokens of all texts

    def look() -> None:
        nonlocal shown, drawn
        texts = [[step.id for step in track.steps] for _, _, track in every]
        if (total := sum(map(len, texts))) == 0:
            words.caption("The columns begin to write …")
            return
        if shown is not None and total < drawn + _STEP * len(texts):
            return
        drawn = total
        words.markdown(_parted(texts))
        tree = river.of_texts(
            texts,
            lambda token: token_name(engine.tokenizer, token),
            names=[name for name, _, _ in every],
            stop_ids=frozenset(engine.stop_ids),
        )
        if shown is not None:
            shown.redraw(tree)
            return
        with place:
            shown = show_river(
                "decoding-river",
                tree,
                name="The texts of all columns, and where they diverge",
                height=_HEIGHT,
                colours=[colour for _, colour, _ in every],
                hint="The width of the stream is the number of columns that wrote the same so far.",
            )

    look()
    if running:
        tracks = [track for _, _, track in every]
        updates.add(LiveRegion(over=lambda: not any(t.running for t in tracks), look=look, stop=lambda: _stop(tracks)))


def _stop(tracks: Sequence[StrategyRun]) -> None:
    for track in tracks:
        track.stop()


def _parted(texts: Sequence[Sequence[int]]) -> str:
    """A sentence with the place of the first parting."""
    if len(texts) == 1:
        return "One text has no other to diverge from: add a column."
    place = text_metrics.parting(texts)
    if place is None:
        return "All columns wrote the same, as far as each of them got."
    if place == 0:
        return "The texts diverge at the very first token."
    same = "The first token is" if place == 1 else f"The first {place} tokens are"
    return f"{same} the same in all columns; at token {place + 1} the texts diverge."
