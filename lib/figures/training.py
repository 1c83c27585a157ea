"""Figures of the Training page: losses with what they are compared with, the map of embeddings, one attention head,
and beliefs beside the truth.

All losses are in nats a token. Takes plain numbers; every text that a model or a person wrote goes through `plain`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lib.design import CHART_PX
from lib.figures.theme import (
    ACCENT,
    CATEGORICAL,
    LETTERS,
    MONOSPACE,
    MUTED,
    SEQUENTIAL,
    Figure,
    Trace,
    figure,
    horizontal,
    packed,
    plain,
    titled,
    vertical,
)

SHAPES = ("circle", "square", "diamond", "cross", "triangle-up", "star", "x", "triangle-down")


@dataclass(frozen=True)
class Curves:
    """One stage, step by step. `train`: (step, loss, learning rate, norm of the gradient before clipping).

    `lines`: names and losses that the losses are compared with; `unit`: of both; `steps`: planned, the axes' end.
    """

    train: Sequence[tuple[int, float, float, float]]
    heldout: Sequence[tuple[int, float]]
    lines: Mapping[str, float]
    unit: str
    steps: int
    marked: int | None = None


def curves_chart(curves: Curves, *, height: int) -> Figure:
    """Three plots over the same steps: losses with a dashed line for each comparison, learning rate, gradient."""
    steps, losses, rates, norms = zip(*curves.train, strict=True) if curves.train else ((), (), (), ())
    held_steps, held = zip(*curves.heldout, strict=True) if curves.heldout else ((), ())
    shapes = [horizontal(value, {"color": MUTED, "width": 1.5, "dash": "dash"}) for value in curves.lines.values()]
    if curves.marked is not None:
        shapes.append({**vertical(curves.marked, {"color": LETTERS, "width": 1.5, "dash": "dot"}), "yref": "paper"})
    compared = max(curves.lines.values(), default=0.0)
    top = min(max([compared, *losses, *held, 0.1]), 1.5 * compared or math.inf) * 1.06
    return figure(
        [
            _curve("train", steps, losses, MUTED, 1.5),
            {**_curve("held-out", held_steps, held, ACCENT, 3), "mode": "lines+markers"},
            {**_curve("learning rate", steps, rates, CATEGORICAL[2], 2), "yaxis": "y2"},
            {**_curve("gradient's norm", steps, norms, CATEGORICAL[3], 1.5), "yaxis": "y3"},
        ],
        height=height,
        margin={"t": 36, "l": 8, "r": 128 if curves.lines else 8},
        shapes=shapes,
        annotations=[_label(name, value) for name, value in curves.lines.items()],
        xaxis=titled("step", range=[0, curves.steps * 1.01], zeroline=False, anchor="y3"),
        yaxis=titled(f"loss ({curves.unit})", range=[0, top], zeroline=False, domain=[0.5, 1], automargin=True),
        yaxis2=titled("learning rate", rangemode="tozero", zeroline=False, domain=[0.26, 0.44], automargin=True),
        yaxis3=titled("gradient", rangemode="tozero", zeroline=False, domain=[0, 0.2], automargin=True),
    )


def _curve(name: str, steps: Sequence[int], values: Sequence[float], colour: str, width: float) -> Trace:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": packed(steps),
        "y": packed(values),
        "line": {"color": colour, "width": width},
        "marker": {"color": colour, "size": 6},
        "hovertemplate": f"{name}, step %{{x}}: %{{y:.4g}}<extra></extra>",
    }


def _label(name: str, value: float) -> dict[str, object]:
    """Behind the right end of a line."""
    return {
        "text": f"{plain(name)} {value:.2f}",
        "x": 1.005,
        "y": value,
        "xref": "paper",
        "yref": "y",
        "xanchor": "left",
        "yanchor": "middle",
        "showarrow": False,
        "font": {"size": CHART_PX, "color": LETTERS},
    }


def embedding_map(groups: Mapping[str, Sequence[tuple[str, float, float]]], *, height: int) -> Figure:
    """Tokens at their places in two dimensions; a colour, a shape and a name for each group of words.

    A word whose letters would lie on another's is a mark only, and a hover says it.
    """
    traces: list[Trace] = []
    free = _apart([(word, x, y) for words in groups.values() for word, x, y in words], height)
    for place, (name, words) in enumerate((name, words) for name, words in groups.items() if words):
        colour = CATEGORICAL[place % len(CATEGORICAL)]
        traces.append(
            {
                "type": "scatter",
                "name": plain(name),
                "marker": {"color": colour, "size": 7, "symbol": SHAPES[place % len(SHAPES)]},
                "mode": "markers+text",
                "textposition": "middle right",
                "x": [x for _, x, _ in words],
                "y": [y for _, _, y in words],
                "text": [plain(word) if word in free else "" for word, _, _ in words],
                "customdata": [plain(word) for word, _, _ in words],
                "textfont": {"color": colour, "size": CHART_PX},
                "hovertemplate": f"%{{customdata}} ({plain(name)})<extra></extra>",
            }
        )
    return figure(
        traces,
        height=height,
        margin={"t": 36},
        showlegend=True,
        xaxis={"showticklabels": False, "zeroline": False},
        yaxis={"showticklabels": False, "zeroline": False},
    )


def _apart(words: Sequence[tuple[str, float, float]], height: int) -> set[str]:
    """Those whose letters have room in a map as high, about twice as wide, and as wide as its words lie apart."""
    if not words:
        return set()
    (left, right), (low, high) = ((min(side), max(side)) for side in zip(*[(x, y) for _, x, y in words], strict=True))
    across, up = 1.7 * height / (right - left or 1), (height - 60) / (high - low or 1)  # px a unit
    taken: dict[str, tuple[float, float, float]] = {}
    for word, x, y in words:
        start, line, wide = x * across, y * up, 8 + 0.62 * CHART_PX * len(word)
        others = taken.values()
        if all(abs(line - other) > CHART_PX or start + wide < at or at + long < start for at, other, long in others):
            taken[word] = (start, line, wide)
    return set(taken)


def attention_map(tokens: Sequence[str], weights: Sequence[Sequence[float]], *, height: int) -> Figure:
    """One head: each row is a token, its cells what share of its attention goes to which token at or before it."""
    places = list(range(len(tokens)))
    names = [plain(token) for token in tokens]
    shown = [[*line[: row + 1], *[None] * (len(line) - row - 1)] for row, line in enumerate(weights)]
    ticks = {"tickmode": "array", "tickvals": places, "ticktext": names, "showgrid": False, "zeroline": False}
    heat = {
        "type": "heatmap",
        "z": shown,
        "zmin": 0,
        "zmax": 1,
        "colorscale": [list(stop) for stop in SEQUENTIAL],
        "customdata": [[f"{names[row]} → {names[column]}" for column in places] for row in places],
        "hovertemplate": "%{customdata}: %{z:.1%}<extra></extra>",
        "hoverongaps": False,
        "xgap": 1,
        "ygap": 1,
        "colorbar": {"title": {"text": "attention"}, "thickness": 12, "tickformat": ".0%"},
    }
    letters = {"size": CHART_PX, "family": MONOSPACE}
    return figure(
        [heat],
        height=height,
        xaxis={**titled("looks at", automargin=True, tickangle=-60), **ticks, "tickfont": letters},
        yaxis={**titled("token", automargin=True, autorange="reversed"), **ticks, "tickfont": letters},
    )


def beliefs_chart(words: Mapping[str, tuple[float, float]], *, height: int) -> Figure:
    """For each word two bars: the model's probability, and that of the world which wrote the text."""
    order = sorted(words, key=lambda word: words[word][1], reverse=True)
    kinds = (("the model", ACCENT, ""), ("the world (true)", MUTED, "/"))
    return figure(
        [
            {
                "type": "bar",
                "orientation": "h",
                "name": name,
                "y": [plain(word) for word in order],
                "x": [words[word][which] for word in order],
                "marker": {"color": colour, "pattern": {"shape": shape}},
                "text": [f"{words[word][which]:.1%}" for word in order],
                "textposition": "outside",
                "cliponaxis": False,
                "hovertemplate": f"{name}: %{{y}} %{{x:.2%}}<extra></extra>",
            }
            for which, (name, colour, shape) in enumerate(kinds)
        ],
        height=height,
        barmode="group",
        margin={"t": 36, "r": 56},
        xaxis=titled("probability of the next word", tickformat=".0%", rangemode="tozero", zeroline=False),
        yaxis={"autorange": "reversed", "automargin": True},
    )
