"""Figures of a live pass: the values of a step, the logit lens, the next token."""

from collections.abc import Sequence

import numpy as np

from lib.design import CHART_PX
from lib.figures.theme import (
    ACCENT,
    CATEGORICAL,
    CLEAR,
    DIVERGING,
    GOOD,
    MONOSPACE,
    MUTED,
    SEQUENTIAL,
    WHITE,
    Figure,
    Trace,
    figure,
    packed,
    plain,
    titled,
    vertical,
)
from lib.text_format import percent

COLUMNS = 256  # components of a vector that a picture shows


def values_heatmap(values: np.ndarray, labels: Sequence[str], *, square: bool) -> Figure:
    """One step, (T, n): a row per token. `square`: columns are tokens too (scores and weights, -inf left empty)."""
    rows = [f"{i} {plain(label)}" for i, label in enumerate(labels)]
    shown = values[:, :COLUMNS].astype(float)
    finite = shown[np.isfinite(shown)]
    most = max(1e-9, float(np.quantile(np.abs(finite), 0.99)) if finite.size else 1.0)
    probabilities = square and bool(finite.size) and finite.min() >= 0 and finite.max() <= 1.0001
    if probabilities:
        shown = np.where(np.tri(*shown.shape) > 0, shown, np.nan)  # the future is masked, not merely 0
    cells: Trace = {
        "type": "heatmap",
        "z": packed(np.where(np.isfinite(shown), shown, np.nan)),
        "y": rows,
        "x": rows if square else list(range(shown.shape[1])),
        "colorscale": SEQUENTIAL if probabilities else DIVERGING if square else CLEAR,
        "zmin": 0 if probabilities else -most,
        "zmax": 1 if probabilities else most,
        "xgap": 1 if square else 0,
        "ygap": 1,
        "colorbar": {"thickness": 10},
        "hovertemplate": "%{y}<br>%{x}: %{z:.4g}<extra></extra>"
        if square
        else "%{y}<br>component %{x}: %{z:.4g}<extra></extra>",
    }
    if square and len(labels) <= 7:
        cells["text"] = [["" if not np.isfinite(v) else f"{v:.2f}" for v in row] for row in shown]
        cells["texttemplate"] = "%{text}"
        cells["textfont"] = {"family": MONOSPACE, "size": CHART_PX, "color": WHITE}
    return figure(
        [cells],
        height=max(240, 110 + (26 if square else 22) * len(labels)),
        yaxis={"autorange": "reversed", "showgrid": False, "tickfont": {"family": MONOSPACE, "size": CHART_PX}},
        xaxis=titled("looked at" if square else "component", showgrid=False),
    )


def lens_heatmap(
    top: Sequence[Sequence[str]],
    probs: np.ndarray,
    columns: Sequence[str],
    layers: Sequence[str],
    *,
    column: int,
    wins: Sequence[int] = (),
) -> Figure:
    """What each layer (row, the last on top) would say next after each token (column); `probs` (rows, columns).

    `wins`: for each column the row from which on the answer is in front; the chosen column's is framed boldly.
    """
    text = [[plain(word if len(word) <= 12 else word[:11] + "…") for word in row] for row in top]
    cells = {
        "type": "heatmap",
        "z": packed(probs),
        "x": list(range(len(columns))),
        "y": list(range(len(layers))),
        "text": text,
        "texttemplate": "%{text}",
        "zmin": 0,
        "zmax": 1,
        "colorscale": SEQUENTIAL,
        "xgap": 2,
        "ygap": 2,
        "textfont": {"family": MONOSPACE, "size": CHART_PX, "color": WHITE},
        "showscale": False,
        "hovertext": [
            [f"{plain(word)}<br>probability {percent(float(p))}" for word, p in zip(words, row, strict=True)]
            for words, row in zip(top, probs, strict=True)
        ],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }
    frame = {
        "type": "rect",
        "x0": column - 0.5,
        "x1": column + 0.5,
        "y0": -0.5,
        "y1": len(layers) - 0.5,
        "line": {"color": ACCENT, "width": 2.5},
    }
    marks = [
        {
            "type": "rect",
            "x0": at - 0.48,
            "x1": at + 0.48,
            "y0": row - 0.46,
            "y1": row + 0.46,
            "line": {"color": GOOD, "width": 4 if at == column else 2},
        }
        for at, row in enumerate(wins)
    ]
    return figure(
        [cells],
        height=80 + 23 * len(layers),
        shapes=[frame, *marks],
        margin={"t": 50},
        xaxis={
            "tickvals": list(range(len(columns))),
            "ticktext": [plain(c) for c in columns],
            "side": "top",
            "tickfont": {"family": MONOSPACE, "size": CHART_PX},
            "showgrid": False,
        },
        yaxis={"tickvals": list(range(len(layers))), "ticktext": list(layers), "showgrid": False},
    )


