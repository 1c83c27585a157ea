"""Who this browser tab is in a room, and how it comes back as the same one after a reload."""

import time
from dataclasses import dataclass
from typing import Any

import streamlit as st

from lib.classroom.border import ClassroomError, checked_code
from lib.classroom.rooms import RoomGoneError
from lib.ui.classroom.store import rooms
from lib.ui.components.custom import asset, component

_KEEPER = component("playground_class_keeper", html="<span hidden></span>", js=asset(__file__, "keeper.js"))
_KEY = "class-keeper"
_SEAT, _ASKED, _WRONG = "class-seat", "class-asked", "class-wrong-codes"
MAX_WRONG = 10  # codes of no room that one session may try
_WRONG_SECONDS = 0.3  # that each of them takes


@dataclass(frozen=True)
class Seat:
    """A place in the room `code`; `secret` is a student's or the teacher's."""

    code: str
    secret: str
    teacher: bool
    number: int = 0  # the student's


def own_seat() -> Seat | None:
    """This session's seat, if it has one in the room that the link names."""
    taken, linked = held_seat(), linked_code()
    if taken is not None and linked not in (None, taken.code):
        leave(forget=False)  # the link of another room was followed
        return None
    return taken


def held_seat() -> Seat | None:
    """This session's seat, whatever the link of the page it looks at."""
    held: Seat | None = st.session_state.get(_SEAT)
    return held


def linked_code() -> str | None:
    """The room that the page's link names; None without one, or with one that cannot be a code."""
    try:
        return checked_code(st.query_params["room"])
    except (KeyError, ClassroomError):
        return None


def take(code: str, secret: str, *, teacher: bool = False) -> None:
    """Sit down. Raises RoomGoneError where there is no such room."""
    student = None if teacher else rooms().student(code, secret)
    st.session_state[_SEAT] = Seat(code, secret, teacher, student.number if student else 0)
    st.session_state[_ASKED] = True


def leave(*, forget: bool = True) -> None:
    """Get up; the browser forgets the seat, unless it is to be found there again."""
    gone = held_seat()
    st.session_state.pop(_SEAT, None)
    st.session_state.pop("class-places", None)
    if forget:
        st.session_state[_ASKED] = True
        st.session_state["class-forget"] = "teacher" if gone and gone.teacher else "student"
        st.query_params.pop("room", None)
    else:
        st.session_state.pop(_ASKED, None)


def keep() -> bool:
    """Have the browser keep the seat, or look for one that it kept; False until it has answered."""
    taken, asked = held_seat(), bool(st.session_state.get(_ASKED))
    data: dict[str, Any] = {"restore": not asked, "forget": st.session_state.pop("class-forget", None)}
    if taken is not None:
        data["teacher" if taken.teacher else "student"] = f"{taken.code} {taken.secret}"
    _KEEPER(key=_KEY, data=data, on_found_change=_found)
    return asked


def _found() -> None:
    """The browser has said what it kept: a seat that still exists is taken, the teacher's first."""
    found = (st.session_state.get(_KEY) or {}).get("found")
    if st.session_state.get(_ASKED):
        return
    st.session_state[_ASKED] = True
    if not isinstance(found, dict):
        return
    for role in ("teacher", "student"):
        code, _, secret = str(found.get(role, ""))[:200].partition(" ")
        if linked_code() in (None, code) and _opens(code, secret, role):
            take(code, secret, teacher=role == "teacher")
            return


def _opens(code: str, secret: str, role: str) -> bool:
    try:
        if role == "teacher":
            return rooms().teaches(code, secret)
        return rooms().student(code, secret) is not None
    except RoomGoneError:
        return False


def join(code: str, name: str) -> None:
    """Take a seat as a student. Raises ClassroomError; codes of no room are counted and take a moment."""
    wrong = int(st.session_state.get(_WRONG, 0))
    if wrong >= MAX_WRONG:
        raise ClassroomError("That were too many codes of no room. Ask your teacher for the link.")
    code = checked_code(code)
    try:
        take(code, rooms().join(code, name))
    except RoomGoneError as error:
        st.session_state[_WRONG] = wrong + 1
        time.sleep(_WRONG_SECONDS)
        raise ClassroomError(
            "There is no room with this code. Check it; or the room is gone: closed, unused for hours, or lost when "
            "the app was started anew."
        ) from error
