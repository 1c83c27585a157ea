"""Rooms: who may do what, nothing lost among threads, nothing seen elsewhere, bounds, and a restart."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from lib.classroom import rooms as module
from lib.classroom.border import ClassroomError, Place
from lib.classroom.journal import SqliteJournal
from lib.classroom.questions import Question
from lib.classroom.rooms import NotAllowedError, RoomGoneError, Rooms
from tests.unit.classroom.test_border import SHORT

COIN = Question("quiz", "Heads or tails?", ("heads", "tails"), 0)
TOKEN = Question("token", "Once upon a", ("␣time", "␣day", "all other tokens"), 0, (0.9, 0.06, 0.04), "model", "␣time")


@pytest.fixture
def taught() -> tuple[Rooms, str, str]:
    rooms = Rooms()
    return (rooms, *rooms.open())


def test_a_question_from_asking_to_reveal(taught) -> None:
    rooms, code, teacher = taught
    ana = rooms.join(code, "Ana")
    rooms.ask(code, teacher, TOKEN)
    serial = rooms.look(code).questions[-1].serial
    rooms.answer(code, ana, serial, [50, 30, 20])
    rooms.answer(code, ana, serial, [80, 10, 10])
    assert dict(rooms.look(code).given(rooms.look(code).questions[-1])) == {1: (80, 10, 10)}
    rooms.reveal(code, teacher)
    with pytest.raises(ClassroomError, match="too late"):
        rooms.answer(code, ana, serial, [1, 1, 98])
    assert rooms.look(code).open is None


def test_an_answer_to_a_withdrawn_question_is_not_one_to_the_next(taught) -> None:
    rooms, code, teacher = taught
    ana = rooms.join(code, "Ana")
    rooms.ask(code, teacher, COIN)
    first = rooms.look(code).questions[-1].serial
    rooms.answer(code, ana, first, [50, 50])
    rooms.withdraw(code, teacher)
    rooms.ask(code, teacher, COIN)
    with pytest.raises(ClassroomError):
        rooms.answer(code, ana, first, [99, 1])
    assert not rooms.look(code).given(rooms.look(code).questions[-1])


def test_only_the_teachers_secret_teaches(taught) -> None:
    rooms, code, _ = taught
    other, other_teacher = rooms.open()
    student = rooms.join(code, "Eve")
    calls: list[Callable[[str], object]] = [
        lambda secret: rooms.ask(code, secret, COIN),
        lambda secret: rooms.reveal(code, secret),
        lambda secret: rooms.withdraw(code, secret),
        lambda secret: rooms.show_place(code, secret, Place("", ())),
        lambda secret: rooms.show_board(code, secret, True),
        lambda secret: rooms.remove(code, secret, 1),
        lambda secret: rooms.close(code, secret),
    ]
    before = rooms.look(code)
    for secret in (student, other_teacher, code, "", "é\ud800"):
        assert not rooms.teaches(code, secret)
        for call in calls:
            with pytest.raises(NotAllowedError):
                call(secret)
    assert rooms.look(code) is before and rooms.look(other).students == ()


def test_a_secret_is_good_in_its_own_room_alone_and_never_in_a_snapshot(taught) -> None:
    rooms, code, teacher = taught
    other, other_teacher = rooms.open()
    rooms.ask(other, other_teacher, COIN)
    ana = rooms.join(code, "Ana")
    assert rooms.student(code, ana) is not None and rooms.student(other, ana) is None
    with pytest.raises(NotAllowedError):
        rooms.answer(other, ana, 1, [50, 50])
    assert ana not in repr(rooms.look(code)) and teacher not in repr(rooms.look(code))


def test_two_of_one_name_are_two_students(taught) -> None:
    rooms, code, _ = taught
    for name in ("Ana", "Ana (2)", "Ana", "Ana"):
        rooms.join(code, name)
    assert list(rooms.look(code).names.values()) == ["Ana", "Ana (2)", "Ana (3)", "Ana (4)"]


def test_hostile_names_are_kept_as_text(taught) -> None:
    rooms, code, _ = taught
    for name in SHORT:
        rooms.join(code, name)
    assert len(set(rooms.look(code).names.values())) == len(SHORT)


def test_who_is_taken_out_takes_the_answers_along(taught) -> None:
    rooms, code, teacher = taught
    ana, eve = rooms.join(code, "Ana"), rooms.join(code, "Eve")
    rooms.ask(code, teacher, COIN)
    for secret in (ana, eve):
        rooms.answer(code, secret, 1, [60, 40])
    rooms.remove(code, teacher, 2)
    assert list(rooms.look(code).given(rooms.look(code).questions[0])) == [1]
    assert rooms.student(code, eve) is None
    with pytest.raises(NotAllowedError):
        rooms.answer(code, eve, 1, [60, 40])
    rooms.leave(code, "nobody's secret")
    rooms.leave(code, ana)
    assert not rooms.look(code).students and not rooms.look(code).given(rooms.look(code).questions[0])


def test_thirty_threads_vote_while_another_room_votes() -> None:
    rooms = Rooms()
    taught = [rooms.open() for _ in range(2)]
    for code, teacher in taught:
        rooms.ask(code, teacher, COIN)
    start = threading.Barrier(60)

    def vote(task: int) -> None:
        code, mine = taught[task % 2][0], 1 + task // 2
        start.wait()
        secret = rooms.join(code, f"student {task}")
        for value in (50, 99, mine):  # the last one counts
            rooms.answer(code, secret, 1, [value, 100 - value])

    with ThreadPoolExecutor(60) as pool:
        list(pool.map(vote, range(60)))
    for code, _ in taught:
        room = rooms.look(code)
        assert len(room.students) == 30
        assert sorted(points[0] for points in room.given(room.questions[0]).values()) == list(range(1, 31))
        assert room.version == 1 + 1 + 30 + 90
        assert {int(name.split()[1]) % 2 for name in room.names.values()} == {[c for c, _ in taught].index(code)}


def test_votes_do_not_move_the_number_that_all_screens_follow(taught) -> None:
    rooms, code, teacher = taught
    rooms.ask(code, teacher, COIN)
    shown = rooms.shown(code)
    rooms.answer(code, rooms.join(code, "Ana"), 1, [50, 50])
    assert rooms.shown(code) == shown
    rooms.reveal(code, teacher)
    assert rooms.shown(code) == shown + 1


def test_what_is_out_of_bounds_is_turned_down(monkeypatch) -> None:
    for name, value in {"MAX_ROOMS": 2, "MAX_STUDENTS": 2, "MAX_QUESTIONS": 2}.items():
        monkeypatch.setattr(module, name, value)
    rooms = Rooms()
    code, teacher = rooms.open()
    rooms.open()
    with pytest.raises(ClassroomError, match="taken"):
        rooms.open()
    rooms.join(code, "a")
    rooms.join(code, "b")
    with pytest.raises(ClassroomError, match="full"):
        rooms.join(code, "c")
    for _ in range(2):
        rooms.ask(code, teacher, COIN)
        with pytest.raises(ClassroomError, match="open"):
            rooms.ask(code, teacher, COIN)
        rooms.reveal(code, teacher)
    with pytest.raises(ClassroomError, match="at most"):
        rooms.ask(code, teacher, COIN)


def test_a_room_that_nobody_uses_is_deleted() -> None:
    now = [0.0]
    rooms = Rooms(clock=lambda: now[0])
    (empty, _), (used, _) = rooms.open(), rooms.open()
    ana = rooms.join(used, "Ana")
    now[0] = module.IDLE_EMPTY + 1
    rooms.sweep()
    assert rooms.look(used).students and rooms.student(used, ana)
    with pytest.raises(RoomGoneError):
        rooms.look(empty)
    now[0] = module.IDLE + 1
    rooms.sweep()
    with pytest.raises(RoomGoneError):
        rooms.look(used)


def test_a_closed_room_is_gone_for_everybody(taught) -> None:
    rooms, code, teacher = taught
    ana = rooms.join(code, "Ana")
    rooms.close(code, teacher)
    for call in (
        lambda: rooms.look(code),
        lambda: rooms.answer(code, ana, 1, [50, 50]),
        lambda: rooms.teaches(code, teacher),
    ):
        with pytest.raises(RoomGoneError, match="gone"):
            call()


def test_with_a_file_a_restart_loses_nothing(tmp_path) -> None:
    path = tmp_path / "class" / "rooms.sqlite"
    rooms = Rooms(SqliteJournal(path))
    code, teacher = rooms.open()
    secrets = [rooms.join(code, name) for name in SHORT]
    for number in range(11):  # two digits: the order is that of numbers, not of letters
        rooms.ask(code, teacher, TOKEN if number % 2 else COIN)
        rooms.reveal(code, teacher)
    rooms.ask(code, teacher, TOKEN)
    for place, secret in enumerate(secrets):
        rooms.answer(code, secret, 12, [place + 1, 50, 49 - place])
    rooms.remove(code, teacher, 3)
    rooms.show_place(code, teacher, Place("Next_Token", (("prompt", "a&b"),)))
    before = rooms.look(code)

    again = Rooms(SqliteJournal(path))
    after = again.look(code)
    for name in ("students", "questions", "revealed", "answers", "place", "places", "board"):
        assert getattr(after, name) == getattr(before, name), name
    assert again.teaches(code, teacher) and again.student(code, secrets[0]) == before.students[0]
    again.answer(code, secrets[0], 12, [98, 1, 1])
    assert again.look(code).answers[12][1] == (98, 1, 1)
    again.close(code, teacher)
    assert Rooms(SqliteJournal(path))._rooms == {}
    assert b"Ana" not in path.read_bytes() and b"DROP" not in path.read_bytes()  # overwritten, not only unlinked


def test_secrets_are_not_in_the_file(tmp_path) -> None:
    path = tmp_path / "rooms.sqlite"
    rooms = Rooms(SqliteJournal(path))
    code, teacher = rooms.open()
    student = rooms.join(code, "Ana")
    kept = path.read_bytes()
    assert b"Ana" in kept and teacher.encode() not in kept and student.encode() not in kept


@pytest.mark.parametrize("damage", [b"no database at all, but long enough to be one " * 40, None])
def test_a_file_that_cannot_be_used_is_said(tmp_path, damage) -> None:
    path = tmp_path / "rooms.sqlite"
    if damage is None:
        path.mkdir()
    else:
        path.write_bytes(damage)
    with pytest.raises(ClassroomError, match="PLAYGROUND_CLASS_DB"):
        Rooms(SqliteJournal(path))


def test_a_damaged_entry_is_said(tmp_path) -> None:
    journal = SqliteJournal(tmp_path / "rooms.sqlite")
    journal.put("K7QM2FXDB", "room", "", {"teacher": "x"})
    with pytest.raises(ClassroomError, match="damaged"):
        Rooms(journal)
