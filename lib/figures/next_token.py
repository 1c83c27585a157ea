"""Figures of the Next Token page: the same logits at six temperatures, along all temperatures, and two distributions.

Takes logits or probabilities over the whole vocabulary, float (V,), and functions that name an id.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from lib.decoding.likeliest_tokens import likeliest_ids, probs_by_temperature
from lib.design import CHART_PX, HEAT, HEAT_BITS
from lib.figures.theme import (
    ACCENT,
    CATEGORICAL,
    MONOSPACE,
    MUTED,
    Figure,
    figure,
    heading,
    packed,
    plain,
    titled,
    vertical,
)
from lib.text_format import percent

TEMPERATURES = (0.2, 0.5, 0.7, 1.0, 1.5, 2.0)
GRID = tuple(round(0.05 * step, 2) for step in range(41))  # 0 (greedy) to 2
_ALONG = packed(GRID)
_RGB = ",".join(str(int(HEAT[0][at : at + 2], 16)) for at in (1, 3, 5))
_HEAT = [[0, f"rgba({_RGB},0.25)"], [1, f"rgba({_RGB},1)"]]  # the tokens' ramp; on either ground
Label = Callable[[int], str]


@dataclass(frozen=True)
class Sweep:
    """The leading tokens of some logits along the temperatures of `GRID`: computed once, drawn three times."""

    ids: tuple[int, ...]  # likeliest first
    vocab_size: int
    probs: np.ndarray  # float64 (len(GRID), len(ids))
    nats: np.ndarray  # float64 (len(GRID),): entropy


def sweep(logits: np.ndarray, *, top: int = 8) -> Sweep:
    """Softmax over the whole vocabulary at every temperature of `GRID`."""
    ids = likeliest_ids(logits, top)
    probs, nats = probs_by_temperature(logits, ids, GRID)
    return Sweep(tuple(map(int, ids)), logits.size, probs, nats)


def six_temperatures(found: Sweep, label: Label) -> Figure:
    """Small multiples: the likeliest tokens and everything else at 0.2, 0.5, 0.7, 1.0, 1.5 and 2.0."""
    names = [plain(label(i)) for i in found.ids]
    # Bars are keyed by id: two ids with the same text stay two bars.
    keys = [*map(str, found.ids), "else"]
    traces, notes, axes = [], [], {}
    for index, temperature in enumerate(TEMPERATURES):
        at, (row, column) = str(index + 1) if index else "", divmod(index, 3)
        probs = found.probs[GRID.index(temperature)]
        values = [*probs.tolist(), max(0.0, 1 - float(probs.sum()))]
        traces.append(
            {
                "type": "bar",
                "x": values,
                "y": keys,
                "orientation": "h",
                "xaxis": f"x{at}",
                "yaxis": f"y{at}",
                "marker": {"color": [ACCENT] * len(probs) + [MUTED]},
                "showlegend": False,
                "text": [percent(v) for v in values],
                "textposition": "outside",
                "constraintext": "none",  # never smaller than the rest of the chart
                "cliponaxis": False,
                "customdata": [*names, f"{found.vocab_size - len(probs):,} other tokens"],
                "hovertemplate": "%{customdata} (id %{y})<br>%{text}<extra></extra>",
            }
        )
        left, bottom = column * (0.88 / 3 + 0.06), 0.56 if row == 0 else 0.0
        shared = {"matches": f"x{index + 4}", "showticklabels": False} if row == 0 else {}  # numbers once, below
        axes[f"xaxis{at}"] = {
            "anchor": f"y{at}",
            "domain": [left, left + 0.88 / 3],
            "range": [0, 1.3],
            "tickformat": ".0%",
            "tickvals": [0, 0.5, 1],
            **shared,
        }
        axes[f"yaxis{at}"] = {
            "anchor": f"x{at}",
            "domain": [bottom, bottom + 0.44],
            "autorange": "reversed",
            "type": "category",
            "tickvals": keys,
            "ticktext": [*names, "all other tokens"],
            "tickfont": {"family": MONOSPACE, "size": CHART_PX},
            **({"showticklabels": False} if column else {}),
        }  # names once, at the left
        notes.append(
            heading(
                f"T = {temperature}" + (" (the model, unchanged)" if temperature == 1 else ""),
                left + 0.44 / 3,
                bottom + 0.44,
            )
        )
    return figure(traces, height=470, margin={"t": 36}, annotations=notes, **axes)


def along_temperature(found: Sweep, label: Label) -> Figure:
    """Each leading token's probability against temperature, and everything else dashed."""
    names = [plain(label(i)) for i in found.ids]
    lines = [
        (name, f"{name} (id {i})", values, {"color": CATEGORICAL[index % len(CATEGORICAL)], "width": 2.5})
        for index, (i, name, values) in enumerate(zip(found.ids, names, found.probs.T, strict=True))
    ]
    lines.append(
        (
            "all other tokens",
            "all other tokens",
            np.clip(1 - found.probs.sum(axis=1), 0, 1),
            {"color": MUTED, "dash": "dash", "width": 2.5},
        )
    )
    traces = [
        {
            "type": "scatter",
            "x": _ALONG,
            "y": packed(values),
            "name": name,
            "mode": "lines",
            "line": line,
            "customdata": [percent(float(value)) for value in values],
            "hovertemplate": f"{hover}<br>T = %{{x}}: %{{customdata}}<extra></extra>",
        }
        for name, hover, values, line in lines
    ]
    return figure(
        traces,
        height=400,
        xaxis=titled("temperature (0 is greedy)", range=[0, 2]),
        yaxis=titled("probability", tickformat=".0%", range=[0, 1.02]),
        shapes=[vertical(1, {"color": MUTED, "width": 1, "dash": "dot"})],
    )


