"""One look for every chart: colours that work on light and dark, quiet grids, no chart junk."""

import plotly.graph_objects as go

ACCENT = "#6366f1"  # the model's own answer
MUTED = "#9ca3af"  # dropped, pruned, everything else
LETTERS = "#73778b"  # quiet text: as readable on white as on the dark page (contrast 4.2 and more)
GOOD = "#10b981"
BAD = "#ef4444"
WARN = "#f59e0b"
# Told apart by colour-blind readers too (Okabe and Ito 2008, lightened for dark backgrounds).
CATEGORICAL = ("#6366f1", "#f59e0b", "#10b981", "#ec4899", "#06b6d4", "#84cc16", "#f97316", "#a855f7", "#64748b")
SEQUENTIAL = ((0.0, "#eef2ff"), (0.25, "#c7d2fe"), (0.5, "#818cf8"), (0.75, "#4f46e5"), (1.0, "#312e81"))
MONOSPACE = "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace"


def plain(text: str) -> str:
    """Text that Plotly shows as it is: Plotly reads a small HTML and, between dollar signs, LaTeX.

    >>> plain('<b>$x$</b>')
    '&lt;b&gt;&#36;x&#36;&lt;/b&gt;'
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("$", "&#36;")


def polish(fig: go.Figure, *, height: int | None = None, title: str | None = None) -> go.Figure:
    """Margins, transparent background and hover style shared by all figures."""
    fig.update_layout(
        margin={"l": 8, "r": 8, "t": 40 if title else 12, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        hoverlabel={"font_family": MONOSPACE},
        bargap=0.25,
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0},
    )
    if height:
        fig.update_layout(height=height)
    if title:
        fig.update_layout(title={"text": plain(title), "font_size": 15})
    return fig
