"""The colours of strategies in charts, and what strategies do to one distribution."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lib.design import CHART_PX, STRATEGIES
from lib.figures.theme import MONOSPACE, MUTED, Figure, figure, plain, titled
from lib.text_format import percent

REST = "all other tokens"
GRID = MUTED + "33"
_SHADES = (0.0, 0.42, -0.35, 0.66, -0.58, 0.25, -0.2, 0.55)  # of columns of one strategy: to white, or to black
_OTHER = "#71717a"  # a strategy without a colour of its own


def strategy_colour(kind: str) -> str:
    """The colour of a kind of strategy, the same in its column's head and in every chart.

    >>> strategy_colour("beam"), strategy_colour("mine")
    ('#0d9488', '#71717a')
    """
    return STRATEGIES.get(kind, _OTHER)


def column_colours(kinds: Sequence[str]) -> list[str]:
    """A colour for every column: its strategy's, and shades of it for the further columns of that strategy.

    >>> column_colours(["beam", "greedy", "beam"])
    ['#0d9488', '#2f7ed8', '#73c1ba']
    """
    seen: Counter[str] = Counter()
    colours = []
    for kind in kinds:
        colours.append(_shade(strategy_colour(kind), _SHADES[seen[kind] % len(_SHADES)]))
        seen[kind] += 1
    return colours


def _shade(colour: str, share: float) -> str:
    goal = 255 if share > 0 else 0
    parts = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return "#" + "".join(f"{round(part + (goal - part) * abs(share)):02x}" for part in parts)


@dataclass(frozen=True)
class Shaped:
    """The next-token distribution as one strategy draws from it: probs float64 (V,), kept bool (V,); its colour."""

    name: str
    colour: str
    probs: np.ndarray
    kept: np.ndarray


def top_ids(raw: np.ndarray, *, count: int, extra: Sequence[int] = ()) -> list[int]:
    """The `count` likeliest ids of `raw` (V,), likeliest first, and `extra` ones after them.

    >>> top_ids(np.array([0.1, 0.6, 0.3]), count=2, extra=[0, 1])
    [1, 2, 0]
    """
    ids = [int(i) for i in np.argsort(-raw, kind="stable")[:count]]
    return [*ids, *dict.fromkeys(i for i in extra if i not in ids)]


def step_bars(raw: np.ndarray, shaped: Sequence[Shaped], labels: dict[int, str]) -> Figure:
    """Bars for the tokens of `labels` (id -> visible label) and for everything else, the model beside each strategy.

    raw: float64 (V,), the model's own probabilities. Bars are keyed by id: two tokens that look alike stay apart. The
    axis is always 0 to 100%, as on the Next Token page (`lib/ui/next_token/assets/redraw.js` says why).
    """
    ids = list(labels)
    rows = [str(i) for i in ids] + [REST]
    names = [plain(labels[i]) for i in ids] + ["all other tokens"]
    traces = []
    everything = [Shaped("model (T = 1)", MUTED, raw, raw > 0), *shaped]
    for one in everything:
        values = [float(one.probs[i]) for i in ids]
        values.append(max(0.0, 1.0 - sum(values)))
        notes = [("" if one.kept[i] else " · dropped") for i in ids] + [""]
        traces.append(
            {
                "type": "bar",
                "y": rows,
                "x": values,
                "orientation": "h",
                "name": plain(one.name),
                "marker": {"color": one.colour},
                "hoverinfo": "text",
                "hovertext": [
                    f"{n} · {plain(one.name)}: {percent(v)}{note}"
                    for n, v, note in zip(names, values, notes, strict=True)
                ],
            }
        )
    return figure(
        traces,
        height=90 + len(rows) * max(24, 7 * len(everything)),
        barmode="group",
        bargap=0.3,
        bargroupgap=0.08,
        xaxis=titled("probability", tickformat=".0%", range=[0, 1], gridcolor=GRID),
        yaxis={
            "type": "category",
            "autorange": "reversed",
            "tickvals": rows,
            "ticktext": names,
            "tickfont": {"family": MONOSPACE, "size": CHART_PX},
        },
    )
