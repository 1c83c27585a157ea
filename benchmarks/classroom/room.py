"""The room: students at work at the same time, what they waited for, and what they asked of the engine, and when."""

import asyncio
import resource
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from benchmarks.classroom.processes import cpu_seconds
from benchmarks.classroom.student import Student

ARRIVAL = 5.0  # s within which a class does what the teacher has just said


@dataclass
class Outcome:
    """One scenario: seconds by what they are the time to, and the requests that the engine got."""

    name: str
    samples: dict[str, list[float]] = field(default_factory=dict)
    requests: list[dict[str, Any]] = field(default_factory=list)  # see `alone`; "at" in s after the first
    wall: float = 0.0  # s from the first request to the last one's end
    errors: int = 0
    cpu: dict[str, float] = field(default_factory=dict)  # cores in use on average, by whom
    app_cpu: float | None = None  # s of CPU time that the app has used

    def add(self, what: str, seconds: float) -> None:
        """One more sample."""
        self.samples.setdefault(what, []).append(seconds)


class Room:
    """All students of the class, and the server's process (None: not known)."""

    def __init__(self, students: Sequence[Student], pid: int | None) -> None:
        self.students, self.pid = students, pid
        badges = frozenset(student.badge for student in students)
        for student in students:
            student.others = badges - {student.badge}
        self.outcomes: list[Outcome] = []
        self.gil: dict[str, float] = {}  # holders of the server's GIL, % of the time; see `processes.gil_holders`

    @property
    def errors(self) -> list[str]:
        """All errors so far, with the number of the student."""
        return [f"student {student.number}: {error}" for student in self.students for error in student.errors]

    async def everyone(
        self,
        action: Callable[[Student], Awaitable[None]],
        *,
        among: Sequence[Student] | None = None,
        within: float = ARRIVAL,
    ) -> None:
        """Each student does `action`, beginning at a moment of his own within so many seconds."""

        async def one(student: Student) -> None:
            await asyncio.sleep(within * student.dice.random())
            try:
                await action(student)
            except Exception as error:  # one student's trouble is to be reported, not to end the class
                student.errors.append(f"{type(error).__name__}: {error}")

        await asyncio.gather(*(one(student) for student in (self.students if among is None else among)))

    async def settle(self) -> None:
        """Wait until no page moves any more."""
        await asyncio.gather(*(student.session.quiet() for student in self.students))

    @contextmanager
    def scenario(self, name: str) -> Iterator[Outcome]:
        """Gather a scenario's outcome, and say on stderr how it went."""
        outcome = Outcome(name)
        before, start = len(self.errors), time.perf_counter()
        mine, theirs = _own_cpu(), cpu_seconds(self.pid)
        yield outcome
        seconds = time.perf_counter() - start
        outcome.errors = len(self.errors) - before
        outcome.cpu = {"students": (_own_cpu() - mine) / seconds}
        if theirs is not None:
            outcome.app_cpu = (cpu_seconds(self.pid) or theirs) - theirs
            outcome.cpu["app"] = outcome.app_cpu / seconds
        _rebase(outcome)
        self.outcomes.append(outcome)
        print(
            f"{name}: {seconds:.0f} s",
            *(
                f"{what} {statistics.median(values):.2f} s (max {max(values):.2f})"
                for what, values in outcome.samples.items()
            ),
            *(f"CPU of {who} {cores:.2f}" for who, cores in outcome.cpu.items()),
            f"{outcome.errors} errors",
            sep=", ",
            file=sys.stderr,
            flush=True,
        )
        for error in self.errors[before:][:3]:
            print("   ", error, file=sys.stderr, flush=True)


def _own_cpu() -> float:
    """CPU seconds of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _rebase(outcome: Outcome) -> None:
    """Times of time.perf_counter() to seconds after the first request."""
    if outcome.requests:
        first = min(request["at"] for request in outcome.requests)
        outcome.wall = max(request["end"] for request in outcome.requests) - first
        for request in outcome.requests:
            request["at"] -= first
