"""A teacher's screen: what to ask, the question on the projector, who has answered, and what came out."""

import streamlit as st

from lib.classroom.border import grouped
from lib.classroom.questions import Question
from lib.classroom.results import Outcome, outcome
from lib.classroom.room import Snapshot
from lib.classroom.rooms import NotAllowedError, RoomGoneError
from lib.ui.classroom.controls import ask_bar
from lib.ui.classroom.panels import tab_panels
from lib.ui.classroom.pictures import CLASS, MODEL, Series, invitation, people, question_bars
from lib.ui.classroom.seat import Seat
from lib.ui.classroom.store import EVERY, rooms
from lib.ui.components.glossary import term
from lib.ui.components.kept_clicks import carrying_out, kept_button
from lib.ui.components.page import escape, explained


def teacher_page(seat: Seat) -> None:
    """Raises RoomGoneError where the room is gone."""
    if not rooms().teaches(seat.code, seat.secret):
        raise NotAllowedError("This is not the teacher's link of this room.")
    with explained():
        ask_bar(seat, rooms().look(seat.code))
    room = rooms().look(seat.code)
    with st.container(key="result"):
        if not room.questions:
            invitation("class-invite", seat.code, grouped(seat.code), large=True)
            _live(seat, room.shown)
        else:
            left, right = st.columns([5, 3], gap="large")
            with left:
                _question(room, room.questions[-1])
            with right:
                invitation("class-invite", seat.code, grouped(seat.code))
                with explained():
                    _actions(seat, room)
                if room.open is None:
                    st.markdown(_summary(outcome(room, room.questions[-1]), room.questions[-1]))
                _live(seat, room.shown)
    tab_panels(seat, room)


def _question(room: Snapshot, question: Question) -> None:
    revealed = room.open is None
    series = []
    if revealed:
        answers, result = room.given(question), outcome(room, question)
        if result.mean:
            ticks = [[points[place] for points in answers.values()] for place in range(len(question.options))]
            series.append(Series(f"the class ({result.count:,}), a tick for each answer", CLASS, result.mean, ticks))
        if question.model:
            series.append(Series("model (T = 1)", MODEL, question.model))
    question_bars("class-teacher-bars", question, series, revealed=revealed)


def _actions(seat: Seat, room: Snapshot) -> None:
    if room.open is None:
        return
    with st.container(horizontal=True, key="class-actions"):
        if kept_button("Reveal", type="primary", icon=":material/visibility:", key="class-reveal"):
            with carrying_out("class-reveal"):
                rooms().reveal(seat.code, seat.secret)
            st.rerun()
        if kept_button("Withdraw", key="class-withdraw", help="Take the question back; its answers are deleted."):
            with carrying_out("class-withdraw"):
                rooms().withdraw(seat.code, seat.secret)
            st.rerun()


def _summary(result: Outcome, question: Question) -> str:
    """What came, and the surprise of everybody, in bits."""
    if question.kind == "token":
        lines = [f"{escape(question.by)} drew **{escape(question.came)}** from its distribution (T = 1)."]
    else:
        lines = [f"The right answer is **{escape(question.came)}**. {escape(question.note)}"]
    if result.pooled is None or result.average is None:
        return " ".join([*lines, "Nobody answered."])
    lines.append(f"\n\n{term('surprise', 'Surprise')} at that option (0 bits is best):\n")
    lines.append(f"- the class's average distribution: **{result.pooled:.2f} bits**")
    lines.append(f"- the average student: **{result.average:.2f} bits**")
    if result.model is not None:
        lines.append(f"- the model: **{result.model:.2f} bits**")
    return "\n".join(lines)


@st.fragment(run_every=EVERY)
def _live(seat: Seat, shown: int) -> None:
    """Once a second: who is there and who has answered; the rest of the page is drawn anew when the room goes on."""
    try:
        room = rooms().look(seat.code)
    except RoomGoneError:
        st.rerun()
    if room.shown != shown:
        st.rerun()
    count = len(room.students)
    if room.open is None:
        if not room.questions or not count:
            people("class-people", f"{count:,} in the room" if count else "Waiting for the first student", room)
        return
    done = room.given(room.open)
    people("class-people", f"{len(done):,} of {count:,} have answered", room, list(done))
