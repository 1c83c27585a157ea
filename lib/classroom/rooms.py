"""The rooms of one app: who is in them, what was asked, who answered what.

Every change of a room is made under its lock and counted; a page takes a `Snapshot`, which never changes, and asks for
the number when it wants to know whether there is a newer one. What a teacher may do needs the teacher's secret, what a
student may do needs the student's. Secrets are kept as SHA-256 of 128 random bits, which needs no salt.
"""

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from lib.classroom.border import ClassroomError, Place, checked_name, new_code
from lib.classroom.journal import Journal, NoJournal
from lib.classroom.questions import Question
from lib.classroom.room import Room, Snapshot, Student, restored
from lib.classroom.scoring import checked_points

MAX_ROOMS = 50
MAX_STUDENTS = 60
MAX_QUESTIONS = 40
IDLE = 4 * 3600  # seconds without a change after which a room is deleted
IDLE_EMPTY = 1800  # the same for a room that nobody has joined

GONE = (
    "This room is gone: its teacher closed it, nobody used it for four hours, or the app was started anew. "
    "Nothing of it is kept."
)


class RoomGoneError(ClassroomError):
    """The room does not exist, or not any more."""


class NotAllowedError(ClassroomError):
    """A secret that does not open what was asked for."""


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _same(secret: str, kept: str) -> bool:
    return hmac.compare_digest(_hash(secret), kept)


