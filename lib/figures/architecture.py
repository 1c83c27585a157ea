"""Figures of the architecture page: where the parameters sit, what they cost, one linear layer."""

from collections.abc import Mapping, Sequence

from lib.architecture.cost import DTYPES, kv_cache_bytes, weight_bytes
from lib.architecture.hardware import Machine
from lib.architecture.linear_layer import Linear
from lib.architecture.parameter_ledger import COMPONENT_LABELS, COMPONENTS, Ledger
from lib.architecture.spec import Architecture
from lib.design import CHART_PX, PARTS
from lib.figures.theme import (
    ACCENT,
    BAD,
    CATEGORICAL,
    DIVERGING,
    GOOD,
    LETTERS,
    MONOSPACE,
    MUTED,
    WHITE,
    Figure,
    figure,
    horizontal,
    plain,
    text_on,
    titled,
    vertical,
)
from lib.text_format import number, size

COLOURS = PARTS
# What fills memory is told apart by colours that are no part's.
MEMORY = dict(zip(("weights", "KV cache", "activations", "gradients", "Adam"), CATEGORICAL, strict=False))


def parameter_map(book: Ledger, *, kind: str = "treemap", fold: bool = True) -> Figure:
    """Treemap or icicle: model -> component or blocks -> (block) -> tensor. Folded, the blocks count as one branch."""
    nodes = _nodes(book, fold)
    ids, labels, parents, values, colours, hover = zip(*nodes, strict=True)
    trace = {
        "type": kind,
        "ids": ids,
        "labels": labels,
        "parents": parents,
        "values": values,
        "branchvalues": "total",
        "customdata": hover,
        "marker": {"colors": colours, "line": {"width": 1, "color": MUTED}},
        "maxdepth": 4,
        "sort": False,
        "texttemplate": "%{label}<br>%{percentRoot:.1%}",
        "hovertemplate": "%{label}<br>%{customdata}<extra></extra>",
        "textfont": {"size": CHART_PX, "color": [text_on(colour) for colour in colours]},
        "pathbar": {"textfont": {"size": CHART_PX, "color": text_on(COLOURS["model"])}},
        **({"tiling": {"pad": 2}} if kind == "treemap" else {}),
    }
    return figure([trace], height=480, uniformtext={"minsize": CHART_PX, "mode": "hide"})


def _nodes(book: Ledger, fold: bool) -> list[tuple[str, str, str, int, str, str]]:
    """(id, label, parent, value, colour, hover) with every branch's value the sum of its leaves."""
    total = max(1, book.total)
    leaves: dict[tuple[str, ...], tuple[int, str, str]] = {}
    for row in book.rows:
        if not row.params:
            continue
        blocks = len(book.by_block())
        inside = row.block is not None
        path: tuple[str, ...] = (COMPONENT_LABELS[row.component],)
        if inside:
            path = (
                (f"{blocks} blocks", COMPONENT_LABELS[row.component])
                if fold
                else ("Blocks", f"Block {row.block}", COMPONENT_LABELS[row.component])
            )
        leaf = (*path, row.local)
        before = leaves.get(leaf, (0, row.component, ""))[0]
        shape = " × ".join(f"{n:,}" for n in row.shape)
        note = f"{shape}, in each of {blocks} blocks" if inside and fold else shape
        leaves[leaf] = (before + row.params, row.component, note)
    nodes: dict[str, list] = {"model": [book.architecture.name, "", 0, COLOURS["model"], ""]}
    for path, (count, component, note) in leaves.items():
        nodes["model"][2] += count
        for depth in range(1, len(path) + 1):
            key = "/".join(path[:depth])
            parent = "/".join(path[: depth - 1]) or "model"
            is_block = depth < len(path) - 1
            node = nodes.setdefault(key, [path[depth - 1], parent, 0, COLOURS["block" if is_block else component], ""])
            node[2] += count
            if depth == len(path):
                node[4] = note
    return [
        (
            key,
            plain(label),
            parent,
            value,
            colour,
            f"{value:,} parameters, {value / total:.2%}" + (f"<br>{plain(note)}" if note else ""),
        )
        for key, (label, parent, value, colour, note) in nodes.items()
    ]