def lens_curves(
    names: Sequence[str], curves: np.ndarray, layers: Sequence[str], fading: set[int], *, wins: int | None = None
) -> Figure:
    """Probability of some tokens through the layers, (rows, tokens). `fading`: columns that peak before the end.

    `wins`: the row from which on the answer is in front.
    """
    traces, notes = [], []
    for column, name in enumerate(names):
        fades = column in fading
        traces.append(
            {
                "type": "scatter",
                "x": list(range(len(layers))),
                "y": packed(curves[:, column]),
                "name": plain(name),
                "mode": "lines+markers",
                "marker": {"size": 5},
                "line": {
                    "color": CATEGORICAL[column % len(CATEGORICAL)],
                    "width": 2.5,
                    "dash": "dot" if fades else "solid",
                },
                "customdata": [percent(float(p)) for p in curves[:, column]],
                "hovertemplate": "%{customdata}<extra>" + plain(name) + "</extra>",
            }
        )
        if fades:
            at = int(curves[:, column].argmax())
            notes.append(
                {
                    "x": at,
                    "y": float(curves[at, column]),
                    "text": plain(name),
                    "showarrow": True,
                    "arrowhead": 2,
                    "ay": -24,
                    "font": {"family": MONOSPACE, "size": CHART_PX},
                }
            )
    step = max(1, -(-len(layers) // 16))
    return figure(
        traces,
        height=360,
        annotations=notes,
        shapes=[vertical(wins, {"color": GOOD, "width": 2, "dash": "dash"})] if wins is not None else [],
        hovermode="x unified",
        yaxis=titled("probability", tickformat=".0%", rangemode="tozero"),
        xaxis=titled(
            "after block",
            tickvals=list(range(0, len(layers), step)),
            tickangle=0,
            ticktext=[{"embedding": "emb."}.get(n, n.removeprefix("block ")) for n in layers][::step],
        ),
        legend={"y": -0.24, "yanchor": "top", "font": {"family": MONOSPACE}},
    )


def next_bars(names: Sequence[str], probs: Sequence[float], rest: float) -> Figure:
    """The likeliest next tokens and everything else, adding up to 1."""
    labels = [*(plain(f"{rank + 1}  {name}") for rank, name in enumerate(names)), "all other tokens"][::-1]
    values = [*probs, rest][::-1]
    bars = {
        "type": "bar",
        "y": labels,
        "x": values,
        "orientation": "h",
        "marker": {"color": [MUTED] + [ACCENT] * len(names)},
        "text": [percent(v) for v in values],
        "textposition": "auto",
        "hovertemplate": "%{y}: %{text}<extra></extra>",
    }
    return figure(
        [bars],
        height=90 + 40 * len(values),
        xaxis=titled("probability", tickformat=".0%", rangemode="tozero"),
        yaxis={"automargin": True, "tickfont": {"family": MONOSPACE, "size": CHART_PX}},
    )
