"""What the model wrote after so many steps: all snapshots of a stage in the browser, and a scrubber over them."""

from collections.abc import Callable, Sequence

import streamlit as st

from lib.training.events import Snapshot
from lib.ui.components.custom import asset, component

_component = component(
    "training_snapshots",
    html='<div class="mount"></div>\n',
    css=asset(__file__, "snapshots.css"),
    js=asset(__file__, "snapshots.js"),
)
KEY = "train-snapshots"


def show_snapshots(
    snapshots: Sequence[Snapshot], at: str, *, of: str, dialogue: bool, empty: str, on_move: Callable[[str], None]
) -> None:
    """Draw them. `at`: the checkpoint that one looks at, "" for the newest. `of`: another one for every other list.

    `dialogue`: prompts are questions in the chat template. `on_move` is called with what the scrubber rests at.
    """

    def moved() -> None:
        where = (st.session_state.get(KEY) or {}).get("at")
        if isinstance(where, str):
            on_move(where)

    items = [
        {
            "name": one.checkpoint,
            "step": one.step,
            "samples": [{"prompt": s.prompt, "text": s.text, "ended": s.ended} for s in one.samples],
        }
        for one in snapshots
    ]
    data = {"items": items, "at": at, "of": of, "unit": "dialogue" if dialogue else "text", "empty": empty}
    _component(key=KEY, data=data, on_at_change=moved)
