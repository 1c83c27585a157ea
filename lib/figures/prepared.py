"""A figure, which here is a plain dictionary, in the shape of Plotly's own type: the one importer of plotly.

`st.plotly_chart` has Plotly's graph objects check a plain dictionary, which takes tens of milliseconds a figure. A
figure of Plotly's own type it only asks for its dictionary, so ours travels in one that is nothing else. Figures are
checked by the tests instead (tests/unit/figures/test_schema.py).
"""

from plotly.basedatatypes import BaseFigure  # streamlit has imported it already

from lib.figures.theme import Figure


class Prepared(BaseFigure):
    """A dictionary in the shape of a Plotly figure: nothing is made, checked or copied."""

    def __init__(self, figure: Figure) -> None:
        self._figure = figure

    def to_dict(self) -> Figure:
        """The figure, as `st.plotly_chart` asks for it."""
        return self._figure
