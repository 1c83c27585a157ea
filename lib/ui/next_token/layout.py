"""Where things stand on the Next Token page, and what is set once in a while."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lib.ui.components import model_picker
from lib.ui.components.page import page_style


def reserve_places() -> None:
    """Heights that are kept free before their content comes."""
    page_style(__file__, "page.css")


def held(key: str, *, horizontal: bool = False) -> DeltaGenerator:
    """A place for what comes later. Streamlit leaves out a container without content, so it has some, unseen."""
    place = st.container(key=key, horizontal=horizontal, vertical_alignment="center", gap=None)
    place.html('<span hidden class="held"></span>')
    return place


def page_settings(model_id: str) -> bool:
    """The settings popover; gives back whether ids are shown under the tokens."""
    shown = st.toggle("Token IDs under the tokens", key="next-token-ids")
    st.caption(model_picker.about(model_id))
    return bool(shown)
