"""Charts of the tokenizers page: counts, cost by language, vocabulary growth, the tree of a word's merges."""

import itertools
from collections.abc import Mapping, Sequence

from lib.design import TOKENIZERS
from lib.figures.theme import ACCENT, LETTERS, MONOSPACE, MUTED, Figure, Trace, figure, plain, titled, vertical
from lib.tokenization.bpe_tokenizer import MergeNode
from lib.tokenization.display import label


def bars(
    names: Sequence[str], values: Sequence[float], colours: Sequence[str], *, unit: str, digits: int = 0
) -> Figure:
    """One horizontal bar a tokenizer, in the order given and in its colour, with its value written beside it."""
    text = [f"{value:,.{digits}f}" for value in values]
    hover = [f"{plain(name)}: {shown} {unit}" for name, shown in zip(names, text, strict=True)]
    trace = {
        "type": "bar",
        "x": list(values),
        "y": [plain(name) for name in names],
        "orientation": "h",
        "text": text,
        "textposition": "outside",
        "cliponaxis": False,
        "hovertext": hover,
        "hoverinfo": "text",
        "marker": {"color": list(colours)},
    }
    return figure(
        [trace],
        height=80 + 30 * len(values),
        margin={"r": 56},
        xaxis=titled(unit, rangemode="tozero", showgrid=True, zeroline=False),
        yaxis={"autorange": "reversed", "automargin": True},
    )


def languages(
    ratios: Mapping[str, Mapping[str, float]], tokens: Mapping[str, Mapping[str, int]], colours: Mapping[str, str]
) -> Figure:
    """Tokens relative to English: one dot a language and tokenizer. `ratios[tokenizer][language]`."""
    first = next(iter(ratios.values()))
    order = sorted(first, key=lambda language: first[language])
    traces = []
    for n, (name, values) in enumerate(ratios.items()):
        counts = [tokens[name][language] for language in order]
        traces.append(
            {
                "type": "scatter",
                "x": [values[language] for language in order],
                "y": order,
                "mode": "markers",
                "name": plain(name),
                "customdata": counts,
                "marker": {"size": 10, "color": colours[name], "symbol": _SYMBOLS[n % len(_SYMBOLS)]},
                "hovertemplate": f"{plain(name)}<br>%{{y}}: %{{x:.2f}} times English (%{{customdata}} tokens)"
                "<extra></extra>",
            }
        )
    return figure(
        traces,
        height=90 + 17 * len(order),
        shapes=[vertical(1, {"color": MUTED, "dash": "dot", "width": 1})],
        yaxis={"showgrid": True, "automargin": True, "dtick": 1},
        xaxis=titled("times as many tokens as in English", rangemode="tozero"),
    )


_SYMBOLS = ("circle", "diamond", "square", "triangle-up", "cross", "star", "x")


def growth(read: Sequence[int], different: Sequence[int], unseen: Sequence[float]) -> Figure:
    """Vocabulary against corpus size, and beside it the part of the words just read that were new."""
    size = {
        "type": "scatter",
        "x": list(read),
        "y": list(different),
        "name": "different words so far",
        "line": {"color": TOKENIZERS["word"], "width": 3},
        "hovertemplate": "after %{x} words: %{y} different ones<extra></extra>",
    }
    new = {
        "type": "scatter",
        "x": list(read),
        "y": list(unseen),
        "name": "of the last 50 words, new (%)",
        "yaxis": "y2",
        "line": {"color": LETTERS, "width": 2, "dash": "dot"},
        "hovertemplate": "after %{x} words: %{y:.0f}% of the last 50 were new<extra></extra>",
    }
    ticks = [0, 25, 50, 75, 100]  # plotly would line its ticks up with the left axis: 100.3, 75.2, …
    return figure(
        [size, new],
        height=250,
        xaxis=titled("words read"),
        yaxis=titled("different words", rangemode="tozero"),
        yaxis2=titled(
            "new words (%)",
            overlaying="y",
            side="right",
            range=[0, 105],
            tickmode="array",
            tickvals=ticks,
            showgrid=False,
        ),
    )


def merge_tree(nodes: Sequence[MergeNode]) -> Figure:
    """How a word's bytes are joined: bytes at the bottom, each join above its parts with the number of its merge."""
    points, lines, width = _places(nodes)
    depth = max((y for _, y, _ in points), default=0)
    side = {id(part): name for _, _, node in points for part, name in zip(node.parts, _SIDES, strict=False)}
    traces: list[Trace] = [
        {
            "type": "scatter",
            "x": lines[0],
            "y": lines[1],
            "mode": "lines",
            "hoverinfo": "skip",
            "line": {"color": MUTED, "width": 1.5},
        }
    ]
    finished = {id(node) for node in nodes}
    for is_token, color in ((False, MUTED), (True, ACCENT)):
        some = [point for point in points if (id(point[2]) in finished) == is_token]
        traces.append(
            {
                "type": "scatter",
                "x": [x for x, _, _ in some],
                "y": [y for _, y, _ in some],
                "mode": "markers+text",
                "text": [plain(label(node.data)) for _, _, node in some],
                "textposition": [
                    "bottom center" if y == 0 else f"top {side.get(id(node), 'center')}" for _, y, node in some
                ],
                "textfont": {"family": MONOSPACE, "size": 13},
                "marker": {"size": 11 if is_token else 8, "color": color},
                "hovertext": [_tree_hover(node) for _, _, node in some],
                "hoverinfo": "text",
            }
        )
    return figure(
        traces,
        height=int(90 + 40 * depth),
        showlegend=False,
        xaxis={"visible": False, "range": [-0.7, max(width - 0.3, 4)]},
        yaxis={"visible": False, "range": [-0.8, depth + 0.9]},
    )


_SIDES = ("left", "right")  # a label stands beside the line that goes up from it
_Points = list[tuple[float, float, MergeNode]]
_Lines = tuple[list[float | None], list[float | None]]


def _places(nodes: Sequence[MergeNode]) -> tuple[_Points, _Lines, int]:
    """Where every node stands, the lines between them (x and y, None between lines), and the number of bytes."""
    points: _Points = []
    lines: _Lines = ([], [])
    leaves = itertools.count()

    def place(node: MergeNode) -> tuple[float, float]:
        if not node.parts:
            at = (float(next(leaves)), 0.0)
        else:
            below = [place(part) for part in node.parts]
            at = (sum(x for x, _ in below) / 2, 1 + max(y for _, y in below))
            for x, y in below:
                lines[0].extend((x, x, at[0], None))
                lines[1].extend((y, at[1], at[1], None))
        points.append((*at, node))
        return at

    for node in nodes:
        place(node)
    return points, lines, sum(not node.parts for _, _, node in points)


def _tree_hover(node: MergeNode) -> str:
    origin = f"merge {node.step}" if node.step else "a byte, there from the start"
    return f"{plain(label(node.data))}<br>id {node.id}<br>{origin}"
