"""A student's screen: the question, the points, what came, and the own scores."""

import streamlit as st

from lib.classroom.questions import Question
from lib.classroom.results import answered, outcome, standing, standings
from lib.classroom.room import Snapshot, Student
from lib.classroom.rooms import NotAllowedError, RoomGoneError
from lib.classroom.scoring import TOTAL, Points, surprise, won
from lib.text_format import percent
from lib.ui.classroom.pictures import CLASS, MODEL, YOU, Series, answer_card, calibration_bars, question_bars, table
from lib.ui.classroom.places import go, place_link
from lib.ui.classroom.seat import Seat, leave
from lib.ui.classroom.store import every, rooms
from lib.ui.components.glossary import term
from lib.ui.components.kept_clicks import carrying_out, kept_button
from lib.ui.components.page import escape, explained


def student_page(seat: Seat) -> None:
    """Raises RoomGoneError where the room is gone, NotAllowedError where the student was taken out of it."""
    me = rooms().student(seat.code, seat.secret)
    if me is None:
        raise NotAllowedError("You are not in this room any more: your teacher took you out. You can join again.")
    room = rooms().look(seat.code)
    go(room)
    with st.container(key="result"):
        _who(seat, room, me)
        question = room.open
        if question is not None:
            _answer(seat, room, me, question)
        elif room.questions:
            _revealed(room, me, room.questions[-1])
        else:
            st.info("You are in. The first question appears here by itself.", icon=":material/hourglass_empty:")
        follow = st.fragment(_follow, run_every=every(len(room.students)))
        follow(seat.code, room.shown, question.serial if question else None)
    if room.revealed:
        _tabs(room, me)


