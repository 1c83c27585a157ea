"""The Class page's pictures: bars of probabilities, who is there, tables, the invitation. All text is shown as text."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lib.classroom.questions import Question
from lib.classroom.room import Snapshot
from lib.classroom.scoring import TOTAL, Calibration, Points
from lib.design import CATEGORICAL
from lib.ui.components.custom import asset, component

_ROOT = '<div class="root"></div>'
_BARS = component(
    "playground_class_bars",
    html=_ROOT,
    css=asset(__file__, "question.css", "bars.css"),
    js=asset(__file__, "question.js", "bars.js"),
)
_ANSWER = component(
    "playground_class_answer",
    html=_ROOT,
    css=asset(__file__, "question.css", "answer.css"),
    js=asset(__file__, "question.js", "answer.js"),
)
_PEOPLE = component(
    "playground_class_people", html=_ROOT, css=asset(__file__, "people.css"), js=asset(__file__, "people.js")
)
_TABLE = component(
    "playground_class_table", html=_ROOT, css=asset(__file__, "table.css"), js=asset(__file__, "table.js")
)
_INVITE = component(
    "playground_class_invite", html=_ROOT, css=asset(__file__, "invite.css"), js=asset(__file__, "invite.js")
)
MODEL, CLASS, YOU = "var(--pg-accent)", CATEGORICAL[4], CATEGORICAL[3]


@dataclass(frozen=True)
class Series:
    """Probabilities of all options in one colour; `ticks` are every student's points."""

    name: str
    colour: str
    values: Sequence[float]
    ticks: Sequence[Sequence[int]] | None = None


def question_bars(key: str, question: Question, series: Sequence[Series], *, revealed: bool) -> None:
    """A question with its options; the answer is in it only if it is revealed."""
    data: dict[str, Any] = {
        "kind": question.kind,
        "text": question.text,
        "options": list(question.options),
        "answer": question.answer if revealed else None,
        "came": question.note if revealed and question.kind == "token" else "",
        "mark": "drawn" if question.kind == "token" else "right",
        "series": [_plain(one) for one in series],
    }
    _BARS(key=key, data=data)


def calibration_bars(key: str, found: Calibration) -> None:
    """For every bin what was stated and what came true."""
    labels = [f"{TOTAL * one.low + 1:.0f}% to {one.high:.0%} ({one.count:,}×)" for one in found.bins]
    series = [
        Series("stated, on average", YOU, [one.stated for one in found.bins]),
        Series("came true", "var(--pg-good)", [one.came for one in found.bins]),
    ]
    data = {"kind": "bins", "options": labels, "answer": None, "series": [_plain(one) for one in series]}
    _BARS(key=key, data=data)


def answer_card(question: Question, given: Points | None) -> dict[str, Any] | None:
    """Where a student spreads points; gives back what the browser sent in this run, unchecked."""
    data = {
        "serial": question.serial,
        "kind": question.kind,
        "text": question.text,
        "options": list(question.options),
        "points": list(given) if given else None,
    }
    result = _ANSWER(key="class-answer", data=data, on_sent_change=lambda: None)
    return result.sent if isinstance(result.sent, dict) else None


def people(key: str, line: str, room: Snapshot, done: Sequence[int] = ()) -> None:
    """A line, and a chip for every student; those of `done` have a check mark."""
    chips = [{"name": room.names[one.number], "done": one.number in done} for one in room.students]
    _PEOPLE(key=key, data={"line": line, "people": chips})


def table(
    key: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    numbers: Sequence[str] = (),
    own: int | None = None,
    remove: Sequence[int] | None = None,
) -> Any:
    """Texts in columns, those of `numbers` to the right. With `remove` (an id a row) each row has a button, and the id
    of the row whose button was pressed is given back."""
    data = {
        "columns": [{"name": name, "number": name in numbers} for name in columns],
        "rows": [list(row) for row in rows],
        "own": own,
        "remove": None if remove is None else list(remove),
    }
    return _TABLE(key=key, data=data, on_removed_change=lambda: None).removed


def invitation(key: str, code: str, grouped: str, *, large: bool = False, teacher: str | None = None) -> None:
    """The room's address and code, and a button that copies its link; with `teacher`, the teacher's own link only."""
    _INVITE(key=key, data={"code": code, "grouped": grouped, "large": large, "teacher": teacher})


def _plain(series: Series) -> dict[str, Any]:
    return {
        "name": series.name,
        "colour": series.colour,
        "values": list(series.values),
        "ticks": None if series.ticks is None else [list(ticks) for ticks in series.ticks],
    }
