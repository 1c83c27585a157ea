"""What is below a teacher's chart, in tabs: who answered what, scores, calibration, and who is in the room."""

from collections.abc import Callable

import streamlit as st

from lib.classroom.results import class_calibration
from lib.classroom.room import Snapshot
from lib.text_format import percent
from lib.ui.classroom.pictures import calibration_bars, table
from lib.ui.classroom.seat import Seat
from lib.ui.classroom.store import EVERY, rooms
from lib.ui.classroom.student import board
from lib.ui.components.glossary import term
from lib.ui.components.page import explained


def tab_panels(seat: Seat, room: Snapshot) -> None:
    """Only the open tab is computed."""
    panels: dict[str, Callable[[], None]] = {
        "Answers": lambda: _answers(seat),
        "Leaderboard": lambda: _board(seat, room),
        "Calibration": lambda: _calibration(room),
        "Students": lambda: _students(seat),
    }
    for tab, panel in zip(st.tabs(list(panels), key="class-tabs", on_change="rerun"), panels.values(), strict=True):
        with tab, explained():
            if tab.open:
                panel()


@st.fragment(run_every=EVERY)
def _answers(seat: Seat) -> None:
    """Everybody's points on the last question; before the reveal only if the teacher wants to see them."""
    room = rooms().look(seat.code)
    if not room.questions:
        st.caption("Answers appear here by name.")
        return
    question = room.questions[-1]
    if room.open and not st.toggle("Show the answers before the reveal (not on the projector)", key="class-peek"):
        st.caption("The names above say who has answered.")
        return
    given = room.given(question)
    rows = [[room.names[number], *map(str, points)] for number, points in given.items()]
    missing = [room.names[one.number] for one in room.students if one.number not in given]
    table("class-answers", ["Nickname", *question.options], rows, numbers=question.options)
    if missing:
        table("class-missing", ["No answer yet" if room.open else "No answer"], [[name] for name in missing])


def _board(seat: Seat, room: Snapshot) -> None:
    shown = st.toggle("Students see the leaderboard", value=room.board, key="class-board-shown")
    if shown != room.board:
        rooms().show_board(seat.code, seat.secret, shown)
    if st.toggle("Show it here", value=True, key="class-board-here"):
        board(rooms().look(seat.code))


def _calibration(room: Snapshot) -> None:
    found = class_calibration(room)
    st.markdown(
        f"{term('calibration', 'Calibration')} of the whole class: every option of every answer is one statement, "
        "sorted by the points it got. Where the class is calibrated, both bars of a row are equally long."
    )
    if not found.count:
        st.caption("It appears here once a question is revealed.")
        return
    calibration_bars("class-calibration", found)
    st.caption(
        f"Expected calibration error: {percent(found.error)} over {found.count:,} statements in five bins. All answers "
        "to one question share the outcome, so that a few questions say little however many students there are."
    )


@st.fragment(run_every=EVERY)
def _students(seat: Seat) -> None:
    room = rooms().look(seat.code)
    if not room.students:
        st.caption("Nobody has joined yet.")
        return
    rows = [
        [room.names[one.number], str(sum(one.number in given for given in room.answers.values()))]
        for one in room.students
    ]
    removed = table(
        "class-students",
        ["Nickname", "Answers"],
        rows,
        numbers=["Answers"],
        remove=[one.number for one in room.students],
    )
    if isinstance(removed, int):
        rooms().remove(seat.code, seat.secret, removed)
        st.rerun(scope="fragment")
