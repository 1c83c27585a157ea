"""Before one is in a room: joining one, or opening one."""

import streamlit as st

from lib.classroom.border import grouped
from lib.classroom.rooms import GONE
from lib.ui.classroom.seat import join, link_leads_somewhere, linked_code, take
from lib.ui.classroom.store import rooms
from lib.ui.components.glossary import term
from lib.ui.components.kept_clicks import carrying_out, kept_button
from lib.ui.components.link_values import left_out
from lib.ui.components.page import explained


def way_in(problem: str | None = None) -> None:
    """Two ways in; who came with a link has only the nickname to type."""
    if "room" in st.query_params and linked_code() is None:
        left_out("room", st.query_params.pop("room"), "the code of a room")
    if problem is None and not link_leads_somewhere():
        problem = GONE
    with st.container(key="result"):
        if problem:
            st.warning(problem, icon=":material/meeting_room:")
        left, right = st.columns([3, 2], gap="large")
        with left.container(border=True, key="class-join"), explained():
            _join()
        with right.container(border=True, key="class-open"), explained():
            _open()


def _join() -> None:
    linked = linked_code()
    st.markdown(f"**Join the room {grouped(linked)}**" if linked else "**Join a room**")
    with st.form("class-join-form", border=False):
        code = linked or st.text_input("Code of the room", placeholder="K7Q-M2F-XDB", key="class-code", max_chars=20)
        name = st.text_input("Nickname", key="class-name", max_chars=1_000)  # too long a one is told, not cut
        st.caption("Your class sees the nickname. It is deleted with the room.")
        if st.form_submit_button("Join", type="primary", key="class-join-button"):
            join(code, name)
            st.rerun()


def _open() -> None:
    st.markdown("**Teach a class**")
    st.markdown(
        "Open a room, and your students join with a code or a link: nothing to install, no account. The class guesses "
        f"the {term('next-token distribution', 'next token')} before the model shows its own, or answers a quiz."
    )
    if kept_button("Open a room", icon=":material/add:", key="class-open-button"):
        with carrying_out("class-open-button"):
            code, secret = rooms().open()
            take(code, secret, teacher=True)
        st.rerun()
