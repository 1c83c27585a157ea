"""Figures of many samples of one strategy: the tree of what they share, and how they spread."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from lib.decoding.text_metrics import agreement
from lib.design import CHART_PX, GROUND
from lib.design import MUTED as LEFT_OUT
from lib.figures.decoding import GRID
from lib.figures.theme import ACCENT, LETTERS, MONOSPACE, MUTED, Figure, contrast, figure, plain, titled

_LEVELS = 7  # of the sample tree that are drawn at once; a click shows the deeper ones


@dataclass
class Branch:
    """A piece of text that `count` samples share, and how they go on. `ended`: samples that stop after it."""

    ids: tuple[int, ...]
    count: int
    ended: int = 0
    children: list["Branch"] = field(default_factory=list)


def share_tree(texts: Sequence[Sequence[int]]) -> Branch:
    """Samples as a tree of shared beginnings; a run of tokens that does not part is one branch.

    >>> tree = share_tree([[1, 2, 3], [1, 2, 4], [5]])
    >>> [(child.ids, child.count) for child in tree.children], [c.ids for c in tree.children[0].children]
    ([((1, 2), 2), ((5,), 1)], [(3,), (4,)])
    """
    root = Branch((), len(texts))
    waiting = [(root, [tuple(text) for text in texts])]
    while waiting:
        branch, rests = waiting.pop()
        families: dict[int, list[tuple[int, ...]]] = {}
        for rest in rests:
            if rest:
                families.setdefault(rest[0], []).append(rest)
            else:
                branch.ended += 1
        for members in sorted(families.values(), key=len, reverse=True):
            length = _shared(members)
            child = Branch(members[0][:length], len(members))
            branch.children.append(child)
            waiting.append((child, [member[length:] for member in members]))
    return root


def _shared(members: Sequence[tuple[int, ...]]) -> int:
    """Length of the common beginning."""
    low, high = min(members), max(members)
    return next((i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), min(len(low), len(high)))


def sample_tree(texts: Sequence[Sequence[int]], name: Callable[[int], str], *, colour: str = ACCENT) -> Figure:
    """The tree of samples as boxes from left to right: the height of a box is the number of texts that share it.

    `colour`: "#rrggbb" of the strategy.
    """
    tree = share_tree(texts)
    shown = max(8, 84 // min(_depth(tree), _LEVELS))  # characters that fit into a box of the narrowest drawing
    ids: list[str] = []
    parents, labels, hover, values, colours = [], [], [], [], []
    waiting: list[tuple[Branch, str, str]] = [(tree, "", "")]
    while waiting:
        branch, parent, before = waiting.pop()
        text = "".join(map(name, branch.ids))
        key = f"{parent}/{len(ids)}"
        ids.append(key)
        parents.append(parent)
        short = text if len(text) <= shown else text[: shown - 1] + "…"
        labels.append(plain(short) if branch.ids else f"{branch.count} texts")
        ended = f"<br>{branch.ended} end here" if branch.ended and branch.children else ""
        hover.append(f"<b>{branch.count} of {len(texts)}</b> texts go this way{ended}<br>{_wrapped(before + text)}")
        values.append(branch.count)
        colours.append(_blend(colour, branch.count / max(1, len(texts))))
        waiting += [(child, key, before + text) for child in branch.children]
    boxes = {
        "type": "icicle",
        "ids": ids,
        "parents": parents,
        "labels": labels,
        "values": values,
        "branchvalues": "total",
        "hovertext": hover,
        "hoverinfo": "text",
        "textinfo": "label",
        "textfont": {"family": MONOSPACE, "size": CHART_PX, "color": GROUND[0]},
        "marker": {"colors": colours, "line": {"width": 1, "color": MUTED}},
        "leaf": {"opacity": 1},
        "tiling": {"orientation": "h", "pad": 1},
        "pathbar": {"visible": False},
        "sort": True,
        "maxdepth": _LEVELS,
    }
    return figure(
        [boxes],
        height=max(260, 26 * len(texts) + 40),
        uniformtext={"minsize": CHART_PX, "mode": "hide"},
        margin={"t": 4, "b": 4, "l": 4, "r": 4},
    )


def _depth(branch: Branch) -> int:
    return 1 + max(map(_depth, branch.children), default=0)


def _blend(colour: str, share: float) -> str:
    """From grey (few texts) to the colour (all), dark enough for white letters.

    >>> contrast(_blend("#7c9a16", 1.0), "#ffffff") >= 4.5
    True
    """
    few, many = _rgb(LEFT_OUT[0]), _rgb(colour)
    mixed = [a + (b - a) * share for a, b in zip(few, many, strict=True)]
    shade = next(s for s in np.arange(1.0, 0.0, -0.02) if contrast(_hex([s * one for one in mixed]), GROUND[0]) >= 4.5)
    return _hex([shade * one for one in mixed])


def _rgb(colour: str) -> list[int]:
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]


def _hex(rgb: Sequence[float]) -> str:
    return "#" + "".join(f"{round(one):02x}" for one in rgb)


def _wrapped(text: str, width: int = 60, limit: int = 360) -> str:
    text = text if len(text) <= limit else text[:limit] + "…"
    return "<br>".join(plain(text[i : i + width]) for i in range(0, len(text), width))


def spread(texts: Sequence[Sequence[int]], *, colour: str = ACCENT) -> Figure:
    """Position by position: how many different beginnings there are, and the share of pairs that still agree."""
    rows = agreement(texts)
    x = list(range(1, len(rows) + 1))
    different = {
        "type": "scatter",
        "x": x,
        "y": [different for different, _ in rows],
        "name": "different beginnings",
        "mode": "lines+markers",
        "line": {"color": colour, "width": 3},
        "marker": {"size": 5},
        "hovertemplate": "after token %{x}: %{y} different beginnings<extra></extra>",
    }
    agree = {
        "type": "scatter",
        "x": x,
        "y": [share for _, share in rows],
        "name": "pairs that agree",
        "mode": "lines",
        "yaxis": "y2",
        "line": {"color": LETTERS, "width": 2, "dash": "dot"},
        "hovertemplate": "after token %{x}: %{y:.0%} of pairs agree<extra></extra>",
    }
    return figure(
        [different, agree],
        height=260,
        xaxis=titled("tokens", gridcolor=GRID),
        yaxis=titled("different beginnings", range=[0, len(texts) * 1.06], gridcolor=GRID),
        yaxis2=titled(
            "pairs that agree", overlaying="y", side="right", tickformat=".0%", range=[0, 1.06], showgrid=False
        ),
    )
