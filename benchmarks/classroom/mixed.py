"""A class that does everything at once, for minutes: all pages, Stops, reloads, pages left and tabs closed in mid-run.

A text of another student's on one's page is seen by its badge. Greedy text in float32 does not depend on who else is
there, so the same prompt must give the same text each time, whoever sees it.
"""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable

from benchmarks.classroom import scenarios
from benchmarks.classroom.processes import megabytes
from benchmarks.classroom.room import Outcome, Room
from benchmarks.classroom.student import Student
from benchmarks.report import Report

_TURNS = 3  # different prompts of one student: few, so that each comes again
_PIECE = re.compile(r'"text": ?"((?:[^"\\]|\\.)*)"')

Interruption = Callable[[Student], Awaitable[object]]


class Soak:
    """What everyone may do, how often it was done, and the greedy texts that were seen."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.known: dict[tuple[str, str], list[str]] = {}  # (page, prompt) -> texts
        self.actions: dict[str, Callable[[Student], Awaitable[object]]] = {
            "pages opened": lambda student: student.visit(student.dice.choice(scenarios.PAGES)),
            "texts cut into tokens": lambda student: self.type(student, "Tokenizers", "Your text"),
            "prompts read": lambda student: self.type(student, "Next_Token", "Prompt"),
            "columns written": self.columns,
            "columns stopped": lambda student: self.cut(student, "Decoding", "Run", _stop),
            "columns left": lambda student: self.cut(student, "Decoding", "Run", lambda one: one.visit("Tokenizers")),
            "columns left by a reload": lambda student: self.cut(student, "Decoding", "Run", Student.reload),
            "columns left by closing the tab": lambda student: self.cut(student, "Decoding", "Run", _new_tab),
            "cells written": self.cells,
            "cells stopped": lambda student: self.cut(student, "Completion_vs_Chat", "Write all", _stop),
            "questions answered": self.question,
            "replies stopped": lambda student: self.cut(student, "Chat", "", _stop_reply),
            "replies left by a reload": lambda student: self.cut(student, "Chat", "", Student.reload),
            "replies left by closing the tab": lambda student: self.cut(student, "Chat", "", _new_tab),
        }

    async def type(self, student: Student, page: str, label: str) -> None:
        """A text; its echo comes to the student's own page (not always: a text typed again changes nothing)."""
        await student.visit(page)
        before = student.session.echoes
        await student.type(label, _prompt(student))
        self.counts["texts whose echo was seen"] += student.session.echoes > before

    async def columns(self, student: Student) -> None:
        """Run, to the end of all columns; the first of them is greedy."""
        await student.visit("Decoding")
        words = _prompt(student)
        await scenarios.columns(student, Outcome(""), words)
        streams = [one for one in student.session.screen.all("bidi_component") if '"note":' in one.data]
        self.compare(student, "Decoding", words, ["".join(_PIECE.findall(one.data)) for one in streams[:1]])

    async def cells(self, student: Student) -> None:
        """Write all, to the end of all cells, which are greedy."""
        await student.visit("Completion_vs_Chat", "base=smollm2-135m-instruct&instruct=smollm2-135m-instruct")
        words = _prompt(student)
        await scenarios.cells(student, Outcome(""), words)
        self.compare(student, "Completion", words, [one.text for one in student.session.screen.all("code")])

    async def question(self, student: Student) -> None:
        """A question, half of them in a new conversation, to the end of its reply."""
        await student.visit("Chat")
        await student.session.quiet()
        if student.dice.random() < 0.5:
            await student.press("New")
        await scenarios.question(student, Outcome(""), _prompt(student))

    async def cut(self, student: Student, page: str, button: str, interrupt: Interruption) -> None:
        """Begin to write (a chat has no button), and do something else before it is done."""
        await student.visit(page)
        await student.session.quiet()
        press = asyncio.ensure_future(student.press(button) if button else student.ask(_prompt(student)))
        await asyncio.sleep(0.3 + 2 * student.dice.random())
        await interrupt(student)
        press.cancel()
        await asyncio.gather(press, return_exceptions=True)

    def compare(self, student: Student, page: str, prompt: str, texts: list[str]) -> None:
        """The texts of a prompt are those that it had before."""
        known = self.known.setdefault((page, prompt), texts)
        self.counts["greedy texts seen"] += len(texts)
        self.counts["greedy texts compared with an earlier one"] += len(texts) if known is not texts else 0
        if known != texts:
            student.errors.append(f"{page}: {prompt!r} gave {texts}, before that {known}")


def _prompt(student: Student) -> str:
    return scenarios.text(student, student.dice.randrange(_TURNS))


async def _stop(student: Student) -> None:
    if not student.session.screen.widget("button", "Stop").disabled:
        await student.press("Stop")
    await student.session.quiet()


async def _stop_reply(student: Student) -> None:
    student.session.stop()
    await student.session.quiet()


async def _new_tab(student: Student) -> None:
    await student.close()
    student.storage = ""  # it went with the tab
    await student.open()


async def soak(room: Room, report: Report, seconds: float) -> None:
    """Everyone does something, again and again. Raises AssertionError if anybody saw anything wrong."""
    lesson = Soak()
    end = time.perf_counter() + seconds

    async def one(student: Student) -> None:
        await student.open()
        while time.perf_counter() < end:
            name, before = student.dice.choice(list(lesson.actions)), len(student.errors)
            await lesson.actions[name](student)
            student.errors[before:] = [f"{name}, page {student.page!r}: {error}" for error in student.errors[before:]]
            lesson.counts[name] += 1
            await asyncio.sleep(student.dice.random())
        await student.session.quiet()
        await student.close()

    remembering = asyncio.create_task(_memory(room, report, seconds))
    await room.everyone(one)
    await remembering
    for name, count in sorted(lesson.counts.items()):
        report.figures[f"mixed: {name}"] = count
    for name in ("messages", "echoes", "ticks"):
        report.figures[f"mixed: {name}"] = sum(student.counts[name] for student in room.students)
    report.figures["mixed: errors"] = len(room.errors)
    if room.errors:
        report.show()
        raise AssertionError(f"{len(room.errors)} errors:\n" + "\n".join(room.errors[:10]))


async def _memory(room: Room, report: Report, seconds: float) -> None:
    for tenth in range(1, 11):
        await asyncio.sleep(seconds / 10)
        if room.pid is not None:
            report.figures[f"mixed: VmRSS of all the app's processes after {tenth}/10, MB"] = megabytes(room.pid)[
                "VmRSS"
            ]
