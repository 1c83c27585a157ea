"""Shares in tables read as they do in charts and sentences."""

from pathlib import Path

import pandas as pd

from lib.text_format import percent
from lib.ui.components.tables import with_shares

LIB = Path(__file__).parents[3] / "lib"


def test_a_share_in_a_table_is_written_as_in_a_chart_and_stays_a_number() -> None:
    shares = [0.0, 1e-9, 0.009968, 0.1225, 0.770571, 1.0]
    table = with_shares({"token": list("abcdef"), "probability": shares}, "probability")
    html = table.to_html()
    assert all(percent(share).replace("<", "&lt;") in html or f">{percent(share)}<" in html for share in shares)
    assert isinstance(table.data, pd.DataFrame) and table.data["probability"].tolist() == shares


def test_no_table_takes_the_format_of_streamlit_which_makes_one_percent_of_0_997() -> None:
    using = [str(path) for path in LIB.rglob("*.py") if 'format="percent"' in path.read_text(encoding="utf-8")]
    assert not using
