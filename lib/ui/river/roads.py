"""Where the roads of a river lead: the likeliest are read ahead while the model is idle, others when looked at."""

from collections.abc import Sequence

import streamlit as st

from lib.engine import Engine
from lib.figures.river import RIVAL, River
from lib.generation.previews import Beginning, Previews
from lib.ui.components.live_updates import LiveRegion, LiveUpdates
from lib.ui.components.session import session_alive, session_id
from lib.ui.river.component import Road, ShownRiver
from lib.ui.river.reading import visible

UNASKED = 20  # roads that are read ahead: those that are likeliest to be looked at
_PREVIEWS = "river-previews"


def read_so_far(river: River, engine: Engine, ids: Sequence[int]) -> dict[Road, list[str]]:
    """Labels of the tokens after every road of which they are known."""
    previews, roads = _previews(engine), _roads(river, ids)
    found = previews.found(list(roads.values()))
    return {
        road: [visible(engine.tokenizer, token) for token in found[beginning]]
        for road, beginning in roads.items()
        if beginning in found
    }


def read_ahead(shown: ShownRiver, river: River, engine: Engine, ids: Sequence[int], updates: LiveUpdates) -> None:
    """Have the likeliest roads of a shown river read, the one that is looked at before the others, and show what comes
    while the page's run stays."""
    previews, roads = _previews(engine), _roads(river, ids)
    asked = [roads[shown.asked]] if shown.asked in roads else []
    previews.want([*asked, *list(roads.values())[:UNASKED]])
    for beginning in asked:
        previews.hurry(beginning)
    seen = len(shown.data["previews"])

    def look() -> None:
        nonlocal seen
        known = read_so_far(river, engine, ids)
        if len(known) != seen:
            seen = len(known)
            shown.show_previews(known)

    if previews.running:
        updates.add(LiveRegion(over=lambda: not previews.running, look=look, stop=previews.stop))


def _roads(river: River, ids: Sequence[int]) -> dict[Road, Beginning]:
    """Every road not taken: newest place first, then by probability."""
    rivals = [node for node in river.nodes if node.kind == RIVAL]
    rivals.sort(key=lambda node: (-node.depth, -node.weight))
    return {(node.depth, node.id): (*ids[: node.depth], node.id) for node in rivals}


def _previews(engine: Engine) -> Previews:
    """This visitor's, of this model."""
    known: Previews | None = st.session_state.get(_PREVIEWS)
    if known is None or known.engine is not engine:
        if known is not None:
            known.stop()
        known = Previews(engine, alive=session_alive(), owner=session_id())
        st.session_state[_PREVIEWS] = known
    return known
