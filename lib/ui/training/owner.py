"""Who trains: a random name that the browser keeps, so that a page that is loaded again may still stop its run.

Until it has come, and where nothing is kept, the tab's own name. A name from the browser is hostile: only its form is
believed, and all that it allows is to stop the run that was started under it.
"""

import re

import streamlit as st

from lib.ui.components.custom import asset, component
from lib.ui.components.session import session_id

_NAME, _KEEPER = "training-owner", "training-keeper"
_component = component("training_owner", html="<span hidden></span>", js=asset(__file__, "owner.js"))


def owner() -> str:
    """Whose runs this browser may stop."""
    return str(st.session_state.get(_NAME) or session_id() or "nobody")


def keep() -> None:
    """Ask the browser for its name. Called once in every run of the page."""
    given = _component(key=_KEEPER, data={"name": st.session_state.get(_NAME, "")}, on_name_change=lambda: None)
    name = given.get("name")
    if isinstance(name, str) and re.fullmatch(r"[0-9a-f]{32}", name) and name != st.session_state.get(_NAME):
        st.session_state[_NAME] = name
        st.rerun()
