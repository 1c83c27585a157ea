"""Figures of the architecture page: what a model costs in memory and arithmetic."""

from collections.abc import Mapping, Sequence
from typing import Any

from lib.architecture.cost import DTYPES, kv_cache_bytes, weight_bytes
from lib.architecture.hardware import Machine
from lib.architecture.spec import Architecture
from lib.design import CHART_PX
from lib.figures.theme import (
    ACCENT,
    BAD,
    CATEGORICAL,
    GOOD,
    LETTERS,
    MUTED,
    Figure,
    figure,
    horizontal,
    plain,
    titled,
    vertical,
)
from lib.text_format import number, size

# What fills memory is told apart by colours that are no part's.
MEMORY = dict(zip(("weights", "KV cache", "activations", "gradients", "Adam"), CATEGORICAL, strict=False))


def memory_bars(parts: Mapping[str, Mapping[str, int]], machines: Sequence[Machine]) -> Figure:
    """Stacked bars (one a number format, or one for training) in GB, with the memory of machines as lines."""
    traces = []
    kinds = list(dict.fromkeys(kind for bar in parts.values() for kind in bar))
    names = list(parts)[::-1]
    for kind in kinds:
        values = [parts[name].get(kind, 0) for name in names]
        traces.append(
            {
                "type": "bar",
                "y": names,
                "x": [v / 1e9 for v in values],
                "orientation": "h",
                "name": kind,
                "marker": {"color": MEMORY[kind]},
                "customdata": [size(v) for v in values],
                "hovertemplate": f"{kind}: %{{customdata}}<extra>%{{y}}</extra>",
            }
        )
    most = max(sum(bar.values()) for bar in parts.values()) / 1e9
    shown = sorted((m for m in machines if m.memory / 1e9 <= 1.6 * most), key=lambda m: m.memory)
    return figure(
        traces,
        height=150 + 44 * len(names),
        barmode="stack",
        xaxis=titled("GB", rangemode="tozero"),
        yaxis={"automargin": True},
        shapes=[
            vertical(machine.memory / 1e9, {"color": _machine_colour(machine), "dash": "dot", "width": 1.5})
            for machine in shown
        ],
        annotations=[_machine_name(machine, 14 * (index % 3)) for index, machine in enumerate(shown)],
        margin={"t": 20 + 14 * min(3, len(shown))},
        legend={"y": -0.28, "yanchor": "top"},
    )


def _machine_colour(machine: Machine) -> str:
    return BAD if machine.kind == "this" else LETTERS


def _machine_name(machine: Machine, above: int) -> dict[str, Any]:
    """Over the line of its memory; neighbours at different heights, `above` in pixels."""
    return {
        "x": machine.memory / 1e9,
        "y": 1,
        "yref": "paper",
        "yanchor": "bottom",
        "text": plain(machine.name),
        "showarrow": False,
        "font": {"size": CHART_PX, "color": _machine_colour(machine)},
        "textangle": 0,
        "yshift": above,
    }


def kv_curve(arch: Architecture, *, batch: int, context: int, dtype: str, bytes_per_value: int) -> Figure:
    """KV cache against context: as built, and as it would be if every head had its own keys and values."""
    most = max(context, min(arch.context, 131_072), 2)
    points = sorted({max(1, most * i // 48) for i in range(1, 49)} | {context})
    traces = []
    lines = [("as built", False, ACCENT, "solid")]
    if arch.kv_heads != arch.heads:
        lines.append((f"if all {arch.heads} heads had their own", True, MUTED, "dash"))
    for name, mha, colour, dash in lines:
        values = [
            kv_cache_bytes(arch, batch=batch, context=c, bytes_per_value=bytes_per_value, mha=mha) for c in points
        ]
        traces.append(
            {
                "type": "scatter",
                "x": points,
                "y": [v / 1e9 for v in values],
                "name": name,
                "mode": "lines",
                "line": {"color": colour, "dash": dash, "width": 2.5},
                "customdata": [size(v) for v in values],
                "hovertemplate": "%{x:,} tokens: %{customdata}<extra>" + name + "</extra>",
            }
        )
    weights = weight_bytes(arch, dtype)
    note = {
        "text": f"weights, {dtype}: {size(weights)}",
        "font": {"color": GOOD},
        "showarrow": False,
        "x": 1,
        "xref": "x domain",
        "xanchor": "right",
        "y": weights / 1e9,
        "yref": "y",
        "yanchor": "bottom",
    }
    return figure(
        traces,
        height=340,
        xaxis=titled("tokens in the cache", rangemode="tozero"),
        yaxis=titled("GB", rangemode="tozero"),
        annotations=[note],
        shapes=[
            horizontal(weights / 1e9, {"color": GOOD, "dash": "dot"}),
            vertical(context, {"color": MUTED, "width": 1}),
        ],
    )


def weights_by_dtype(arch: Architecture) -> dict[str, int]:
    """Weight bytes for every number format of the page (float16 is bfloat16's size and left out)."""
    return {dtype: weight_bytes(arch, dtype) for dtype in DTYPES if dtype != "float16"}


def flops_bars(parts: Mapping[str, int]) -> Figure:
    """Where the arithmetic of one token goes."""
    names = list(parts)[::-1]
    total = max(1, sum(parts.values()))
    bars = {
        "type": "bar",
        "y": names,
        "x": [parts[n] for n in names],
        "orientation": "h",
        "marker": {"color": ACCENT},
        "text": [f"{number(parts[n])} · {parts[n] / total:.0%}" for n in names],
        "textposition": "auto",
        "hovertemplate": "%{y}: %{x:,}<extra></extra>",
    }
    return figure(
        [bars],
        height=90 + 42 * len(names),
        xaxis=titled("floating-point operations", rangemode="tozero"),
        yaxis={"automargin": True},
    )
