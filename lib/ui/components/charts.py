"""Charts of `lib/figures` on a page, through Streamlit's own Plotly element."""

from typing import Any

import streamlit as st

from lib.figures.prepared import Prepared
from lib.figures.theme import Figure

_QUIET = {"displayModeBar": False}


def chart(figure: Figure, *, key: str, **options: Any) -> Any:
    """Show a figure. `options` are those of `st.plotly_chart`; the bar of buttons is off unless `config` says more."""
    return st.plotly_chart(Prepared(figure), key=key, **{"config": _QUIET, **options})
