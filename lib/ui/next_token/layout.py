"""Where things stand on the Next Token page, and what is set once in a while."""

from pathlib import Path

import streamlit as st

from lib.ui.components import model_picker

_STYLE = "<style>" + (Path(__file__).with_name("assets") / "page.css").read_text(encoding="utf-8") + "</style>"


def page_style() -> None:
    """Heights that are kept free before their content comes."""
    st.html(_STYLE)


def page_settings(model_id: str) -> bool:
    """The settings popover; gives back whether ids are shown under the tokens."""
    shown = st.toggle("Ids under the tokens", key="next-token-ids")
    st.caption(model_picker.about(model_id))
    return bool(shown)