class Rooms:
    """All rooms. Methods may be called from any thread; they raise RoomGoneError, NotAllowedError or ClassroomError."""

    def __init__(self, journal: Journal | None = None, clock: Callable[[], float] = time.time) -> None:
        self._journal, self._clock = journal or NoJournal(), clock
        self._mutex = threading.Lock()
        self._rooms = restored(self._journal)
        self.sweep()

    # A room

    def open(self) -> tuple[str, str]:
        """A new room: its code, and the secret that makes its owner the teacher."""
        self.sweep()
        secret = secrets.token_urlsafe(16)
        with self._mutex:
            if len(self._rooms) >= MAX_ROOMS:
                raise ClassroomError(f"All {MAX_ROOMS} rooms of this app are taken. Try again later.")
            code = new_code()
            while code in self._rooms:
                code = new_code()
            room = self._rooms[code] = Room(code, _hash(secret), self._clock())
        with room.lock:
            self._journal.put(code, "room", "", room.state())
        return code, secret

    def close(self, code: str, secret: str) -> None:
        """Delete a room and everything in it."""
        self._delete(self._taught(code, secret))

    def look(self, code: str) -> Snapshot:
        """The room as it is now; the same object until something changes."""
        room = self._room(code)
        with room.lock:
            return room.snapshot()

    def shown(self, code: str) -> int:
        """The number that changes with everything that all screens follow. Costs next to nothing."""
        return self._room(code).shown

    def sweep(self) -> None:
        """Delete the rooms that nobody has used for too long."""
        now = self._clock()
        with self._mutex:
            rooms = list(self._rooms.values())
        for room in rooms:
            if now - room.used > (IDLE if room.students else IDLE_EMPTY):
                self._delete(room)

    # What a student does

    def join(self, code: str, name: str) -> str:
        """Come in as somebody new; gives back the secret that makes this student come back as the same one."""
        name, secret = checked_name(name), secrets.token_urlsafe(16)
        with self._changing(self._room(code)) as room:
            if len(room.students) >= MAX_STUDENTS:
                raise ClassroomError(f"This room is full: it has {MAX_STUDENTS} students.")
            if room.joined >= 10 * MAX_STUDENTS:
                raise ClassroomError("This room takes nobody in any more: too many have come and gone.")
            room.joined += 1
            student = Student(room.joined, name)
            room.students[student.number] = (student, _hash(secret))
            self._put_student(room, student)
        return secret

    def student(self, code: str, secret: str) -> Student | None:
        """Whose secret it is; None if it is nobody's here."""
        room, wanted = self._room(code), _hash(secret)
        with room.lock:
            return next((one for one, kept in room.students.values() if hmac.compare_digest(kept, wanted)), None)

    def answer(self, code: str, secret: str, serial: int, points: object) -> None:
        """Points for the question `serial`, which has to be open; a second answer takes the first one's place."""
        with self._changing(self._room(code)) as room:
            student = self.student(code, secret)
            if student is None:
                raise NotAllowedError("You are not in this room any more: join again.")
            if room.revealed == len(room.questions) or room.questions[-1].serial != serial:
                raise ClassroomError("This question is closed: your answer came too late.")
            checked = checked_points(points, len(room.questions[-1].options))
            room.answers.setdefault(serial, {})[student.number] = checked
            self._journal.put(code, "answer", f"{serial}:{student.number}", list(checked))

    def leave(self, code: str, secret: str) -> None:
        """Go out of the room, answers included; nothing where the secret is nobody's."""
        with self._changing(self._room(code)) as room:
            student = self.student(code, secret)
            if student is not None:
                self._take_out(room, student.number)

    # What the teacher does

    def teaches(self, code: str, secret: str) -> bool:
        """Whether this is the secret of the room's teacher."""
        return _same(secret, self._room(code).teacher)

    def ask(self, code: str, secret: str, question: Question) -> None:
        """Put a question to the class. Raises ClassroomError while another one is open."""
        with self._changing(self._taught(code, secret), shown=True) as room:
            if room.revealed < len(room.questions):
                raise ClassroomError("A question is open: reveal or withdraw it first.")
            if len(room.questions) >= MAX_QUESTIONS:
                raise ClassroomError(f"A room has at most {MAX_QUESTIONS} questions: open a new one.")
            room.asked += 1
            room.questions.append(replace(question, serial=room.asked))
            self._journal.put(code, "question", str(room.asked), room.questions[-1].as_data())

    def reveal(self, code: str, secret: str) -> None:
        """Show the answer of the open question; nobody can answer it any more."""
        with self._changing(self._taught(code, secret), shown=True) as room:
            room.revealed = len(room.questions)

    def withdraw(self, code: str, secret: str) -> None:
        """Take the open question back, with its answers."""
        with self._changing(self._taught(code, secret), shown=True) as room:
            if room.revealed < len(room.questions):
                serial = room.questions.pop().serial
                for student in room.answers.pop(serial, {}):
                    self._journal.forget(code, "answer", f"{serial}:{student}")
                self._journal.forget(code, "question", str(serial))

    def show_place(self, code: str, secret: str, place: Place) -> None:
        """Open one of our pages on every screen."""
        with self._changing(self._taught(code, secret), shown=True) as room:
            room.place, room.places = place, room.places + 1

    def show_board(self, code: str, secret: str, on: bool) -> None:
        """Whether students see the leaderboard."""
        with self._changing(self._taught(code, secret), shown=True) as room:
            room.board = on

    def remove(self, code: str, secret: str, number: int) -> None:
        """Take a student out of the room, answers included."""
        with self._changing(self._taught(code, secret), shown=True) as room:
            self._take_out(room, number)

    # Inside

    def _take_out(self, room: Room, number: int) -> None:
        room.students.pop(number, None)
        self._journal.forget(room.code, "student", str(number))
        for serial, given in room.answers.items():
            if given.pop(number, None) is not None:
                self._journal.forget(room.code, "answer", f"{serial}:{number}")

    def _room(self, code: str) -> Room:
        room = self._rooms.get(code)
        if room is None:
            raise RoomGoneError(GONE)
        return room

    def _taught(self, code: str, secret: str) -> Room:
        room = self._room(code)
        if not _same(secret, room.teacher):
            raise NotAllowedError("Only the teacher who opened this room can do that.")
        return room

    @contextmanager
    def _changing(self, room: Room, *, shown: bool = False) -> Iterator[Room]:
        """A change of a room: under its lock, counted and kept. Nothing is counted where it raises."""
        with room.lock:
            if room.gone:
                raise RoomGoneError(GONE)
            yield room
            room.used = self._clock()
            room.version += 1
            room.shown += shown
            self._journal.put(room.code, "room", "", room.state())

    def _delete(self, room: Room) -> None:
        with room.lock:
            room.gone = True
            with self._mutex:
                self._rooms.pop(room.code, None)
            self._journal.forget(room.code)

    def _put_student(self, room: Room, student: Student) -> None:
        kept = {"name": student.name, "secret": room.students[student.number][1]}
        self._journal.put(room.code, "student", str(student.number), kept)