def component_bars(books: Mapping[str, Ledger], *, highlight: str = "") -> Figure:
    """Shares by component, one bar a model: how much of it is vocabulary, how much is blocks."""
    traces = []
    names = list(books)[::-1]
    ticks = [f"<b>{plain(name)}</b>" if name == highlight else plain(name) for name in names]
    for component in COMPONENTS:
        counts = [books[name].by_component().get(component, 0) for name in names]
        if any(counts):
            shares = [100 * count / books[name].total for name, count in zip(names, counts, strict=True)]
            traces.append(
                {
                    "type": "bar",
                    "y": ticks,
                    "x": shares,
                    "orientation": "h",
                    "name": COMPONENT_LABELS[component],
                    "marker": {"color": COLOURS[component]},
                    "customdata": [[f"{c:,}", f"{books[n].total:,}"] for n, c in zip(names, counts, strict=True)],
                    "hovertemplate": f"%{{y}}<br>{COMPONENT_LABELS[component]}: %{{x:.1f}}%<br>%{{customdata[0]}} of "
                    "%{customdata[1]}<extra></extra>",
                }
            )
    return figure(
        traces,
        height=70 + 27 * len(names),
        barmode="stack",
        showlegend=False,
        yaxis={"automargin": True},
        xaxis=titled("share of the parameters", ticksuffix=" %", range=[0, 100]),
    )


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
    lines, notes = [], []
    for index, machine in enumerate(shown):
        colour = BAD if machine.kind == "this" else LETTERS
        lines.append(vertical(machine.memory / 1e9, {"color": colour, "dash": "dot", "width": 1.5}))
        notes.append(
            {
                "x": machine.memory / 1e9,
                "y": 1,
                "yref": "paper",
                "yanchor": "bottom",
                "text": plain(machine.name),
                "showarrow": False,
                "font": {"size": CHART_PX, "color": colour},
                "textangle": 0,
                "yshift": 14 * (index % 3),
            }
        )
    return figure(
        traces,
        height=150 + 44 * len(names),
        barmode="stack",
        xaxis=titled("GB", rangemode="tozero"),
        yaxis={"automargin": True},
        shapes=lines,
        annotations=notes,
        margin={"t": 20 + 14 * min(3, len(shown))},
        legend={"y": -0.28, "yanchor": "top"},
    )


def kv_curve(arch: Architecture, *, batch: int, context: int, dtype: str, width: int) -> Figure:
    """KV cache against context: as built, and as it would be if every head had its own keys and values."""
    most = max(context, min(arch.context, 131_072), 2)
    points = sorted({max(1, most * i // 48) for i in range(1, 49)} | {context})
    traces = []
    lines = [("as built", False, ACCENT, "solid")]
    if arch.kv_heads != arch.heads:
        lines.append((f"if all {arch.heads} heads had their own", True, MUTED, "dash"))
    for name, mha, colour, dash in lines:
        values = [kv_cache_bytes(arch, batch=batch, context=c, width=width, mha=mha) for c in points]
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


def weight_heatmap(layer: Linear, x: Sequence[float], output: int) -> Figure:
    """W of one linear layer, (out, in), the chosen output's row framed; x above it, y to its right."""
    inputs, outputs = len(x), len(layer.bias)
    most = max(1e-9, *(abs(w) for row in layer.weight for w in row))
    cells = {
        "type": "heatmap",
        "z": layer.weight,
        "x": list(range(inputs)),
        "y": list(range(outputs)),
        "zmin": -most,
        "zmax": most,
        "colorscale": DIVERGING,
        "xgap": 2,
        "ygap": 2,
        "showscale": False,
        "text": [[f"{w:g}" for w in row] for row in layer.weight],
        "texttemplate": "%{text}",
        "textfont": {"family": MONOSPACE, "size": CHART_PX, "color": WHITE},
        "hovertemplate": "W[%{y},%{x}] = %{z}<extra></extra>",
    }
    frame = {
        "type": "rect",
        "x0": -0.5,
        "x1": inputs - 0.5,
        "y0": output - 0.5,
        "y1": output + 0.5,
        "line": {"color": ACCENT, "width": 3},
    }
    notes = [
        {
            "x": 1.01,
            "xref": "paper",
            "xanchor": "left",
            "y": row,
            "text": f"y{row} = {value:.4g}",
            "showarrow": False,
            "font": {"family": MONOSPACE, "size": CHART_PX, "color": ACCENT if row == output else LETTERS},
        }
        for row, value in enumerate(layer(tuple(x)))
    ]
    return figure(
        [cells],
        height=110 + 34 * outputs,
        shapes=[frame],
        annotations=notes,
        margin={"t": 48, "l": 44, "r": 96},
        yaxis={
            "autorange": "reversed",
            "showgrid": False,
            "tickvals": list(range(outputs)),
            "ticktext": [f"row {j}" for j in range(outputs)],
        },
        xaxis={
            "side": "top",
            "showgrid": False,
            "tickvals": list(range(inputs)),
            "ticktext": [f"x{i}<br>{value:.4g}" for i, value in enumerate(x)],
        },
    )


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
