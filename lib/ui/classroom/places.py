"""What a teacher opens on every screen: a page of ours with its prompt and knobs."""

from collections.abc import Mapping
from urllib.parse import urlencode

import streamlit as st
from streamlit.errors import StreamlitAPIException

from lib.classroom.border import Place
from lib.classroom.room import Snapshot
from lib.ui.components.pages import CLASS
from lib.ui.components.pages import PAGES as ALL

_SEEN = "class-places"  # in the session: how many it has been taken to, or has found when it came
PAGES = {address: page for address, page in ALL.items() if page is not CLASS}


def full_link(page: str, query: Mapping[str, str]) -> str:
    """A link that sets what ours leave out where it is at its default: a student may have set something else.

    >>> full_link("Next_Token", {"prompt": "Hi"})
    '/Next_Token?t=1&prompt=Hi'
    """
    standard = {"t": "1"} if page in ("", "Next_Token") else {}
    return f"/{page}?{urlencode({**standard, **query})}"


def go(room: Snapshot) -> None:
    """Take a student to what the teacher has opened since the last look; who comes later is offered it as a link."""
    seen = st.session_state.setdefault(_SEEN, room.places)
    if seen == room.places:
        return
    st.session_state[_SEEN] = room.places
    if room.place is not None and room.place.page in PAGES:
        st.switch_page(PAGES[room.place.page].file, query_params=dict(room.place.query))


def place_link(place: Place, before: str = "") -> None:
    """A link to it."""
    step = PAGES.get(place.page)
    if step is None:  # a page of an older version of this app
        return
    try:
        st.page_link(step.file, label=before + step.title, icon=step.icon, query_params=dict(place.query))
    except StreamlitAPIException:  # the page was started on its own
        return
