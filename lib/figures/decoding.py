"""Figures of the decoding page: what strategies do to one distribution, and how many samples spread."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from lib.decoding.text_metrics import agreement
from lib.design import CHART_PX
from lib.figures.theme import ACCENT, CATEGORICAL, GOOD, MONOSPACE, MUTED, Figure, figure, plain, titled
from lib.text_format import percent

REST = "everything else"
_GRID = "rgba(128,128,128,0.2)"
_LEVELS = 7  # of the sample tree that are drawn at once; a click shows the deeper ones


@dataclass(frozen=True)
class Shaped:
    """The next-token distribution as one strategy draws from it: probs float64 (V,), kept bool (V,)."""

    name: str
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

    raw: float64 (V,), the model's own probabilities. Bars are keyed by id: two tokens that look alike stay apart.
    """
    ids = list(labels)
    rows = [str(i) for i in ids] + [REST]
    names = [plain(labels[i]) for i in ids] + [f"{raw.size - len(ids):,} others"]
    traces = []
    everything = [Shaped("the model itself", raw, raw > 0), *shaped]
    for number, one in enumerate(everything):
        values = [float(one.probs[i]) for i in ids]
        values.append(max(0.0, 1.0 - sum(values)))
        notes = [("" if one.kept[i] else " · dropped") for i in ids] + [""]
        colour = MUTED if number == 0 else CATEGORICAL[(number - 1) % len(CATEGORICAL)]
        traces.append(
            {
                "type": "bar",
                "y": rows,
                "x": values,
                "orientation": "h",
                "name": plain(one.name),
                "marker": {"color": colour},
                "hoverinfo": "text",
                "hovertext": [
                    f"{n} · {plain(one.name)}: {percent(v)}{note}"
                    for n, v, note in zip(names, values, notes, strict=True)
                ],
            }
        )
    return figure(
        traces,
        height=110 + len(rows) * max(26, 11 * len(everything)),
        barmode="group",
        bargap=0.3,
        bargroupgap=0.08,
        xaxis=titled("probability", tickformat=".0%", rangemode="tozero", gridcolor=_GRID),
        yaxis={
            "type": "category",
            "autorange": "reversed",
            "tickvals": rows,
            "ticktext": names,
            "tickfont": {"family": MONOSPACE, "size": 13},
        },
    )


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


def sample_tree(texts: Sequence[Sequence[int]], name: Callable[[int], str]) -> Figure:
    """The tree of samples as boxes from left to right: the height of a box is the number of texts that share it."""
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
        colours.append(_blend(branch.count / max(1, len(texts))))
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
        "textfont": {"family": MONOSPACE, "size": CHART_PX, "color": "#ffffff"},
        "marker": {"colors": colours, "line": {"width": 1, "color": "rgba(128,128,128,0.5)"}},
        "leaf": {"opacity": 1},
        "tiling": {"orientation": "h", "pad": 1},
        "pathbar": {"visible": False},
        "sort": True,
        "maxdepth": _LEVELS,
    }
    return figure(
        [boxes],
        height=max(260, 26 * len(texts) + 40),
        uniformtext={"minsize": 9, "mode": "show"},
        margin={"t": 4, "b": 4, "l": 4, "r": 4},
    )


def _depth(branch: Branch) -> int:
    return 1 + max(map(_depth, branch.children), default=0)


def _blend(share: float) -> str:
    """From slate (few texts) to indigo (all): white text reads well on either, in light and dark themes."""
    few, many = (100, 116, 139), (67, 56, 202)
    return "rgb(" + ",".join(str(round(a + (b - a) * share)) for a, b in zip(few, many, strict=True)) + ")"


def _wrapped(text: str, width: int = 60, limit: int = 360) -> str:
    text = text if len(text) <= limit else text[:limit] + "…"
    return "<br>".join(plain(text[i : i + width]) for i in range(0, len(text), width))


def spread(texts: Sequence[Sequence[int]]) -> Figure:
    """Position by position: how many different beginnings there are, and the share of pairs that still agree."""
    rows = agreement(texts)
    x = list(range(1, len(rows) + 1))
    different = {
        "type": "scatter",
        "x": x,
        "y": [different for different, _ in rows],
        "name": "different beginnings",
        "mode": "lines+markers",
        "line": {"color": ACCENT, "width": 3},
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
        "line": {"color": GOOD, "width": 2, "dash": "dot"},
        "hovertemplate": "after token %{x}: %{y:.0%} of pairs agree<extra></extra>",
    }
    return figure(
        [different, agree],
        height=260,
        xaxis=titled("tokens", gridcolor=_GRID),
        yaxis=titled("different beginnings", range=[0, len(texts) * 1.06], gridcolor=_GRID),
        yaxis2=titled(
            "pairs that agree", overlaying="y", side="right", tickformat=".0%", range=[0, 1.06], showgrid=False
        ),
    )
