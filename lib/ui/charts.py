"""Charts of `lib/figures` on a page, through Streamlit's own Plotly element.

`st.plotly_chart` has Plotly's graph objects check a plain dictionary, which takes tens of milliseconds a figure. A
figure of Plotly's own type it only asks for its dictionary, so ours travels in one that is nothing else. Figures are
checked by the tests instead (tests/unit/test_figures.py).
"""

from typing import Any

import plotly.io
import streamlit as st
from plotly.basedatatypes import BaseFigure  # streamlit has imported it already

from lib.figures.theme import Figure

_QUIET = {"displayModeBar": False}


class _Ready(BaseFigure):
    """A dictionary in the shape of a Plotly figure: nothing is made, checked or copied."""

    def __init__(self, figure: Figure) -> None:
        self._ready = figure

    def to_dict(self) -> Figure:
        """The figure, as `st.plotly_chart` asks for it."""
        return self._ready


def chart(figure: Figure, *, key: str, **options: Any) -> Any:
    """Show a figure. `options` are those of `st.plotly_chart`; the bar of buttons is off unless `config` says more."""
    return st.plotly_chart(_Ready(figure), key=key, **{"config": _QUIET, **options})


def as_json(figure: Figure) -> str:
    """A figure as Streamlit would send it."""
    return str(plotly.io.to_json(_Ready(figure), validate=False))
