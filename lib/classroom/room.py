"""One room: what is in it, and the pictures of it that pages are given."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from lib.classroom.border import ClassroomError, Place
from lib.classroom.journal import Journal
from lib.classroom.questions import Question
from lib.classroom.scoring import Points


@dataclass(frozen=True)
class Student:
    """Who is in a room. Two students may have one name; the number tells them apart."""

    number: int
    name: str


@dataclass(frozen=True)
class Snapshot:
    """A room at one moment. `version` counts every change, `shown` those that all screens follow."""

    code: str
    version: int
    shown: int
    students: tuple[Student, ...]
    questions: tuple[Question, ...]
    revealed: int  # questions whose answer is known: all, or all but the last
    answers: Mapping[int, Mapping[int, Points]]  # of a question, by its serial: student's number -> points
    place: Place | None  # what the teacher has opened for everybody
    places: int  # how often the teacher has
    board: bool  # whether students see the leaderboard

    @property
    def open(self) -> Question | None:
        """The question that waits for answers."""
        return self.questions[-1] if self.revealed < len(self.questions) else None

    @cached_property
    def names(self) -> dict[int, str]:
        """What students are called here: "Ana (2)" where an earlier one has the same name."""
        names: dict[int, str] = {}
        for one in self.students:
            called, again = one.name, 2
            while called in names.values():
                called, again = f"{one.name} ({again})", again + 1
            names[one.number] = called
        return names

    def given(self, question: Question) -> Mapping[int, Points]:
        """The answers to a question: student's number -> points."""
        return self.answers.get(question.serial, {})


@dataclass
class Room:
    """What is behind the snapshots. Touched under `lock` only."""

    code: str
    teacher: str  # hash
    used: float
    lock: threading.RLock = field(default_factory=threading.RLock)
    students: dict[int, tuple[Student, str]] = field(default_factory=dict)  # with the hash
    questions: list[Question] = field(default_factory=list)
    revealed: int = 0
    answers: dict[int, dict[int, Points]] = field(default_factory=dict)
    place: Place | None = None
    places: int = 0
    board: bool = False
    joined: int = 0  # students ever; they are numbered by it
    asked: int = 0  # questions ever
    version: int = 1
    shown: int = 1
    seen: Snapshot | None = None
    gone: bool = False

    def state(self) -> dict[str, Any]:
        """What is no student, question or answer, as plain data."""
        place = None if self.place is None else [self.place.page, [list(pair) for pair in self.place.query]]
        return {
            "teacher": self.teacher,
            "used": self.used,
            "revealed": self.revealed,
            "place": place,
            "places": self.places,
            "board": self.board,
            "joined": self.joined,
            "asked": self.asked,
        }

    def snapshot(self) -> Snapshot:
        """As it is now; the same object until something changes."""
        if self.seen is None or self.seen.version != self.version:
            self.seen = Snapshot(
                code=self.code,
                version=self.version,
                shown=self.shown,
                students=tuple(student for student, _ in self.students.values()),
                questions=tuple(self.questions),
                revealed=self.revealed,
                answers={serial: dict(given) for serial, given in self.answers.items()},
                place=self.place,
                places=self.places,
                board=self.board,
            )
        return self.seen


def restored(journal: Journal) -> dict[str, Room]:
    """The rooms of a journal. Raises ClassroomError where it cannot be read."""
    rooms: dict[str, Room] = {}
    try:
        for code, kind, key, value in journal.entries():
            if kind == "room":
                rooms[code] = _restored_room(code, value)
            elif code in rooms:
                _add(rooms[code], kind, key, value)
    except ClassroomError:
        raise
    except (KeyError, TypeError, ValueError) as error:
        raise ClassroomError(f"The rooms that were kept are damaged: {error}.") from error
    return rooms


def _restored_room(code: str, value: dict[str, Any]) -> Room:
    place = value["place"] and Place(value["place"][0], tuple((name, text) for name, text in value["place"][1]))
    known = {name: value[name] for name in ("revealed", "places", "board", "joined", "asked")}
    return Room(code, value["teacher"], value["used"], place=place, **known)


def _add(room: Room, kind: str, key: str, value: Any) -> None:
    """A student, a question or an answer of a journal."""
    if kind == "student":
        room.students[int(key)] = (Student(int(key), value["name"]), value["secret"])
    elif kind == "question":
        room.questions.append(Question.of_data(value))
    elif kind == "answer":
        serial, student = map(int, key.split(":"))
        room.answers.setdefault(serial, {})[student] = tuple(value)
