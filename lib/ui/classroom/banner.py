"""The class on every other page: whoever sits in a room sees there that a question is open, and is taken along.

A teacher shows the class the page as it is on the own screen with one button.
"""

import streamlit as st
from streamlit.errors import StreamlitAPIException

from lib.classroom.border import ClassroomError, checked_link
from lib.classroom.rooms import RoomGoneError
from lib.ui.classroom.places import PAGES, full_link, go
from lib.ui.classroom.seat import Seat, held_seat, leave
from lib.ui.classroom.store import EVERY, every, rooms
from lib.ui.components.custom import asset
from lib.ui.components.kept_clicks import carried_out, kept_button
from lib.ui.components.link_names import NAMES
from lib.ui.components.pages import CLASS


def class_banner(title: str) -> None:
    """Called by every page; draws something where this session sits in a room and looks at another page than Class."""
    seat = held_seat()
    if seat is None or title == CLASS.title:
        return
    try:
        room = rooms().look(seat.code)
    except RoomGoneError as error:
        leave()
        st.toast(str(error), icon=":material/meeting_room:", duration="long")
        return
    if not seat.teacher:
        go(room)
    st.html(f"<style>{asset(__file__, 'banner.css')}</style>")
    pace = EVERY if seat.teacher else every(len(room.students))
    with st.container(key="class-banner"):
        st.fragment(_follow, run_every=pace)(seat, room.places, title)


def _follow(seat: Seat, places: int, title: str) -> None:
    try:
        room = rooms().look(seat.code)
    except RoomGoneError:
        st.rerun()
    if room.places != places and not seat.teacher:
        st.rerun()
    words = "Back to the class"
    if room.open is not None:
        waits = not seat.teacher and seat.number not in room.given(room.open)
        words = "A question is waiting" if waits else "A question is open"
    with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content"):
        _buttons(seat, title, words)


def _buttons(seat: Seat, title: str, words: str) -> None:
    try:
        st.page_link(CLASS.file, label=words, icon=CLASS.icon, query_params={"room": seat.code})
    except StreamlitAPIException:  # the page was started on its own
        return
    if seat.teacher:
        words = "Opens this page, as it is here, on your students' screens."
        if kept_button("Open on students' screens", icon=":material/cast:", key="class-show", help=words, wrap=False):
            carried_out("class-show")
            _show(seat, title)


def _show(seat: Seat, title: str) -> None:
    """This page with what its link holds, for everybody."""
    page = next(address for address, step in PAGES.items() if step.title == title)
    shared = {key: st.session_state.get(key) for key in ("prompt", "model")}
    query = {key: text for key, text in shared.items() if isinstance(text, str) and key in NAMES[page]}
    query |= st.query_params.to_dict()
    try:
        rooms().show_place(seat.code, seat.secret, checked_link(full_link(page, query), PAGES))
        st.toast("Open on your students' screens.", icon=":material/cast:")
    except ClassroomError as error:
        st.toast(str(error), icon=":material/error:")
