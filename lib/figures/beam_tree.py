"""Beam search as a tree of what was looked at (`lib.decoding.beam_nodes`): kept, pruned and finished branches."""

import math
from collections.abc import Callable, Sequence

from lib.decoding.beam_nodes import FINISHED, KEPT, PRUNED, BeamNode, nodes
from lib.design import CHART_PX
from lib.engine import BeamStep
from lib.figures.theme import ACCENT, GOOD, MONOSPACE, MUTED, Figure, Trace, plain, titled
from lib.figures.theme import figure as laid_out

_LABEL = 0.62  # room for a label, in steps: branches start behind it
_COLOURS = {KEPT: ACCENT, PRUNED: MUTED, FINISHED: GOOD}
_SYMBOLS = {KEPT: "circle", PRUNED: "x-thin", FINISHED: "square"}


def figure(steps: Sequence[BeamStep], name: Callable[[int], str], *, start: int = 0, shown: int = 8) -> Figure:
    """The tree of `shown` steps from `start` on: x is the step, y the rank by total log-probability.

    `name` gives a token's visible label. The path of the best hypothesis is drawn thick.
    """
    if not steps:
        return laid_out([], height=200)
    best = steps[-1].best.ids
    everything = nodes(steps)
    window = [n for n in everything if start <= n.step < start + shown]
    where = {n.ids: n for n in everything}
    traces = [
        _band(window, best),
        *(_edges(window, where, best, start, thick) for thick in (False, True)),
        *(_dots([n for n in window if n.fate == fate], fate, name, best) for fate in (PRUNED, KEPT, FINISHED)),
    ]
    rows = max((n.place for n in window), default=0) + 1
    columns = range(start, start + shown)
    return laid_out(
        traces,
        height=max(260, 38 * rows + 90),
        hovermode="closest",
        xaxis=titled(
            "step",
            tickvals=list(columns),
            ticktext=[str(t + 1) for t in columns],
            range=[start - 0.6, start + shown - 0.4],
            showgrid=False,
            zeroline=False,
        ),
        yaxis=titled(
            "rank by total log-probability",
            autorange="reversed",
            showgrid=False,
            zeroline=False,
            tickvals=list(range(rows)),
            ticktext=[str(r + 1) for r in range(rows)],
        ),
    )


def _band(window: Sequence[BeamNode], best: Sequence[int]) -> Trace:
    """A faint band behind the labels of the result's path, so that the eye can follow it through them."""
    xs: list[float | None] = []
    ys: list[float | None] = []
    for node in window:
        if tuple(best[: len(node.ids)]) == node.ids and node.step < max(n.step for n in window):
            xs += [node.step, node.step + _LABEL, None]
            ys += [node.place, node.place, None]
    return {
        "type": "scatter",
        "x": xs,
        "y": ys,
        "mode": "lines",
        "hoverinfo": "skip",
        "showlegend": False,
        "opacity": 0.2,
        "line": {"width": 28, "color": ACCENT},
    }


def _edges(
    window: Sequence[BeamNode], where: dict[tuple[int, ...], BeamNode], best: Sequence[int], start: int, thick: bool
) -> Trace:
    xs: list[float | None] = []
    ys: list[float | None] = []
    for node in window:
        if (tuple(best[: len(node.ids)]) == node.ids) != thick:
            continue
        parent = where.get(node.ids[:-1])
        if parent is None and node.step > 0:
            continue
        before = _LABEL if node.step > start else 0.5  # the first drawn step comes from the left edge, at its own rank
        origin = (node.step - 1 + before, parent.place if parent else 0)
        xs += [origin[0], node.step - 0.05, None]
        ys += [origin[1], node.place, None]
    return {
        "type": "scatter",
        "x": xs,
        "y": ys,
        "mode": "lines",
        "hoverinfo": "skip",
        "showlegend": thick,
        "name": "path of the result",
        "opacity": 0.9 if thick else 0.55,
        "line": {"width": 4 if thick else 1, "color": ACCENT if thick else MUTED},
    }


def _dots(dots: Sequence[BeamNode], fate: str, name: Callable[[int], str], best: Sequence[int]) -> Trace:
    labels = [plain(name(n.ids[-1])) for n in dots]
    shown = [plain(_cut(name(n.ids[-1]))) for n in dots]
    texts = [
        (f"<b>{label}</b>" if tuple(best[: len(n.ids)]) == n.ids else label) + _small(n.total)
        for label, n in zip(shown, dots, strict=True)
    ]
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
        "text": texts,
        "textposition": "middle right",
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


def _small(total: float) -> str:
    """The total under a label.

    >>> _small(-1.0216)
    '<br><span style="font-size:10px">−1.02</span>'
    """
    return f'<br><span style="font-size:10px">{total:.2f}</span>'.replace(">-", ">−")


def _cut(text: str, limit: int = 10) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _shorten(text: str, limit: int = 60) -> str:
    return text if len(text) <= limit else "…" + text[-limit:]
