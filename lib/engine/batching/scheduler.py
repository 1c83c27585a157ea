"""Continuous batching: one thread computes all requests of a model, which join and leave between steps.

One round is one pass over everything in work (`lib.engine.batching.batch`). At most `slots` requests, texts and beam
searches, are in work; the others wait, and slots are shared out evenly among their owners in time slices. Knows nothing
of pages or of tensors.

What company does to an answer: every row attends to itself alone, and a request draws from a generator of its own, so
nobody's text depends on anybody's choices. What remains is rounding: a matrix product of 16 rows may add in another
order than one of a single row. In float32 that is about 1e-6 of a logit, so greedy and seeded texts come out the same
(`benchmarks soak` and the tests compare them under load) unless two tokens tie to six digits; in bfloat16, float16 and
int8 the differences are large enough that a text may part ways under load.
"""

import time
from collections import Counter, deque
from collections.abc import Hashable
from threading import Condition, Thread, current_thread
from typing import Any

from lib.engine.batching.batch import Batch
from lib.engine.batching.fair_lock import FairLock
from lib.engine.batching.fairness import order, rounds_until
from lib.engine.batching.generation_request import ReadRequest, Request, TextRequest
from lib.engine.interface import Item
from lib.engine.running_request import Inbox, Running
from lib.errors import PlaygroundError
from lib.models.memory import trim_heap

_GIVE_BACK = 5.0  # seconds of work after which freed memory goes back to the system: often enough, and not felt
IDLE_SECONDS = 0.1  # an idle worker ends, and its OpenMP threads with it: they would slow other models' workers down

_PARKED = 64 << 20  # bytes of keys and values of texts that wait for another slice
_WHEN_IDLE = 2  # requests that nobody waits for, in work at the same time: whoever comes shares a pass with few
_FIRST_TOKENS, _TIME_SLICE = 2, 12  # tokens after which a text may have to make room: first tokens soon, then longer


