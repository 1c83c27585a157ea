"""One look for every chart: colours that work on light and dark, quiet grids, no chart junk.

A figure is a plain dictionary as plotly.js reads it. Building one takes microseconds, where Plotly's graph objects take
milliseconds for every line of it; tests hold all figures against Plotly's schema instead.
"""

import base64
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from lib.design import CATEGORICAL, CHART_PX, CLEAR, DIVERGING, ON_CHARTS, SEQUENTIAL, WHITE

__all__ = ["CATEGORICAL", "CLEAR", "DIVERGING", "SEQUENTIAL", "WHITE"]

Figure = dict[str, Any]  # {"data": [a dictionary for each trace], "layout": {...}}
Trace = dict[str, Any]

ACCENT = ON_CHARTS["accent"]  # the model's own answer
MUTED = ON_CHARTS["muted"]  # dropped, pruned, everything else
LETTERS = ON_CHARTS["letters"]  # quiet text
GOOD = ON_CHARTS["good"]
BAD = ON_CHARTS["bad"]
MONOSPACE = "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace"


def contrast(one: str, other: str) -> float:
    """Contrast of two colours "#rrggbb", 1 to 21, as WCAG 2 defines it; text wants 4.5.

    >>> round(contrast("#ffffff", "#000000"))
    21
    """
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    shares = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def text_on(colour: str) -> str:
    """White or nearly black, whichever is easier to read on a colour.

    >>> text_on("#f59e0b"), text_on("#312e81")
    ('#11131c', '#ffffff')
    """
    return max(("#ffffff", "#11131c"), key=lambda text: contrast(text, colour))


def plain(text: str) -> str:
    """Text that Plotly shows as it is: Plotly reads a small HTML and, between dollar signs, LaTeX.

    >>> plain('<b>$x$</b>')
    '&lt;b&gt;&#36;x&#36;&lt;/b&gt;'
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("$", "&#36;")


# What all figures share; nobody alters these dictionaries.
_LAYOUT: Mapping[str, Any] = {
    "margin": {"l": 8, "r": 8, "t": 12, "b": 8},
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "font": {"size": CHART_PX},
    "hoverlabel": {"font": {"family": MONOSPACE, "size": CHART_PX}},
    "bargap": 0.25,
    "legend": {"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0, "font": {"size": CHART_PX}},
}
_TICKS: Mapping[str, Any] = {"tickfont": {"size": CHART_PX}}


def figure(traces: Iterable[Trace], *, height: int, **layout: Any) -> Figure:
    """Traces and a layout over the shared one: of margin, legend and hoverlabel only what is named changes.

    Axes that are named get ticks of the charts' size, which Streamlit's theme would make smaller.

    >>> figure([], height=200, margin={"t": 36})["layout"]["margin"]
    {'l': 8, 'r': 8, 't': 36, 'b': 8}
    """
    full: dict[str, Any] = {**_LAYOUT, "height": height}
    for name, value in layout.items():
        shared = _TICKS if name.startswith(("xaxis", "yaxis")) else _LAYOUT.get(name)
        full[name] = {**shared, **value} if isinstance(shared, dict) else value
    return {"data": list(traces), "layout": full}


def packed(values: Any) -> dict[str, str]:
    """Numbers of any shape as plotly.js takes them in bulk: float64 in base64, exact and a third of JSON's digits.

    >>> packed([1.0, 2.0])
    {'dtype': 'f8', 'bdata': 'AAAAAAAA8D8AAAAAAAAAQA=='}
    """
    array = np.ascontiguousarray(values, dtype="<f8")
    spec = {"dtype": "f8", "bdata": base64.b64encode(array.tobytes()).decode()}
    return spec if array.ndim == 1 else {**spec, "shape": ", ".join(map(str, array.shape))}


def vertical(x: float, line: Mapping[str, Any]) -> dict[str, Any]:
    """A line over the whole height at `x`, for `shapes`."""
    return {"type": "line", "x0": x, "x1": x, "y0": 0, "y1": 1, "xref": "x", "yref": "y domain", "line": dict(line)}


def horizontal(y: float, line: Mapping[str, Any]) -> dict[str, Any]:
    """A line over the whole width at `y`, for `shapes`."""
    return {"type": "line", "x0": 0, "x1": 1, "y0": y, "y1": y, "xref": "x domain", "yref": "y", "line": dict(line)}


def titled(text: str, **axis: Any) -> dict[str, Any]:
    """An axis with a title.

    >>> titled("GB", rangemode="tozero")
    {'title': {'text': 'GB'}, 'rangemode': 'tozero'}
    """
    return {"title": {"text": text}, **axis}


def heading(text: str, x: float, y: float) -> dict[str, Any]:
    """A title above one of several plots in a figure, for `annotations`; x is its middle, in shares of the figure."""
    return {
        "text": text,
        "x": x,
        "y": y,
        "xanchor": "center",
        "yanchor": "bottom",
        "xref": "paper",
        "yref": "paper",
        "showarrow": False,
        "font": {"size": 16},
    }
