"""Figures of the Training page: losses with what they are measured against, the map of embeddings, one attention head,
and beliefs beside the truth.

All losses are in nats a token. Takes plain numbers; every text that a model or a person wrote goes through `plain`.
"""

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

_LABEL_PX = 17  # between two labels at the lines' ends
_RIGHT = 112  # px for those labels
_TOP, _BOTTOM = 28, 44  # px


@dataclass(frozen=True)
class Curves:
    """What a loss chart shows. `train`, `heldout`: steps and losses. `lines`: names and losses that are compared with.

    `steps`: the planned ones, the axis's end; `marked`: the step that one looks at.
    """

    train: tuple[Sequence[int], Sequence[float]]
    heldout: tuple[Sequence[int], Sequence[float]]
    lines: Mapping[str, float]
    steps: int
    marked: int | None = None


def loss_chart(curves: Curves, *, height: int) -> Figure:
    """Loss by step, with a dashed line and a label for everything that it is compared with."""
    highest = max([*curves.lines.values(), *curves.train[1], *curves.heldout[1], 1.0])
    top = min(highest, max([*curves.lines.values(), 1.0]) * 1.5) * 1.06  # a loss that explodes leaves the picture
    dashes = {"color": MUTED, "width": 1.5, "dash": "dash"}
    shapes = [horizontal(value, dashes) for value in curves.lines.values()]
    if curves.marked is not None:
        shapes.append(vertical(curves.marked, {"color": LETTERS, "width": 2}))
    return figure(
        [
            _curve("train", curves.train, MUTED, 1.5),
            {**_curve("held-out (text it never learns from)", curves.heldout, ACCENT, 3), "mode": "lines+markers"},
        ],
        height=height,
        margin={"r": _RIGHT if curves.lines else 8, "t": _TOP, "b": _BOTTOM, "l": 8},
        shapes=shapes,
        annotations=_labels(curves.lines, top, height - _TOP - _BOTTOM),
        xaxis=titled("step", range=[-curves.steps * 0.012, curves.steps * 1.012], zeroline=False, showgrid=False),
        yaxis=titled("loss (nats a token)", range=[0, top], zeroline=False, nticks=8),
        uirevision="loss",
    )


def _curve(name: str, line: tuple[Sequence[int], Sequence[float]], colour: str, width: float) -> Trace:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": packed(line[0]),
        "y": packed(line[1]),
        "line": {"color": colour, "width": width},
        "marker": {"color": colour, "size": 6},
        "hovertemplate": f"{name.split(' (', maxsplit=1)[0]}, step %{{x}}: %{{y:.3f}}<extra></extra>",
    }


def _labels(lines: Mapping[str, float], top: float, room: float) -> list[dict[str, object]]:
    """A label at each line's right end. Where lines are close the labels move up, and never onto each other."""
    placed, least = [], -1.0
    for name, value in sorted(lines.items(), key=lambda line: line[1]):
        least = max(value, least + _LABEL_PX * top / room)
        placed.append(
            {
                "text": f"{plain(name)} {value:.2f}",
                "x": 1.005,
                "y": least,
                "xref": "paper",
                "yref": "y",
                "xanchor": "left",
                "yanchor": "middle",
                "showarrow": False,
                "font": {"size": CHART_PX, "color": LETTERS},
            }
        )
    return placed


def embedding_map(groups: Mapping[str, Sequence[tuple[str, float, float]]], *, height: int) -> Figure:
    """Tokens as words at their places in two dimensions; a colour and a name for each group of words."""
    return figure(
        [
            {
                "type": "scatter",
                "mode": "text",
                "name": plain(name),
                "x": [x for _, x, _ in words],
                "y": [y for _, _, y in words],
                "text": [plain(word) for word, _, _ in words],
                "textfont": {"color": CATEGORICAL[place % len(CATEGORICAL)], "size": CHART_PX},
                "hovertemplate": f"%{{text}} ({plain(name)})<extra></extra>",
            }
            for place, (name, words) in enumerate(groups.items())
            if words
        ],
        height=height,
        margin={"t": 36},
        showlegend=True,
        xaxis={"showticklabels": False, "zeroline": False},
        yaxis={"showticklabels": False, "zeroline": False},
        uirevision="map",
    )


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
