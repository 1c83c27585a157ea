"""Tables in which a share reads as everywhere else on the pages."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lib.text_format import percent

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler


def with_shares(columns: Mapping[str, Any], *names: str) -> "Styler":
    """A table for `st.dataframe` of lists or arrays of one length.

    The columns `names`, from 0 to 1, are written by `percent` and sort as numbers. Streamlit's own format "percent" has
    two digits behind the point at most: it makes 1% of 0.997%.
    """
    import pandas as pd  # as `st.dataframe` does: not before there is a table

    return pd.DataFrame(dict(columns)).style.format(dict.fromkeys(names, percent), na_rep="–")
