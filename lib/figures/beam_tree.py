"""Beam search as a tree of what was looked at (`lib.decoding.beam_nodes`): kept, pruned and finished branches."""

import math
from collections.abc import Callable, Sequence

from lib.decoding.beam_nodes import FINISHED, KEPT, PRUNED, BeamNode, nodes
from lib.design import CHART_PX
from lib.engine import BeamStep
from lib.figures.decoding import strategy_colour
from lib.figures.theme import GOOD, LETTERS, MONOSPACE, MUTED, Figure, Trace, plain, titled
from lib.figures.theme import figure as laid_out
from lib.text_format import percent

_COLOURS = {KEPT: strategy_colour("beam"), PRUNED: MUTED, FINISHED: GOOD}
_SYMBOLS = {KEPT: "circle", PRUNED: "x-thin", FINISHED: "square"}
_ROW = 56  # pixels


def beam_tree_figure(steps: Sequence[BeamStep], name: Callable[[int], str], *, root: str = "the prompt") -> Figure:
    """The tree of a short search: x is the step, y the rank by total log-probability.

    `name` gives a token's visible label, `root` stands where the search begins. Every branch starts at a mark. The path
    of the best hypothesis is drawn thick.
    """
    if not steps:
        return laid_out([], height=200)
    best = steps[-1].best.ids
    everything = nodes(steps)
    rows = max((n.place for n in everything), default=0) + 1
    traces = [
        *(_edges(everything, best, thick) for thick in (False, True)),
        _root(root),
        *(_dots([n for n in everything if n.fate == fate], fate, name, best) for fate in (PRUNED, KEPT, FINISHED)),
        _totals(everything),
    ]
    return laid_out(
        traces,
        height=max(260, _ROW * rows + 100),
        hovermode="closest",
        xaxis=titled(
            "step",
            tickvals=list(range(len(steps))),
            ticktext=[str(t + 1) for t in range(len(steps))],
            range=[-1.5, len(steps) - 0.4],
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


def _edges(everything: Sequence[BeamNode], best: Sequence[int], thick: bool) -> Trace:
    """A line from the mark of each node's beginning, or from the root, to its own."""
    where = {n.ids: n.place for n in everything}
    xs: list[float | None] = []
    ys: list[float | None] = []
    for node in everything:
        if _on_path(node, best) != thick:
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
        f"<b>{label}</b> · {n.fate} · rank {n.place + 1}<br>probability {percent(math.exp(n.logprob))}"
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


def _totals(everything: Sequence[BeamNode]) -> Trace:
    """The total log-probability under every mark."""
    return {
        "type": "scatter",
        "x": [n.step for n in everything],
        "y": [n.place for n in everything],
        "mode": "markers+text",  # unseen marks keep the numbers off those that are seen
        "text": [f"{n.total:.2f}".replace("-", "−") for n in everything],
        "textposition": "bottom center",
        "textfont": {"size": CHART_PX, "color": LETTERS},
        "marker": {"color": LETTERS, "size": 12, "opacity": 0},
        "hoverinfo": "skip",
        "showlegend": False,
        "cliponaxis": False,
    }


def _cut(text: str, limit: int = 10) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _shorten(text: str, limit: int = 60) -> str:
    return text if len(text) <= limit else "…" + text[-limit:]