def _who(seat: Seat, room: Snapshot, me: Student) -> None:
    with st.container(key="class-who", horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{escape(room.names[me.number])}**")
        if room.place is not None:
            place_link(room.place, "Your teacher opened: ")
        with st.popover("Leave", type="tertiary", key="class-leave", wrap=False):
            st.markdown("Your nickname and your answers will be deleted. You can join again.")
            if kept_button("Leave the room", key="class-leave-button"):
                with carrying_out("class-leave-button"):
                    rooms().leave(seat.code, seat.secret)
                    leave()
                st.rerun()


def _answer(seat: Seat, room: Snapshot, me: Student, question: Question) -> None:
    what = "to be drawn by the model" if question.kind == "token" else "to be right"
    st.caption(
        f"Spread {TOTAL} points: how likely is each option {what}? Drag the bars, or tap a name for 20 more points. At "
        "least 1 stays on each: nothing is impossible."
    )
    sent = answer_card(question, room.given(question).get(me.number))
    if sent is not None:
        with explained():
            rooms().answer(seat.code, seat.secret, sent.get("serial", -1), sent.get("points"))
            st.rerun()


def _follow(code: str, shown: int, serial: int | None) -> None:
    """Now and then: has the room gone on? How many have answered is painted here, and nothing else is drawn anew."""
    try:
        if rooms().shown(code) != shown:
            st.rerun()
        room = rooms().look(code)
    except RoomGoneError:
        st.rerun()
    if serial is not None and room.open is not None:
        st.caption(f"{len(room.given(room.open)):,} of {len(room.students):,} have answered.")


def _revealed(room: Snapshot, me: Student, question: Question) -> None:
    mine, result = room.given(question).get(me.number), outcome(room, question)
    series = []
    if mine:
        series.append(Series("you", YOU, [value / TOTAL for value in mine]))
    if result.mean and result.count > 1:  # of one answer it would show whose it is
        series.append(Series(f"the class ({result.count:,})", CLASS, result.mean))
    if question.model:
        series.append(Series("model (T = 1)", MODEL, question.model))
    st.markdown(_verdict(question, mine))
    question_bars("class-student-bars", question, series, revealed=True)
    if question.kind == "quiz" and question.note:
        st.caption(escape(question.note))


def _verdict(question: Question, mine: Points | None) -> str:
    said = f"{'The model drew' if question.kind == 'token' else 'The right answer is'} **{escape(question.came)}**."
    if mine is None:
        return f"{said} You did not answer this question."
    on = mine[question.answer]
    more = won(mine, question.answer)
    against = f"{abs(more):.1f} bits {'better' if more >= 0 else 'worse'} than uniform points"
    if abs(more) < 0.05:
        against = "as uniform points would have done"
    return f"{said} You gave that option {on} points: {term('surprise')} {surprise(on / TOTAL):.1f} bits, {against}."


def _tabs(room: Snapshot, me: Student) -> None:
    names = ["My scores", "My calibration", *(["Leaderboard"] if room.board else [])]
    tabs = st.tabs(names, key="class-student-tabs", on_change="rerun")
    for name, tab in zip(names, tabs, strict=True):
        with tab:
            if tab.open:
                {"My scores": _scores, "My calibration": _calibration, "Leaderboard": board}[name](room, me)


def _scores(room: Snapshot, me: Student) -> None:
    mine = standing(room, me)
    if not mine.answered:
        st.markdown("Your scores appear here once a question that you answered is revealed.")
        return
    st.markdown(
        f"The {term('log score')} of an answer is its surprise: −log₂ of the probability you gave to the outcome, "
        "in bits. 0 is best. Your mean over "
        f"{mine.answered:,} of {room.revealed:,} questions: **{mine.surprise:.2f} bits**. Against uniform points you "
        f"won **{_signed(mine.won)} bits** in all; a question left out counts 0. Your mean Brier score, another "
        f"measure from 0 (best) to 2: {mine.brier:.2f}."
    )
    rows = []
    for question, points in answered(room, me):
        on = points[question.answer]
        place = room.questions.index(question) + 1
        bits, more = f"{surprise(on / TOTAL):.2f}", _signed(won(points, question.answer))
        rows.append([str(place), question.options[question.answer], str(on), bits, more])
    table(
        "class-my-scores",
        ["Question", "Outcome", "Your points", "Log score (bits)", "Won (bits)"],
        rows,
        numbers=["Your points", "Log score (bits)", "Won (bits)"],
    )


def _calibration(room: Snapshot, me: Student) -> None:
    found = standing(room, me).calibration
    st.markdown(
        f"{term('calibration', 'Calibration')}: of all options that you gave about 70 points, about 70% should come "
        "true. Every option of every question counts as one statement."
    )
    if not found.count:
        st.markdown("It appears here once a question that you answered is revealed.")
        return
    calibration_bars("class-my-calibration", found)
    st.caption(
        f"Expected calibration error: {percent(found.error)} over {found.count:,} statements in five bins. With few "
        "questions this is mostly chance."
    )


def board(room: Snapshot, me: Student | None = None) -> None:
    """All students, by what they won; `me` is marked."""
    all_of_them = standings(room)
    rows = []
    for place, one in enumerate(all_of_them, 1):
        bits = "–" if one.surprise is None else f"{one.surprise:.2f}"
        rows.append(
            [
                str(place) if one.answered else "–",
                one.name,
                f"{one.answered:,} of {room.revealed:,}",
                _signed(one.won),
                bits,
            ]
        )
    own = next((place for place, one in enumerate(all_of_them) if me is not None and one.student == me), None)
    columns = ["Place", "Nickname", "Answered", "Won (bits)", "Mean log score (bits)"]
    table("class-board", columns, rows, numbers=["Won (bits)", "Mean log score (bits)"], own=own)
    st.caption("Won: bits of surprise saved against spreading the points evenly, in total. 0 for a question left out.")


def _signed(bits: float) -> str:
    """Bits with their sign, as people write it: no "-0.00"."""
    return f"{bits + 0:+.2f}".replace("-", "−") if abs(bits) >= 0.005 else "0.00"
