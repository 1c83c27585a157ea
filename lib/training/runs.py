"""A run as everybody sees it: what was asked, how far it is, and what it has told so far."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from lib.models import trained
from lib.training import run_records
from lib.training.events import Ended, Event, Stage
from lib.training.recipe import Recipe, Tuning
from lib.training.run_records import Record

State = Literal["queued", "starting", "running", "over"]
CUT_OFF = "The app or its training process ended while this run was under way. It can be gone on with."


@dataclass(eq=False)
class Run:
    """Written by the jobs' thread, read from any thread.

    `events`: read by index, nothing is taken out; but a stage that is begun anew starts another list, and `edition` is
    then another number. An `Ended` may be followed by more of its stage, where the run was gone on with.
    """

    record: Record
    owner: str = ""
    state: State = "over"
    place: int = 0  # in the queue, from 1; 0 while it is in none
    events: list[Event] = field(default_factory=list)
    edition: int = 0
    trouble: str = ""  # why it ended otherwise than planned, as a sentence
    crashes: int = 0  # of the process, in this stage
    began: float = 0.0  # time.monotonic() when it left the queue
    stopping: float = 0.0  # when it was told to stop
    seen: float = field(default_factory=time.monotonic)  # when its owner was last there
    tabs: list[Callable[[], bool]] = field(default_factory=list)
    told: set[tuple[Any, ...]] = field(default_factory=set)
    lock: Any = None

    @property
    def id(self) -> str:
        """Eight hexadecimal digits."""
        return self.record.run

    @property
    def number(self) -> int:
        """For people: run 1, run 2, …"""
        return self.record.number

    @property
    def recipe(self) -> Recipe:
        """What was asked."""
        return self.record.recipe

    @property
    def stage(self) -> Stage:
        """The stage under way, or the last one."""
        return self.record.stage

    @property
    def folder(self) -> Path:
        """Where its checkpoints are."""
        return self.record.folder

    @property
    def asked(self) -> Recipe | Tuning:
        """What the stage under way was asked."""
        return self.recipe if self.stage == "pretrain" else self.record.tunings[self.stage]

    @property
    def done(self) -> bool:
        """Whether its last stage came to its planned end."""
        return any(isinstance(one, Ended) and one.how == "done" and one.stage == self.stage for one in self.events)

    @property
    def can_go_on(self) -> bool:
        """Whether `go_on` would go on with it: it began, and was stopped or cut off before its planned end."""
        return self.state == "over" and not self.done and bool(self.events)

    def tell(self, event: Event) -> bool:
        """Take an event, unless it was told before: after a crash the same steps are computed again, with the same
        numbers."""
        key = type(event).__name__, event.stage, getattr(event, "step", None)
        if key in self.told and not isinstance(event, Ended):
            return False
        self.told.add(key)
        self.events.append(event)
        self.state = "running"
        return True

    def begin_anew(self, stage: Stage) -> None:
        """Forget a stage and the later ones."""
        later = trained.STAGES[trained.STAGES.index(stage) :]
        if any(event.stage in later for event in self.events):
            self.events = [event for event in self.events if event.stage not in later]
            self.edition += 1
        self.told = {key for key in self.told if key[1] not in later}


def from_disk() -> dict[str, Run]:
    """The runs that are kept there, as they were left."""
    found: dict[str, Run] = {}
    for name in trained.runs():
        record = run_records.read(name)
        if record is not None:
            run = found[name] = Run(record)
            for event in run_records.read_events(name):
                run.tell(event)
            last = run.events[-1] if run.events else None
            run.state = "over"
            run.trouble = (last.sentence if last.how == "failed" else "") if isinstance(last, Ended) else CUT_OFF
    return found
