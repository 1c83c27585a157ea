"""Beam search as a tree of what was looked at: kept, pruned and finished branches; and one path read as steps.

Works on the `BeamStep`s of an engine; knows nothing of Streamlit.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lib.engine import Alternative, BeamStep, Step
from lib.figures.theme import ACCENT, GOOD, MONOSPACE, MUTED, Figure, Trace, plain, titled
from lib.figures.theme import figure as laid_out

_LABEL = 0.62  # room for a label, in steps: branches start behind it
KEPT, PRUNED, FINISHED = "kept", "pruned", "finished"
_COLOURS = {KEPT: ACCENT, PRUNED: MUTED, FINISHED: GOOD}
_SYMBOLS = {KEPT: "circle", PRUNED: "x-thin", FINISHED: "square"}


@dataclass(frozen=True)
class Node:
    """One candidate. `ids` is its whole beginning; `place` its row in the drawing, 0 for the best of its step."""

    ids: tuple[int, ...]
    logprob: float
    total: float
    score: float
    fate: str
    place: int

    @property
    def step(self) -> int:
        return len(self.ids) - 1


def nodes(steps: Sequence[BeamStep]) -> list[Node]:
    """Every candidate of every step, best total first within a step."""
    found = []
    beams: list[tuple[int, ...]] = [()]
    for step in steps:
        for place, c in enumerate(step.candidates):
            if c.total == -math.inf:  # only in toys: a real model gives no token probability 0
                continue
            fate = FINISHED if c.finished else KEPT if c.kept else PRUNED
            found.append(Node((*beams[c.parent], c.id), c.logprob, c.total, c.score, fate, place))
        beams = [beam.ids for beam in step.beams]
    return found


def path(steps: Sequence[BeamStep], ids: Sequence[int], *, alternatives: int = 8) -> list[Step]:
    """The hypothesis `ids` read as steps. Alternatives are the other tokens that the search tried at the same place.

    Beam search filters nothing, so `prob` is the model's own probability.
    """
    tried: dict[tuple[int, ...], list[Node]] = {}
    for node in nodes(steps):
        tried.setdefault(node.ids[:-1], []).append(node)
    read = []
    for index, token in enumerate(ids):
        here = sorted(tried.get(tuple(ids[:index]), []), key=lambda n: -n.logprob)
        own = next((n for n in here if n.ids[-1] == token), None)
        if own is None:
            break
        others = tuple(Alternative(n.ids[-1], n.logprob, math.exp(n.logprob)) for n in here[:alternatives])
        read.append(Step(token, own.logprob, math.exp(own.logprob), others, 0.0))
    return read


@dataclass(frozen=True)
class FirstToken:
    """A first token of the search and the best text that began with it, as far as the search followed it."""

    id: int
    logprob: float
    best_ids: tuple[int, ...]
    best_total: float
    best_score: float
    followed: int  # steps for which some beam still began with it


def first_tokens(steps: Sequence[BeamStep]) -> list[FirstToken]:
    """What became of every first token: which of them led, and where the best ended. Best first token first."""
    everything = nodes(steps)
    found = []
    for root in (n for n in everything if n.step == 0):
        line = [n for n in everything if n.ids[0] == root.ids[0] and n.fate != PRUNED] or [root]
        last = max(n.step for n in line)
        ends = [n for n in line if n.fate == FINISHED] or [n for n in line if n.step == last]
        best = max(ends, key=lambda n: n.score)
        found.append(FirstToken(root.ids[0], root.logprob, best.ids, best.total, best.score, last + 1))
    return sorted(found, key=lambda f: -f.logprob)


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
    traces = [_band(window, best), *(_edges(window, where, best, start, thick) for thick in (False, True)),
              *(_dots([n for n in window if n.fate == fate], fate, name, best) for fate in (PRUNED, KEPT, FINISHED))]
    rows = max((n.place for n in window), default=0) + 1
    columns = range(start, start + shown)
    return laid_out(
        traces, height=max(260, 38 * rows + 90), hovermode="closest",
        xaxis=titled("step", tickvals=list(columns), ticktext=[str(t + 1) for t in columns],
                     range=[start - 0.6, start + shown - 0.4], showgrid=False, zeroline=False),
        yaxis=titled("rank by total log-probability", autorange="reversed", showgrid=False, zeroline=False,
                     tickvals=list(range(rows)), ticktext=[str(r + 1) for r in range(rows)]))


def _band(window: Sequence[Node], best: Sequence[int]) -> Trace:
    """A faint band behind the labels of the result's path, so that the eye can follow it through them."""
    xs: list[float | None] = []
    ys: list[float | None] = []
    for node in window:
        if tuple(best[: len(node.ids)]) == node.ids and node.step < max(n.step for n in window):
            xs += [node.step, node.step + _LABEL, None]
            ys += [node.place, node.place, None]
    return {"type": "scatter", "x": xs, "y": ys, "mode": "lines", "hoverinfo": "skip", "showlegend": False,
            "opacity": 0.2, "line": {"width": 28, "color": ACCENT}}


def _edges(window: Sequence[Node], where: dict[tuple[int, ...], Node], best: Sequence[int], start: int,
           thick: bool) -> Trace:
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
    return {"type": "scatter", "x": xs, "y": ys, "mode": "lines", "hoverinfo": "skip", "showlegend": thick,
            "name": "path of the result", "opacity": 0.9 if thick else 0.55,
            "line": {"width": 4 if thick else 1, "color": ACCENT if thick else MUTED}}


def _dots(dots: Sequence[Node], fate: str, name: Callable[[int], str], best: Sequence[int]) -> Trace:
    labels = [plain(name(n.ids[-1])) for n in dots]
    shown = [plain(_cut(name(n.ids[-1]))) for n in dots]
    texts = [(f"<b>{label}</b>" if tuple(best[: len(n.ids)]) == n.ids else label) + _small(n.total)
             for label, n in zip(shown, dots, strict=True)]
    hover = [
        f"<b>{label}</b> · {n.fate} · rank {n.place + 1}<br>probability {math.exp(n.logprob):.4g}"
        f"<br>log-probability {n.logprob:.3f}<br>total {n.total:.3f}<br>score {n.score:.3f}"
        f"<br>{plain(_shorten(''.join(map(name, n.ids))))}"
        for label, n in zip(labels, dots, strict=True)
    ]
    return {
        "type": "scatter", "x": [n.step for n in dots], "y": [n.place for n in dots], "mode": "markers+text",
        "name": fate, "text": texts, "textposition": "middle right", "textfont": {"family": MONOSPACE, "size": 12},
        "hovertext": hover, "hoverinfo": "text", "cliponaxis": False,
        "marker": {"color": _COLOURS[fate], "symbol": _SYMBOLS[fate], "size": 9,
                   "line": {"width": 2 if fate == PRUNED else 0, "color": _COLOURS[fate]}},
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
