"""What came out: of a question, of a student, of the room; and all of it as a table for a spreadsheet."""

import csv
import io
from dataclasses import dataclass

from lib.classroom.border import grouped
from lib.classroom.questions import Question
from lib.classroom.rooms import Snapshot, Student
from lib.classroom.scoring import TOTAL, Calibration, Points, brier, calibration, mean_points, surprise, won


@dataclass(frozen=True)
class Outcome:
    """A revealed question. Surprises are in bits; those of nobody are None."""

    count: int  # answers
    mean: tuple[float, ...]  # the class's probabilities; empty where nobody answered
    pooled: float | None  # surprise of `mean`
    average: float | None  # mean of the students' surprises
    model: float | None  # surprise of the model


def outcome(room: Snapshot, question: Question) -> Outcome:
    """How the class and the model did on a question."""
    answers = list(room.given(question).values())
    mean = mean_points(answers)
    each = [surprise(points[question.answer] / TOTAL) for points in answers]
    return Outcome(
        count=len(answers),
        mean=mean,
        pooled=surprise(mean[question.answer]) if mean else None,
        average=sum(each) / len(each) if each else None,
        model=surprise(question.model[question.answer]) if question.model else None,
    )


@dataclass(frozen=True)
class Standing:
    """A student over the revealed questions of a room. Means are None where nothing was answered."""

    student: Student
    name: str  # as the room calls them
    answered: int
    won: float  # bits against even points, in sum
    surprise: float | None  # bits, mean
    brier: float | None  # mean
    calibration: Calibration


def standing(room: Snapshot, student: Student) -> Standing:
    """One student's scores."""
    given = [(points, question.answer) for question, points in answered(room, student)]
    count = len(given)
    return Standing(
        student=student,
        name=room.names[student.number],
        answered=count,
        won=sum(won(points, answer) for points, answer in given),
        surprise=sum(surprise(points[answer] / TOTAL) for points, answer in given) / count if count else None,
        brier=sum(_brier(points, answer) for points, answer in given) / count if count else None,
        calibration=calibration(given),
    )


def answered(room: Snapshot, student: Student) -> list[tuple[Question, Points]]:
    """A student's answers to the revealed questions, in their order."""
    found = [(question, room.given(question).get(student.number)) for question in room.questions[: room.revealed]]
    return [(question, points) for question, points in found if points is not None]


def standings(room: Snapshot) -> list[Standing]:
    """All students, those with most bits first, equals by name; last those who have answered nothing."""
    found = [standing(room, one) for one in room.students]
    return sorted(found, key=lambda one: (not one.answered, -round(one.won, 9), one.name.casefold()))


def class_calibration(room: Snapshot) -> Calibration:
    """Of all answers of all students."""
    return calibration(
        (points, question.answer)
        for question in room.questions[: room.revealed]
        for points in room.given(question).values()
    )


def _brier(points: Points, answer: int) -> float:
    return brier([value / TOTAL for value in points], answer)


_COLUMNS = (
    "room",
    "student",
    "nickname",
    "question",
    "kind",
    "text",
    "answer",
    "points",
    "outcome",
    "points on the outcome",
    "log score (bits, 0 is best)",
    "bits won against uniform points",
    "Brier score (0 to 2, 0 is best)",
)


def as_csv(room: Snapshot) -> str:
    """A line for every answer, the open question's included (without its scores); for spreadsheets, with a BOM.

    "answer" is the option with most points (all of them where several have as many).
    """
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\r\n").writerow
    write(_COLUMNS)
    for place, question in enumerate(room.questions):
        known = place < room.revealed
        for number, points in sorted(room.given(question).items()):
            row: list[str | int] = [
                grouped(room.code),
                number,
                room.names[number],
                place + 1,
                question.kind,
                question.text,
            ]
            best = " / ".join(o for o, p in zip(question.options, points, strict=True) if p == max(points))
            spread = "; ".join(f"{o}: {p}" for o, p in zip(question.options, points, strict=True))
            write([_cell(value) for value in (*row, best, spread, *_scores(question, points, known))])
    return "\ufeff" + out.getvalue()


def _scores(question: Question, points: Points, known: bool) -> tuple[str | int | float, ...]:
    if not known:
        return ("", "", "", "", "")
    on = points[question.answer]
    bits = round(surprise(on / TOTAL), 4)
    return (
        question.options[question.answer],
        on,
        bits,
        round(won(points, question.answer), 4),
        _brier(points, question.answer),
    )


def _cell(value: str | int | float) -> str | int | float:
    """A text that no spreadsheet takes for a formula (OWASP, "CSV Injection"); numbers are ours and stay.

    >>> _cell("=1+1"), _cell(" @SUM(A1)"), _cell("Ana"), _cell(-1.5)
    ("'=1+1", "' @SUM(A1)", 'Ana', -1.5)
    """
    if isinstance(value, str) and (value[:1] in "\t\r\n" or value.lstrip()[:1] in tuple("=+-@＝＋－＠")) and value:
        return "'" + value
    return value
