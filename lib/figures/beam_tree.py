"""Beam search as a tree of what was looked at (`lib.decoding.beam_nodes`): kept, pruned and finished branches."""

import math
from collections.abc import Callable, Sequence

from lib.decoding.beam_nodes import FINISHED, KEPT, PRUNED, BeamNode, nodes
from lib.design import CHART_PX
from lib.engine import BeamStep
from lib.figures.decoding import strategy_colour
from lib.figures.theme import GOOD, LETTERS, MONOSPACE, MUTED, Figure, Trace, plain, titled
from lib.figures.theme import figure as laid_out

_COLOURS = {KEPT: strategy_colour("beam"), PRUNED: MUTED, FINISHED: GOOD}
_SYMBOLS = {KEPT: "circle", PRUNED: "x-thin", FINISHED: "square"}
_ROW, _LOW_ROW, _MANY = 56, 36, 8  # pixels of a row; of more rows than so many, which show no totals


def figure(
    steps: Sequence[BeamStep], name: Callable[[int], str], *, start: int = 0, shown: int = 8, root: str = "the prompt"
) -> Figure:
    """The tree of `shown` steps from `start` on: x is the step, y the rank by total log-probability.

    `name` gives a token's visible label, `root` stands where the search begins. Every branch starts at a mark: a later
    `start` draws the beginnings that were kept before it too. The path of the best hypothesis is drawn thick.
    """
    if not steps:
        return laid_out([], height=200)
    best = steps[-1].best.ids
    everything = nodes(steps)
    before = [n for n in everything if n.step == start - 1 and n.fate == KEPT]
    window = [*before, *(n for n in everything if start <= n.step < start + shown)]
    rows = max((n.place for n in window), default=0) + 1
    traces = [
        *(_edges(window, start, best, thick) for thick in (False, True)),
        *([_root(root)] if start == 0 else []),
        *(_dots([n for n in window if n.fate == fate], fate, name, best) for fate in (PRUNED, KEPT, FINISHED)),
        *([_totals(window)] if rows <= _MANY else []),
    ]
    columns = range(max(0, start - 1), start + shown)
    return laid_out(
        traces,
        height=max(260, (_ROW if rows <= _MANY else _LOW_ROW) * rows + 100),
        hovermode="closest",
        xaxis=titled(
            "step",
            tickvals=list(columns),
            ticktext=[str(t + 1) for t in columns],
            range=[start - 1.5, start + shown - 0.4],
            showgrid=False,
            zeroline=False,
        ),
        yaxis=titled(
            "rank by total log-probability",
            range=[rows - 0.4, -0.6],
            showgrid=False,
            zeroline=False,
            tickvals=list(range(rows)),
            ticktext=[str(r + 1) for r in range(rows)],
        ),
    )


def _on_path(node: BeamNode, best: Sequence[int]) -> bool:
    return tuple(best[: len(node.ids)]) == node.ids


def _edges(window: Sequence[BeamNode], start: int, best: Sequence[int], thick: bool) -> Trace:
    """A line from the mark of each node's beginning, or from the root, to its own."""
    where = {n.ids: n.place for n in window}
    xs: list[float | None] = []
    ys: list[float | None] = []
    for node in window:
        if node.step < start or _on_path(node, best) != thick:
            continue
        xs += [node.step - 1, node.step, None]
        ys += [where[node.ids[:-1]] if node.step else 0, node.place, None]
    return {
        "type": "scatter",
        "x": xs,
        "y": ys,
        "mode": "lines",
        "hoverinfo": "skip",
        "showlegend": thick,
        "name": "the best text's path" if thick else "other branches",
        "opacity": 0.9 if thick else 0.6,
        "line": {"width": 4 if thick else 1, "color": _COLOURS[KEPT] if thick else MUTED},
    }


def _root(label: str) -> Trace:
    return {
        "type": "scatter",
        "x": [-1],
        "y": [0],
        "mode": "markers+text",
        "text": [plain(_cut(label))],
        "textposition": "top center",
        "textfont": {"family": MONOSPACE, "size": CHART_PX},
        "hovertext": [plain(_shorten(label))],
        "hoverinfo": "text",
        "showlegend": False,
        "cliponaxis": False,
        "marker": {"color": _COLOURS[KEPT], "size": 9},
    }


def _dots(dots: Sequence[BeamNode], fate: str, name: Callable[[int], str], best: Sequence[int]) -> Trace:
    labels = [plain(name(n.ids[-1])) for n in dots]
    shown = [plain(_cut(name(n.ids[-1]))) for n in dots]
    hover = [
        f"<b>{label}</b> · {n.fate} · rank {n.place + 1}<br>probability {math.exp(n.logprob):.4g}"
        f"<br>log-probability {n.logprob:.3f}<br>total {n.total:.3f}<br>score {n.score:.3f}"
        f"<br>{plain(_shorten(''.join(map(name, n.ids))))}"
        for label, n in zip(labels, dots, strict=True)
    ]
    return {
        "type": "scatter",
        "x": [n.step for n in dots],
        "y": [n.place for n in dots],
        "mode": "markers+text",
        "name": fate,
        "text": [f"<b>{label}</b>" if _on_path(n, best) else label for label, n in zip(shown, dots, strict=True)],
        "textposition": "top center",
        "textfont": {"family": MONOSPACE, "size": CHART_PX},
        "hovertext": hover,
        "hoverinfo": "text",
        "cliponaxis": False,
        "marker": {
            "color": _COLOURS[fate],
            "symbol": _SYMBOLS[fate],
            "size": 9,
            "line": {"width": 2 if fate == PRUNED else 0, "color": _COLOURS[fate]},
        },
    }


def _totals(window: Sequence[BeamNode]) -> Trace:
    """The total log-probability under every mark."""
    return {
        "type": "scatter",
        "x": [n.step for n in window],
        "y": [n.place for n in window],
        "mode": "text",
        "text": [f"{n.total:.2f}".replace("-", "−") for n in window],
        "textposition": "bottom center",
        "textfont": {"size": CHART_PX, "color": LETTERS},
        "hoverinfo": "skip",
        "showlegend": False,
        "cliponaxis": False,
    }


def _cut(text: str, limit: int = 10) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _shorten(text: str, limit: int = 60) -> str:
    return text if len(text) <= limit else "…" + text[-limit:]