def spread(found: Sweep) -> Figure:
    """Entropy in bits, and effective choices (e to the entropy in nats), against temperature."""
    traces = [
        {
            "type": "scatter",
            "x": _ALONG,
            "y": packed(values),
            "mode": "lines",
            "showlegend": False,
            "line": {"color": color, "width": 2.5},
            "xaxis": f"x{at}",
            "yaxis": f"y{at}",
            "hovertemplate": "T = %{x}: %{y:" + unit + "<extra></extra>",
        }
        for at, values, color, unit in (
            ("", found.nats / math.log(2), ACCENT, ".2f} bits"),
            ("2", np.exp(found.nats), ACCENT, ",.1f} choices"),
        )
    ]
    return figure(
        traces,
        height=300,
        margin={"t": 36},
        annotations=[heading("Entropy, in bits", 0.225, 1.0), heading("Effective choices", 0.775, 1.0)],
        xaxis=titled("temperature", anchor="y", domain=[0.0, 0.45], range=[0, 2]),
        yaxis={"anchor": "x", "domain": [0.0, 1.0]},
        xaxis2=titled("temperature", anchor="y2", domain=[0.55, 1.0], range=[0, 2]),
        yaxis2={"anchor": "x2", "domain": [0.0, 1.0], "type": "log"},
    )


def surprisal(bits: np.ndarray, labels: Sequence[str]) -> Figure:
    """One bar a place, bits (T-1,) high; `labels` are the tokens that were really there."""
    places = list(range(2, len(bits) + 2))
    names = [plain(text) for text in labels]
    bars = {
        "type": "bar",
        "x": places,
        "y": packed(bits),
        "customdata": names,
        "marker": {"color": packed(np.minimum(bits, HEAT_BITS)), "colorscale": _HEAT, "cmin": 0, "cmax": HEAT_BITS},
        "hovertemplate": "position %{x}: %{customdata}<br>%{y:.2f} bits<extra></extra>",
    }
    few = len(places) <= 40
    return figure(
        [bars],
        height=250,
        yaxis=titled("surprise, bits", rangemode="tozero"),
        xaxis={
            "tickfont": {"family": MONOSPACE, "size": CHART_PX},
            "tickangle": -45 if few else 0,
            **({"tickvals": places, "ticktext": names} if few else {}),
        },
    )
