"""The text as chips, one a token: its place, id, and how surprised the model was by it. Clicking gives the place."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lib.ui.components.custom import component

_ASSETS = Path(__file__).with_name("assets")
_component = component(
    "next_token_strip",
    html='<div class="mount"></div>\n',
    css=(_ASSETS / "strip.css").read_text(encoding="utf-8"),
    js=(_ASSETS / "strip.js").read_text(encoding="utf-8"),
)
SHOWN = 400  # chips at most; the last ones, as they are next to the prediction
FULL_HEAT_BITS = 12.0  # surprisal at which a chip is fully coloured (p = 1/4096)


@dataclass(frozen=True)
class Chip:
    """One token. `heat` 0..1 or None; `note` stands where the id would; `facts` are shown on hover."""

    place: int
    id: int
    label: str
    facts: tuple[tuple[str, str], ...] = ()
    heat: float | None = None
    note: str | None = None
    path: bool = False
    special: bool = False


def heat(logprob: float) -> float:
    """Surprisal as a colour: 0 for certain, 1 from `FULL_HEAT_BITS` on.

    >>> heat(0.0), heat(-math.log(2) * 6)
    (0.0, 0.5)
    """
    return min(1.0, max(0.0, -logprob / math.log(2) / FULL_HEAT_BITS))


def token_strip(key: str, chips: Sequence[Chip], *, at: int | None = None, clickable: bool = False) -> int | None:
    """Show the chips; gives back the place that was clicked just now."""
    result = _component(
        key=key,
        data={
            "tokens": [vars(chip) for chip in chips[-SHOWN:]],
            "hidden": max(0, len(chips) - SHOWN),
            "at": at,
            "clickable": clickable,
        },
        on_pick_change=lambda: None,
    )
    picked = result.get("pick")
    return None if picked is None else int(picked)
