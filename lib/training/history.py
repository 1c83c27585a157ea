"""What a run has told, sorted for those who look: of every stage its losses, its snapshots, and how it ended.

Events only ever come at a list's end, so a look costs what is new. A run that was gone on with after a crash tells some
steps again: what was told of them before is dropped.

    >>> history = History()
    >>> history.read([HeldOut("pretrain", 0, 6.6), Point("pretrain", 1, 6.5, 1e-3, 1.0, 1536, 0.2)])
    >>> history.stages["pretrain"].heldout[0].loss, history.newest
    (6.6, 'pretrain')
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from lib.models.trained import STAGES, Stage
from lib.training.events import Began, Ended, Event, HeldOut, Point, Snapshot

T = TypeVar("T", Point, HeldOut, Snapshot)
MAX_DRAWN = 600  # points of a curve


@dataclass
class StageHistory:
    """One stage so far."""

    began: Began | None = None
    points: list[Point] = field(default_factory=list)
    heldout: list[HeldOut] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)
    ended: Ended | None = None

    def take(self, event: Event) -> None:
        """One more event of this stage. What comes after its end was gone on with."""
        self.ended = event if isinstance(event, Ended) else None
        if isinstance(event, Began):
            self.began = event
        elif isinstance(event, Point):
            _append(self.points, event)
        elif isinstance(event, HeldOut):
            _append(self.heldout, event)
        elif isinstance(event, Snapshot):
            _append(self.snapshots, event)

    @property
    def steps(self) -> int:
        """Steps that are done."""
        return self.points[-1].step if self.points else 0

    @property
    def rate(self) -> float:
        """Tokens a second, all in all; 0 where nothing was measured."""
        last = self.points[-1] if self.points else None
        return last.tokens / last.seconds if last and last.seconds > 0 else 0.0

    def drawn(self) -> list[Point]:
        """Every k-th step, and the last: at most `MAX_DRAWN` points and one."""
        every = -(-len(self.points) // MAX_DRAWN) or 1
        kept = self.points[::every]
        return kept if not self.points or kept[-1] is self.points[-1] else [*kept, self.points[-1]]


def _append(told: list[T], event: T) -> None:
    while told and told[-1].step >= event.step:
        told.pop()
    told.append(event)


class History:
    """All stages of a run; `read` is called whenever somebody looks."""

    def __init__(self) -> None:
        self.stages: dict[Stage, StageHistory] = {}
        self._read = 0

    def read(self, events: Sequence[Event]) -> None:
        """Take what is new of a run's list of events."""
        if len(events) < self._read:  # the list was begun anew
            self.stages, self._read = {}, 0
        for event in events[self._read :]:
            self.stages.setdefault(event.stage, StageHistory()).take(event)
            self._read += 1

    @property
    def newest(self) -> Stage:
        """The last stage that has begun; pre-training before anything has."""
        return next((stage for stage in reversed(STAGES) if stage in self.stages), STAGES[0])

    def stage(self, name: Stage) -> StageHistory:
        """One stage; an empty one that has not begun."""
        return self.stages.get(name, StageHistory())
