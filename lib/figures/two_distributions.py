"""Two distributions over one vocabulary, float (V,): how far apart they are, and both as paired bars."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from lib.design import CHART_PX
from lib.engine.sampling import kl_divergence, ranking
from lib.figures.theme import CATEGORICAL, MONOSPACE, Figure, figure, plain
from lib.text_format import percent

Label = Callable[[int], str]


@dataclass(frozen=True)
class Comparison:
    """Two distributions over one vocabulary. KL in bits; `movers` are ids by how much they changed, most first."""

    forward: float  # KL(a || b)
    backward: float  # KL(b || a)
    distance: float  # total variation, 0..1: the probability that has moved
    movers: tuple[int, ...]


def compare(a: np.ndarray, b: np.ndarray, *, top: int = 12) -> Comparison:
    """How two distributions (V,) differ.

    >>> result = compare(np.array([0.5, 0.5]), np.array([0.75, 0.25]))
    >>> round(result.forward, 4), result.distance
    (0.2075, 0.25)
    """
    change = np.abs(a - b)
    movers = tuple(int(i) for i in ranking(change)[:top] if change[i] > 0)
    bits = math.log(2)
    return Comparison(kl_divergence(a, b) / bits, kl_divergence(b, a) / bits, float(change.sum() / 2), movers)


def paired_bars(
    a: np.ndarray,
    b: np.ndarray,
    names: tuple[str, str],
    label: Label,
    *,
    top: int = 10,
    ids: Sequence[int] | None = None,
) -> Figure:
    """Two distributions (V,) as paired bars: the `top` likeliest of either, or `ids`, and everything else."""
    chosen = list(ids) if ids is not None else _leaders(a, b, top)
    keys = [*map(str, chosen), "else"]
    traces = []
    for probs, name, color in ((a, names[0], CATEGORICAL[0]), (b, names[1], CATEGORICAL[1])):
        values = [*probs[chosen].tolist(), max(0.0, 1 - float(probs[chosen].sum()))]
        traces.append(
            {
                "type": "bar",
                "y": keys,
                "x": values,
                "name": plain(name),
                "orientation": "h",
                "marker": {"color": color},
                "text": [percent(v) for v in values],
                "textposition": "outside",
                "constraintext": "none",  # never smaller than the rest of the chart
                "cliponaxis": False,
                "hovertemplate": "id %{y}: %{text}<extra>" + plain(name) + "</extra>",
            }
        )
    largest = max(float(max(p[chosen].max(), 1 - p[chosen].sum())) for p in (a, b)) if chosen else 1.0
    return figure(
        traces,
        height=90 + 34 * len(keys),
        barmode="group",
        bargroupgap=0.08,
        xaxis={"tickformat": ".0%", "range": [0, min(1.15, largest * 1.2)]},
        yaxis={
            "autorange": "reversed",
            "type": "category",
            "tickvals": keys,
            "tickfont": {"family": MONOSPACE, "size": CHART_PX},
            "ticktext": [*(plain(label(i)) for i in chosen), "all other tokens"],
        },
    )


def _leaders(a: np.ndarray, b: np.ndarray, top: int) -> list[int]:
    best: dict[int, None] = {}
    for x, y in zip(ranking(a)[:top], ranking(b)[:top], strict=True):
        best.setdefault(int(x))
        best.setdefault(int(y))
    return list(best)[:top]
