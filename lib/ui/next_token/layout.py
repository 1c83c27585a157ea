"""Where things stand on the Next Token page, and what is set once in a while."""

from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lib.ui.components import model_picker

_STYLE = "<style>" + (Path(__file__).with_name("assets") / "page.css").read_text(encoding="utf-8") + "</style>"


def page_style() -> None:
    """Heights that are kept free before their content comes."""
    st.html(_STYLE)


def held(key: str, *, horizontal: bool = False) -> DeltaGenerator:
    """A place for what comes later. Streamlit leaves out a container without content, so it has some, unseen."""
    place = st.container(key=key, horizontal=horizontal, vertical_alignment="center", gap=None)
    place.html('<span hidden class="held"></span>')
    return place


def page_settings(model_id: str) -> bool:
    """The settings popover; gives back whether ids are shown under the tokens."""
    shown = st.toggle("Ids under the tokens", key="next-token-ids")
    st.caption(model_picker.about(model_id))
    return bool(shown)