class Scheduler:
    """The worker thread of one model and its requests. All methods are safe from any thread. `kv_budget`: bytes."""

    def __init__(self, module: Any, lock: FairLock, slots: int, kv_budget: int) -> None:
        self.lock, self.slots, self.kv_budget = lock, slots, kv_budget
        self.batch = Batch(module)
        self.round_seconds: float | None = None  # of the last rounds, a moving average
        self._queue: deque[Request[Any]] = deque()
        self._held: list[tuple[Hashable, int]] = []  # of every slot that is taken: the owner, and tokens still to come
        self._wake = Condition()
        self._thread: Thread | None = None
        self._closed = False

    # --- the callers' side

    def submit(self, request: Request[Item]) -> Running[Item]:
        """Queue a request; gives back the asker's side of it."""
        inbox: Inbox[Item] = Inbox()
        request.out = inbox
        running = Running(inbox, len(request.ids), lambda: self.cancel(request))
        self.enqueue(request)
        return running

    def enqueue(self, request: Request[Any]) -> None:
        """Queue a request whose outlet is set."""
        with self._wake:
            if self._closed:
                request.end("cancelled")
                return
            self._queue.append(request)
            self._tell_places()
            if self._thread is None:
                self._thread = Thread(target=self._work, name="engine", daemon=True)
                self._thread.start()
            self._wake.notify()

    def cancel(self, request: Request[Any]) -> None:
        """End a request; its slot is free before the next step."""
        with self._wake:
            if not request.finished:
                request.cancelled = True
                request.out.end("cancelled")
                self._tell_places()
                self._wake.notify()

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
        trim_heap()  # what freed caches left between others, most of it after beam searches

    def _serve(self) -> None:
        given_back = time.perf_counter()
        while True:
            with self._wake:
                while not (self._closed or self._queue or not self.batch.idle):
                    if not self._wake.wait(IDLE_SECONDS) and not (self._closed or self._queue):
                        self._thread = None  # the next request starts another
                        return
                if self._closed:
                    break
            with self.lock:
                began = time.perf_counter()
                self._round()
                took = time.perf_counter() - began
                self.round_seconds = 0.8 * (self.round_seconds or took) + 0.2 * took
            if time.perf_counter() - given_back > _GIVE_BACK:  # a class is never idle
                trim_heap()
                given_back = time.perf_counter()
            time.sleep(0)  # let the readers of the new tokens run
        for request in [*self.batch, *self._queue]:
            request.end("cancelled")
        self.batch.clear()

    def _round(self) -> None:
        try:
            self._drop_gone()
            self._admit()
            self.batch.advance()
            self._tell_reading()
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
        """Readings at once, and as many others as there are slots, those first whose owner holds fewest."""
        with self._wake:
            for reading in [request for request in self._queue if isinstance(request, ReadRequest)]:
                if self._fits(reading):
                    self._queue.remove(reading)
                    self.batch.add(reading)
            self._count_held()
            for request in self._in_order():
                if request.when_idle and not self._idle_room():
                    break
                if self.in_work >= self.slots and not self._make_room(request):
                    break
                if not self._fits(request):
                    break
                self._queue.remove(request)
                self.batch.add(request)
                request.tell(0)
            self._count_held()
            self._tell_places()

    def _idle_room(self) -> bool:
        """Whether the model has nothing to do but a few things for which nobody waits."""
        return all(other.when_idle for other in self.batch) and self.in_work < _WHEN_IDLE

    def _count_held(self) -> None:
        self._held = [(r.owner, r.left) for r in self.batch if not isinstance(r, ReadRequest)]

    def _make_room(self, request: Request[Any]) -> bool:
        """Park somebody's text for one who waits, if that is fair: of an owner with two slots more, or with one more
        whose text has had its time slice. A text without a token waits for two tokens of another, not for its slice: so
        a class of thirty all see their texts begin at once."""
        texts = [text for text in self.batch.rows() if text.owner is not None]
        parked = sum(len(other.ids) for other in self._queue if isinstance(other, TextRequest) and other.parked)
        if request.owner is None or not texts or parked * self.batch.kv_bytes > min(_PARKED, self.kv_budget // 2):
            return False
        held = Counter(other.owner for other in self.batch if not isinstance(other, ReadRequest))
        text = max(texts, key=lambda one: (held[one.owner], one.since_admitted))
        more = held[text.owner] - held[request.owner]
        if more < 1 or text.since_admitted < (_FIRST_TOKENS if more > 1 or not request.made else _TIME_SLICE):
            return False
        self.batch.park(text)
        self._queue.append(text)
        return True

    def _fits(self, request: Request[Any]) -> bool:
        """Whether there is memory for its keys and values beside the others'. The first one always fits."""
        held = sum(other.cached for other in self.batch)
        return not held or (held + request.cached) * self.batch.kv_bytes <= self.kv_budget

    def _in_order(self) -> list[Request[Any]]:
        """Who waits for a slot, in the order in which they get one."""
        everybody = [r for r in self._queue if not (r.cancelled or isinstance(r, ReadRequest))]
        held = [owner for owner, _ in self._held]
        ordered: list[Request[Any]] = []
        for when_idle in (False, True):
            waiting = [request for request in everybody if request.when_idle == when_idle]
            ordered += [waiting[place] for place in order([r.owner for r in waiting], held)]
        return ordered

    def _tell_places(self) -> None:
        """Tell everybody who waits for a slot the place in the queue and about how long it will take."""
        waiting = self._in_order()
        rounds = rounds_until([left for _, left in self._held], [r.left for r in waiting], self.slots)
        for place, (request, its_rounds) in enumerate(zip(waiting, rounds, strict=True), 1):
            wait = its_rounds
            if request.owner is not None:  # where slots are shared out in slices nobody waits for the end of a text
                slice_ = _TIME_SLICE if request.made else _FIRST_TOKENS
                wait = min(wait, -(-place // self.slots) * slice_)
            request.tell(place, None if self.round_seconds is None else wait * self.round_seconds)

    def _tell_reading(self) -> None:
        for request in self.batch.prompts:
            request.tell(0)
