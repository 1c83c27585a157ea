"""The queue of training runs: one thread begins them, listens to the process and looks after the owners.

The thread ends when nothing is to be done, and so does the process, a while after.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from lib.errors import PlaygroundError
from lib.models import trained
from lib.settings import settings
from lib.training import limits, run_records
from lib.training.events import Ended, Event
from lib.training.runs import Run
from lib.training.worker import Message, Task, Worker

IDLE = 600.0  # seconds that the process waits for more
GRACE = 30.0  # seconds without its owner's tab after which a run ends: a tab that is loaded again takes some
PATIENCE = 20.0  # seconds in which a step should have ended
LISTEN, LOOK = 0.1, 0.5  # seconds: how long to listen at once, and between two looks at the owners

CLOSED = "This run has ended because the tab that started it was closed."
CRASHED = (
    "The training process ended twice, perhaps because the machine ran out of memory. What was saved is kept; "
    "take a smaller size or batch size."
)


class RunQueue:
    """The runs of this app, which one is under way and which wait. Methods with an underscore are called locked."""

    def __init__(self) -> None:
        self.in_use: Callable[[], Iterable[str]] = tuple  # ids of the models in memory, whose runs are not removed
        self._mutex = threading.RLock()
        self._root: Path | None = None
        self._runs: dict[str, Run] = {}
        self._queue: list[Run] = []
        self._now: Run | None = None
        self._worker: Worker | None = None
        self._thread: threading.Thread | None = None
        self._warm_until = self._looked = 0.0

    @property
    def pid(self) -> int | None:
        """The training process, if there is one."""
        worker = self._worker
        return worker.process.pid if worker is not None else None

    @property
    def ready(self) -> bool:
        """Whether there is one that has imported what it needs: a run would begin at once."""
        worker = self._worker
        return worker is not None and worker.ready

    def cancel(self, run_id: str, why: str = "") -> None:
        """End a run after the step under way, or take it out of the queue. `why`: a sentence, if nobody asked."""
        with self._mutex:
            run = self._runs.get(run_id)
            if run is None or run.state == "over":
                return
            run.trouble = why
            if run in self._queue:
                self._queue.remove(run)
                self._end(run)
            elif not run.stopping:
                run.stopping = time.monotonic()
                if self._worker is not None:
                    self._worker.ask(None)

    def shut(self) -> None:
        """End the process now; a run under way is cut off (tests, the end of a benchmark)."""
        with self._mutex:
            self._queue.clear()
            run, self._now, self._warm_until = self._now, None, 0.0
            if run is not None:
                self._end(run)
            if self._worker is not None:
                self._worker.end()
                self._worker = None
            thread = self._thread
        if thread is not None:
            thread.join(10)

    def _under_way(self) -> list[Run]:
        return [*([self._now] if self._now is not None else []), *self._queue]

    def _number(self) -> None:
        for place, run in enumerate(self._queue, 1):
            run.place = place

    def _wake(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, daemon=True, name="training-jobs")
            self._thread.start()

    def _end(self, run: Run) -> None:
        """It is over, with what it has."""
        run.state, run.place, run.stopping = "over", 0, 0.0
        if run is self._now:
            self._now = None
        if run.lock is not None:
            run.lock.release()
            run.lock = None
        if not run.events:  # it never began
            self._runs.pop(run.id, None)
        self._number()
        self._warm_until = time.monotonic() + IDLE

    def _work(self) -> None:
        """The thread."""
        while True:
            with self._mutex:
                if self._now is None and not self._queue and time.monotonic() > self._warm_until:
                    if self._worker is not None:
                        self._worker.end()
                    self._worker = self._thread = None
                    return
                worker = self._worker or self._new_worker()
            said = worker.hear(LISTEN) if worker is not None else []
            with self._mutex:
                try:
                    self._round(worker, said)
                except Exception as error:  # a thread must not end without a word
                    if self._now is not None:
                        self._now.trouble = f"Training has ended with an error: {type(error).__name__}: {error}"
                        self._end(self._now)
                    if self._worker is not None:
                        self._worker.end()
                        self._worker = None

    def _round(self, worker: Worker | None, said: list[Message] | None) -> None:
        if worker is not None and worker is self._worker:
            self._died() if said is None else self._hear(said)
        if time.monotonic() > self._looked + LOOK:
            self._look()
        if self._now is None and self._queue and self._worker is not None:
            self._begin(self._queue.pop(0))

    def _new_worker(self) -> Worker | None:
        try:
            self._worker = Worker()
        except OSError as error:
            for run in self._under_way():
                run.trouble = f"No process can be started for training: {error.strerror}."
                self._end(run)
            self._queue.clear()
            self._warm_until = 0.0
            return None
        if self._now is not None:  # the one before it died
            self._worker.ask(Task(self._now.stage, self._now.asked, self._now.folder))
            if self._now.stopping:
                self._worker.ask(None)
        return self._worker

    def _begin(self, run: Run) -> None:
        self._number()
        run.place, run.state, run.began, self._now = 0, "starting", time.monotonic(), run
        try:
            limits.check(run.recipe, warm=True)
            self._make_room(run)
            run.record.write()
            run.lock = run_records.hold(run.id)
        except PlaygroundError as error:
            run.trouble = str(error)
        except OSError as error:
            run.trouble = f"The folder of this run cannot be written: {error.strerror}."
        if run.trouble:
            self._end(run)
        elif self._worker is not None:
            self._worker.ask(Task(run.stage, run.asked, run.folder))

    def _make_room(self, run: Run) -> None:
        loaded = [found.run for one in self.in_use() if (found := trained.parsed(one))]
        busy = [one.id for one in (run, *self._queue)]
        for gone in run_records.make_room([*loaded, *busy]) if not run.folder.exists() else ():
            self._runs.pop(gone, None)

    def _hear(self, said: list[Message]) -> None:
        run, fresh = self._now, list[Event]()
        for kind, payload in said:
            if run is not None and kind == "event" and run.tell(payload):
                fresh.append(payload)
            elif run is not None and kind == "over":
                run.trouble = run.trouble or payload
                self._note(run, fresh)
                self._end(run)
                run = None
        if run is not None:
            self._note(run, fresh)

    def _note(self, run: Run, fresh: list[Event]) -> None:
        """On the disk too; where it is full, the run finds that out by itself."""
        with contextlib.suppress(OSError, ValueError):
            run_records.add_events(run.id, fresh)

    def _died(self) -> None:
        if self._worker is not None:
            self._worker.end()
            self._worker = None
        run = self._now
        if run is None:
            return
        run.crashes += 1
        if run.stopping or run.crashes > 1:
            run.trouble = run.trouble or ("" if run.stopping else CRASHED)
            made = [one.name for one in trained.checkpoints(run.id) if one.stage == run.stage]
            how = Ended(run.stage, "stopped" if run.stopping else "failed", run.trouble, made[-1] if made else "")
            run.tell(how)
            self._note(run, [how])
            self._end(run)

    def _look(self) -> None:
        """Owners that have gone, and runs that take too long."""
        self._looked = now = time.monotonic()
        for run in self._under_way():
            if not run.tabs or any(tab() for tab in run.tabs):
                run.seen = now
            if now > run.seen + GRACE:
                self.cancel(run.id, CLOSED)
        if self._now is not None:
            self._look_at_the_clock(self._now, now)

    def _look_at_the_clock(self, run: Run, now: float) -> None:
        minutes = settings().training_minutes
        if now > run.began + 60 * minutes:
            limit = f"{minutes} minute{'s' * (minutes > 1)}"
            self.cancel(run.id, f"This run has reached the limit of this server: {limit}.")
        if run.stopping and now > run.stopping + PATIENCE and self._worker is not None:
            self._worker.end()  # the next round hears that it is gone
