"""What comes out of a room, by hand, and its table for spreadsheets."""

import csv
import io
import math

import pytest

from lib.classroom.questions import Question
from lib.classroom.results import answered, as_csv, class_calibration, outcome, standing, standings
from lib.classroom.room import Snapshot
from lib.classroom.rooms import Rooms

TOKEN = Question(
    "token", "Once upon a", ("␣time", "␣day", "all other tokens", "x"), 0, (0.5, 0.25, 0.2, 0.05), "m", "␣time"
)
COIN = Question("quiz", '=HYPERLINK("http://evil")', ("+heads", "-tails"), 1)


def played() -> Snapshot:
    """Ana answers both questions, Eve the first, Zoe none; a third is open."""
    rooms = Rooms()
    code, teacher = rooms.open()
    ana, eve, _ = (rooms.join(code, name) for name in ("=Ana", "Eve", "Zoe"))
    rooms.ask(code, teacher, TOKEN)
    rooms.answer(code, ana, 1, [50, 30, 10, 10])
    rooms.answer(code, eve, 1, [10, 30, 30, 30])
    rooms.reveal(code, teacher)
    rooms.ask(code, teacher, COIN)
    rooms.answer(code, ana, 2, [75, 25])
    rooms.reveal(code, teacher)
    rooms.ask(code, teacher, COIN)
    rooms.answer(code, eve, 3, [1, 99])
    return rooms.look(code)


def test_the_class_and_the_model_on_one_question() -> None:
    room = played()
    result = outcome(room, room.questions[0])
    assert result.count == 2
    assert result.mean == pytest.approx((0.3, 0.3, 0.2, 0.2))
    assert result.pooled == pytest.approx(-math.log2(0.3))
    assert result.average == pytest.approx((1 - math.log2(0.1)) / 2)
    assert result.model == 1


def test_a_students_scores_count_revealed_questions_only() -> None:
    room = played()
    ana, eve, zoe = (standing(room, one) for one in room.students)
    assert ana.answered == 2 and ana.won == pytest.approx((2 - 1) + (1 - 2)) and ana.surprise == pytest.approx(1.5)
    assert ana.brier == pytest.approx(((0.25 + 0.09 + 0.01 + 0.01) + (0.75**2 * 2)) / 2)
    assert eve.answered == 1 and eve.won == pytest.approx(2 + math.log2(0.1))
    assert zoe.answered == 0 and zoe.won == 0 and zoe.surprise is None and zoe.brier is None
    assert [one.name for one in standings(room)] == ["=Ana", "Eve", "Zoe"]
    assert len(answered(room, room.students[1])) == 1
    assert class_calibration(room).count == 4 + 4 + 2


def test_the_table_has_every_answer_and_no_formula() -> None:
    text = as_csv(played())
    assert text.startswith("\ufeff")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert [(row["nickname"], row["question"]) for row in rows] == [
        ("'=Ana", "1"),
        ("Eve", "1"),
        ("'=Ana", "2"),
        ("Eve", "3"),
    ]
    first, _, coin, open_ = rows
    assert first["answer"] == "␣time" and first["points on the outcome"] == "50"
    assert float(first["log score (bits, 0 is best)"]) == 1 and float(first["bits won against uniform points"]) == 1
    assert coin["text"].startswith("'=") and coin["answer"] == "'+heads" and coin["points"] == "'+heads: 75; -tails: 25"
    assert float(coin["bits won against uniform points"]) == -1
    assert open_["outcome"] == "" and open_["Brier score (0 to 2, 0 is best)"] == ""
    for row in rows:
        assert not any(cell[:1] in "=+@" for name, cell in row.items() if cell and "bits" not in name)


def test_several_options_with_as_many_points_are_all_the_answer() -> None:
    rooms = Rooms()
    code, teacher = rooms.open()
    ana = rooms.join(code, "Ana")
    rooms.ask(code, teacher, COIN)
    rooms.answer(code, ana, 1, [50, 50])
    row = next(csv.DictReader(io.StringIO(as_csv(rooms.look(code)).removeprefix("\ufeff"))))
    assert row["answer"] == "'+heads / -tails"
