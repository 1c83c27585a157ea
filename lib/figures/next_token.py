"""Figures of the Next Token page: the same logits at six temperatures, along all temperatures, and two distributions.

Takes logits or probabilities over the whole vocabulary, float (V,), and functions that name an id.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from lib.engine.sampling import entropy, ranking, softmax
from lib.figures.theme import ACCENT, BAD, CATEGORICAL, MONOSPACE, MUTED, WARN, plain, polish

TEMPERATURES = (0.2, 0.5, 0.7, 1.0, 1.5, 2.0)
GRID = tuple(round(0.05 * step, 2) for step in range(41))  # 0 (greedy) to 2
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
    ids = ranking(logits)[:top]
    leading, nats = [], []
    for temperature in GRID:
        probs = softmax(logits, temperature)
        leading.append(probs[ids])
        nats.append(entropy(probs))
    return Sweep(tuple(map(int, ids)), logits.size, np.array(leading), np.array(nats))


def six_temperatures(found: Sweep, label: Label) -> go.Figure:
    """Small multiples: the likeliest tokens and everything else at 0.2, 0.5, 0.7, 1.0, 1.5 and 2.0."""
    names = [plain(label(i)) for i in found.ids]
    titles = [f"T = {t}" + (" (the model's own)" if t == 1 else "") for t in TEMPERATURES]
    fig = make_subplots(
        rows=2, cols=3, shared_xaxes=True, subplot_titles=titles, horizontal_spacing=0.06, vertical_spacing=0.12
    )
    # Bars are keyed by id: two ids with the same text stay two bars.
    keys = [*map(str, found.ids), "else"]
    for index, temperature in enumerate(TEMPERATURES):
        probs = found.probs[GRID.index(temperature)]
        values = [*probs, max(0.0, 1 - probs.sum())]
        fig.add_bar(
            x=values,
            y=keys,
            orientation="h",
            marker_color=[ACCENT] * len(probs) + [MUTED],
            showlegend=False,
            text=[f"{100 * v:.1f}%" for v in values],
            textposition="outside",
            cliponaxis=False,
            customdata=[*names, f"{found.vocab_size - len(probs):,} other tokens"],
            row=index // 3 + 1,
            col=index % 3 + 1,
            hovertemplate="%{customdata} (id %{y})<br>%{x:.4%}<extra></extra>",
        )
    fig.update_yaxes(
        autorange="reversed",
        type="category",
        tickvals=keys,
        ticktext=[*names, "everything else"],
        tickfont={"family": MONOSPACE, "size": 11},
    )
    for column in (2, 3):  # the rows are the same three times: their names once, at the left
        fig.update_yaxes(showticklabels=False, col=column)
    fig.update_xaxes(range=[0, 1.18], tickformat=".0%", tickvals=[0, 0.5, 1])
    return polish(fig, height=560).update_layout(margin_t=36)


def along_temperature(found: Sweep, label: Label) -> go.Figure:
    """Each leading token's probability against temperature, and everything else dashed."""
    fig = go.Figure()
    for index, i in enumerate(found.ids):
        name = plain(label(i))
        fig.add_scatter(
            x=GRID,
            y=found.probs[:, index],
            name=name,
            mode="lines",
            line={"color": CATEGORICAL[index % len(CATEGORICAL)], "width": 2.5},
            hovertemplate=f"{name} (id {i})<br>T = %{{x}}: %{{y:.3%}}<extra></extra>",
        )
    fig.add_scatter(
        x=GRID,
        y=np.clip(1 - found.probs.sum(axis=1), 0, 1),
        name="everything else",
        mode="lines",
        line={"color": MUTED, "dash": "dash", "width": 2.5},
        hovertemplate="everything else<br>T = %{x}: %{y:.3%}<extra></extra>",
    )
    fig.update_xaxes(title="temperature (0 is greedy)", range=[0, 2])
    fig.update_yaxes(title="probability", tickformat=".0%", range=[0, 1.02])
    fig.add_vline(x=1, line={"color": MUTED, "width": 1, "dash": "dot"})
    return polish(fig, height=400)


def spread(found: Sweep) -> go.Figure:
    """Entropy in bits, and perplexity (effective choices: e to the entropy in nats), against temperature."""
    fig = make_subplots(rows=1, cols=2, subplot_titles=("Entropy, in bits", "Perplexity"))
    for column, values, color, unit in (
        (1, found.nats / math.log(2), ACCENT, ".2f} bits"),
        (2, np.exp(found.nats), WARN, ",.1f} choices"),
    ):
        fig.add_scatter(
            x=GRID,
            y=values,
            mode="lines",
            line={"color": color, "width": 2.5},
            row=1,
            col=column,
            showlegend=False,
            hovertemplate="T = %{x}: %{y:" + unit + "<extra></extra>",
        )
    fig.update_yaxes(type="log", row=1, col=2)
    fig.update_xaxes(title="temperature", range=[0, 2])
    return polish(fig, height=300).update_layout(margin_t=36)


def surprisal(bits: np.ndarray, labels: Sequence[str]) -> go.Figure:
    """One bar a place, bits (T-1,) high; `labels` are the tokens that were really there."""
    places = list(range(2, len(bits) + 2))
    fig = go.Figure(
        go.Bar(
            x=places,
            y=bits,
            customdata=[plain(text) for text in labels],
            marker={"color": np.minimum(bits, 12), "colorscale": [[0, "#c7d2fe"], [1, BAD]], "cmin": 0, "cmax": 12},
            hovertemplate="place %{x}: %{customdata}<br>%{y:.2f} bits<extra></extra>",
        )
    )
    few = len(places) <= 40
    fig.update_xaxes(
        tickvals=places if few else None,
        ticktext=[plain(t) for t in labels] if few else None,
        tickfont={"family": MONOSPACE, "size": 11},
        tickangle=-45 if few else 0,
    )
    fig.update_yaxes(title="surprisal, bits", rangemode="tozero")
    return polish(fig, height=280)
