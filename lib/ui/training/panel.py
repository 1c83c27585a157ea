"""The chart of the losses and what each snapshot writes, as one browser component with a scrubber over both."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from lib.training.events import Snapshot
from lib.ui.components.custom import asset, component
from lib.ui.components.replaceable import Replaceable

_component = component(
    "training_result",
    html='<div class="mount"></div>\n',
    css=asset(__file__, "result.css"),
    js=asset(__file__, "chart.js", "scrubber.js"),
)
KEY = "train-panel"
Curve = Sequence[tuple[int, float]]  # (step, loss in nats a token)


@dataclass(frozen=True)
class Panel:
    """What is drawn. `lines`: names and losses that the curves are compared with; `unit`: of all losses.
    `steps`: planned, the axis's end.

    `at`: the checkpoint that one looks at, "" for the newest. `of`: another one for every other list of snapshots.
    `dialogue`: prompts are questions in the chat template. `words`: the chart for those who do not see it; `empty`:
    what stands where no snapshot is yet.
    """

    train: Curve
    heldout: Curve
    lines: Mapping[str, float]
    unit: str
    steps: int
    snapshots: Sequence[Snapshot]
    at: str
    of: str
    dialogue: bool
    words: str
    empty: str

    def data(self) -> dict[str, Any]:
        """For the browser."""
        items = [
            {
                "name": one.checkpoint,
                "step": one.step,
                "samples": [{"prompt": s.prompt, "text": s.text, "ended": s.ended} for s in one.samples],
            }
            for one in self.snapshots
        ]
        return {
            "train": [[step, round(loss, 4)] for step, loss in self.train],
            "heldout": [[step, round(loss, 4)] for step, loss in self.heldout],
            "lines": [[name, value] for name, value in self.lines.items()],
            "unit": self.unit,
            "steps": self.steps,
            "items": items,
            "at": self.at,
            "of": self.of,
            "dialogue": self.dialogue,
            "words": self.words,
            "empty": self.empty,
        }


def show_panel(panel: Panel, *, on_move: Callable[[str], None]) -> Replaceable[Any]:
    """Draw it; other data may be shown in it later. `on_move` is called with what the scrubber rests at."""

    def moved() -> None:
        where = (st.session_state.get(KEY) or {}).get("at")
        if isinstance(where, str):
            on_move(where)

    return Replaceable(lambda: _component(key=KEY, data=panel.data(), on_at_change=moved))
