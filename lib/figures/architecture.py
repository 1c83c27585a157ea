"""Figures of the architecture page: where the parameters sit."""

from collections.abc import Mapping

from lib.architecture.parameter_ledger import COMPONENT_LABELS, COMPONENTS, Ledger
from lib.design import CHART_PX, PARTS
from lib.figures.theme import MUTED, Figure, figure, plain, text_on, titled
from lib.text_format import percent

COLOURS = PARTS


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
            f"{value:,} parameters, {percent(value / total)}" + (f"<br>{plain(note)}" if note else ""),
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
        xaxis=titled("share of the parameters", ticksuffix="%", range=[0, 100]),
    )
