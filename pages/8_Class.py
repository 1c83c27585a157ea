"""A class that guesses together: a room with a code, one question for everybody, the class beside the model."""

import streamlit as st

from lib.classroom.rooms import NotAllowedError, RoomGoneError
from lib.ui.classroom import seat as seats
from lib.ui.classroom.door import way_in
from lib.ui.classroom.student import student_page
from lib.ui.classroom.teacher import teacher_page
from lib.ui.components.page import explained, page_style, setup_page

setup_page("Class", icon="🙋", lead="The whole class guesses before the model answers.")
page_style(seats.__file__, "page.css")
with explained():
    seat = seats.own_seat()
    known = seats.keep()
    if seat is None and not known:
        st.caption("Looking for your room …")
    elif seat is None:
        way_in()
    else:
        st.query_params["room"] = seat.code
        try:
            (teacher_page if seat.teacher else student_page)(seat)
        except (RoomGoneError, NotAllowedError) as error:
            seats.leave()
            way_in(str(error))
