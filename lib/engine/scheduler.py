"""Continuous batching: one thread computes all requests of a model, which join and leave between steps.

One round is one pass over everything in work (`lib.engine.batch`). At most `slots` requests, texts and beam searches,
are in work; the others wait in a queue, first come, first served. Knows nothing of pages or of tensors.

What company does to an answer: every row attends to itself alone, and a request draws from a generator of its own, so
nobody's text depends on anybody's choices. What remains is rounding: a matrix product of 16 rows may add in another
order than one of a single row. In float32 that is about 1e-6 of a logit, so greedy and seeded texts come out the same
(`benchmarks soak` and the tests compare them under load) unless two tokens tie to six digits; in bfloat16, float16 and
int8 the differences are large enough that a text may part ways under load.
"""

import time
from collections import deque
from threading import Condition, Thread, current_thread
from typing import Any

from lib.engine.base import Item
from lib.engine.batch import Batch
from lib.engine.loading import give_back
from lib.engine.requests import LocalRunning, Request
from lib.engine.turns import FairLock
from lib.errors import PlaygroundError

IDLE_SECONDS = 0.1  # an idle worker ends, and its OpenMP threads with it: they would slow other models' workers down


class Scheduler:
    """The worker thread of one model and its requests. All methods are safe from any thread. `kv_budget`: bytes."""

    def __init__(self, module: Any, lock: FairLock, slots: int, kv_budget: int) -> None:
        self.lock, self.slots, self.kv_budget = lock, slots, kv_budget
        self.batch = Batch(module)
        self._queue: deque[Request[Any]] = deque()
        self._wake = Condition()
        self._thread: Thread | None = None
        self._closed = False

    # --- the callers' side

    def submit(self, request: Request[Item]) -> LocalRunning[Item]:
        """Queue a request; gives back the page's side of it."""
        running = LocalRunning(request, self.position, self.cancel)
        with self._wake:
            if self._closed:
                request.end("cancelled")
                return running
            self._queue.append(request)
            if self._thread is None:
                self._thread = Thread(target=self._work, name="engine", daemon=True)
                self._thread.start()
            self._wake.notify()
        return running

    def cancel(self, request: Request[Any]) -> None:
        """End a request; its slot is free before the next step."""
        with self._wake:
            if not request.finished:
                request.cancelled = True
                request.out.put((None, "cancelled", None))
                self._wake.notify()

    def position(self, request: Request[Any]) -> int:
        """0 when in work (or over), else the place in the queue."""
        with self._wake:
            waiting = [other for other in self._queue if not other.cancelled]
            return waiting.index(request) + 1 if request in waiting else 0

    @property
    def in_work(self) -> int:
        """Requests that hold a slot now."""
        return len(self.batch)

    @property
    def waiting(self) -> int:
        """Requests in the queue."""
        return len(self._queue)

    def close(self) -> None:
        """End everything and stop the thread."""
        with self._wake:
            self._closed = True
            thread, self._thread = self._thread, None
            self._wake.notify()
        if thread is not None and thread is not current_thread():  # the collector may call from anywhere
            thread.join(timeout=30)

    # --- the worker's side

    def _work(self) -> None:
        self._serve()
        give_back()  # what freed caches left between others: up to 400 MB after half a class's beam searches

    def _serve(self) -> None:
        while True:
            with self._wake:
                while not (self._closed or self._queue or self.in_work):
                    if not self._wake.wait(IDLE_SECONDS) and not (self._closed or self._queue):
                        self._thread = None  # the next request starts another
                        return
                if self._closed:
                    break
            with self.lock:
                self._round()
            time.sleep(0)  # let the readers of the new tokens run
        for request in [*self.batch, *self._queue]:
            request.end("cancelled")
        self.batch.clear()

    def _round(self) -> None:
        try:
            self._drop_gone()
            self._admit()
            self.batch.advance()
        except Exception as error:  # out of memory, say: everyone in work learns of it, the queue goes on
            reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
            for request in self.batch:
                request.end(None, PlaygroundError(f"The model had to stop in the middle of its work: {reason}"))
            self.batch.clear()
        self._drop_gone()

    def _drop_gone(self) -> None:
        self.batch.drop_gone()
        with self._wake:
            for request in [r for r in self._queue if r.cancelled]:
                self._queue.remove(request)

    def _admit(self) -> None:
        with self._wake:
            while self._queue and self.in_work < self.slots:
                held = sum(request.cached for request in self.batch) + self._queue[0].cached
                if self.in_work and held * self.batch.kv_bytes > self.kv_budget:
                    return
                self.batch.add(self._queue.popleft())
