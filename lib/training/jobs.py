"""Training as jobs of one server: a queue, one run at a time, and everybody may watch. Knows nothing of Streamlit.

What pages ask, from any thread; the work is done by the thread of `lib.training.run_queue`.
"""

import contextlib
import secrets
import time
from collections.abc import Callable

from lib.models import trained
from lib.training import limits, run_records
from lib.training.events import Stage
from lib.training.recipe import Recipe, TrainingError, Tuning
from lib.training.run_queue import IDLE, RunQueue
from lib.training.runs import Run, from_disk

WAITING = 20  # runs in the queue, at most
CHAT_CONTEXT = 64  # tokens: a short dialogue in ChatML, where the vocabulary knows no more than single characters


class Jobs(RunQueue):
    """All runs of this app."""

    def warm(self) -> None:
        """Start the process before it is needed, if there is room: it imports for some seconds. Returns at once."""
        if self.pid is not None or limits.room_for_the_process():
            with self._mutex:
                self._warm_until = time.monotonic() + IDLE
                self._wake()

    def start(self, recipe: Recipe, owner: str) -> Run:
        """Pre-training, queued. Raises PlaygroundError: turned off, no room, the owner has a run under way."""
        with self._mutex:
            self._check(recipe, owner)
            return self._enqueue(Run(run_records.new_record(self._new_id(), recipe)), owner)

    def tune(self, run_id: str, stage: Stage, tuning: Tuning, owner: str) -> Run:
        """Another stage of a run that is over, begun anew if there was one. Raises PlaygroundError."""
        with self._mutex:
            run = self._over(run_id, owner)
            if run.recipe.context < CHAT_CONTEXT:
                raise TrainingError(
                    f"A question and its answer do not fit into a context length of {run.recipe.context} tokens. "
                    f"Pre-train with {CHAT_CONTEXT} or more."
                )
            base = trained.STAGES[trained.STAGES.index(stage) - 1] if stage != "pretrain" else ""
            if not any(one.stage == base for one in trained.checkpoints(run_id)):
                raise TrainingError("This step builds on the one before it, which has no checkpoint yet.")
            run.begin_anew(stage)
            run_records.begin_anew(run_id, stage)
            run.record.stage, run.record.tunings[stage] = stage, tuning
            with contextlib.suppress(OSError):
                run_records.write_events(run_id, run.events)
            return self._enqueue(run, owner)

    def go_on(self, run_id: str, owner: str) -> Run:
        """From the last saved state of a run that was stopped or cut off (its beginning, if it has none).

        Raises PlaygroundError.
        """
        with self._mutex:
            run = self._over(run_id, owner)
            if not run.can_go_on:
                raise TrainingError("There is nothing to go on with in this run: it has come to its end.")
            return self._enqueue(run, owner)

    def keep_alive(self, run_id: str, owner: str, alive: Callable[[], bool]) -> None:
        """The owner's tab is open: from the first of them on, the run ends half a minute after the last has gone.

        Called by every run of the owner's page. Somebody else's tab changes nothing.
        """
        with self._mutex:
            run = self._runs.get(run_id)
            if run is not None and run.owner == owner:
                run.tabs = [*[tab for tab in run.tabs if tab()][-4:], alive]
                run.seen = time.monotonic()

    def runs(self) -> list[Run]:
        """All of them, the newest first."""
        with self._mutex:
            self._read()
            return sorted(self._runs.values(), key=lambda run: (-run.record.made, run.id))

    def find(self, run_id: str) -> Run | None:
        """A run by its id, which may be any text."""
        with self._mutex:
            self._read()
            return self._runs.get(run_id)

    def _read(self) -> None:
        """Take in what is on the disk, once."""
        if self._root != trained.root() and self._now is None and not self._queue:
            self._root, self._runs = trained.root(), from_disk()

    def _new_id(self) -> str:
        return next(one for one in iter(lambda: secrets.token_hex(4), "") if one not in self._runs)

    def _check(self, recipe: Recipe, owner: str) -> None:
        self._read()
        limits.check(recipe, warm=self._worker is not None)
        if any(run.owner == owner for run in self._under_way()):
            raise TrainingError("You have a run under way. Stop it first, or wait for its end.")
        if len(self._queue) >= WAITING:
            raise TrainingError(f"{WAITING} runs are waiting already. Watch the one under way, and try again later.")

    def _over(self, run_id: str, owner: str) -> Run:
        self._read()
        run = self._runs.get(run_id)
        if run is None:
            raise TrainingError("This training run is not here any more: only the newest are kept.")
        if run.state != "over":
            raise TrainingError("This run is under way. Wait for its end, or stop it.")
        self._check(run.recipe, owner)
        return run

    def _enqueue(self, run: Run, owner: str) -> Run:
        run.owner, run.state, run.trouble, run.tabs, run.seen = owner, "queued", "", [], time.monotonic()
        run.crashes, run.stopping = 0, 0.0
        self._runs[run.id] = run
        self._queue.append(run)
        self._number()
        self._wake()
        return run


JOBS = Jobs()
model_id = trained.model_id
warm, start, tune, go_on = JOBS.warm, JOBS.start, JOBS.tune, JOBS.go_on
keep_alive, cancel = JOBS.keep_alive, JOBS.cancel
runs, find = JOBS.runs, JOBS.find
