"""Continuous batching: one thread computes all requests of a model, which join and leave between steps.

One round is one pass over the newest token of every request that generates and at most `PROMPT_TOKENS` tokens of new
prompts, which take turns, so that a long one stalls nobody. At most `slots` requests are in work; the others wait in a
queue, first come, first served. Knows nothing of pages; everything about shapes is in `lib.engine.cache`.

What company does to an answer: every row attends to itself alone, and a request draws from a generator of its own, so
nobody's text depends on anybody's choices. What remains is rounding: a matrix product of 16 rows may add in another
order than one of a single row. In float32 that is about 1e-6 of a logit, so greedy and seeded texts come out the same
(`benchmarks soak` and the tests compare them under load) unless two tokens tie to six digits; in bfloat16, float16 and
int8 the differences are large enough that a text may part ways under load.
"""

import time
from collections import Counter, deque
from collections.abc import Callable
from functools import cached_property
from threading import Condition, Thread, current_thread
from typing import Any

import torch
from transformers.cache_utils import DynamicCache

from lib.engine.cache import batchable, kv_bytes_per_token
from lib.engine.choose import Chooser
from lib.engine.lanes import Lane, lane_size
from lib.engine.lean import step_for
from lib.engine.loading import give_back
from lib.engine.passes import Pass, Piece, Rows
from lib.engine.prompts import Prompt, Prompts
from lib.engine.requests import LocalGeneration, Request
from lib.engine.turns import FairLock
from lib.errors import PlaygroundError

PROMPT_TOKENS = 128  # of new prompts in one pass; twice as many while nobody waits for a next token
IDLE_SECONDS = 0.1  # an idle worker ends, and its OpenMP threads with it: they would slow other models' workers down


class Scheduler:
    """The worker thread of one model and its requests. All methods are safe from any thread."""

    def __init__(self, module: Any, lock: FairLock, slots: int, kv_budget: int) -> None:
        self.module, self.lock, self.slots, self.kv_budget = module, lock, slots, kv_budget
        self.device = module.device
        self.layers = len(DynamicCache(config=module.config).layers)
        self.batchable = batchable(module)
        self.kv_bytes = kv_bytes_per_token(module)
        self.lanes: dict[int, Lane] = {}
        self.prompts = Prompts()  # in work, prompt not done yet
        self.solo: list[Prompt] = []  # in work, of a model whose rows cannot share a batch
        self._queue: deque[Request] = deque()
        self._wake = Condition()
        self._thread: Thread | None = None
        self._closed = False

    @cached_property
    def step(self) -> Callable[[Pass], torch.Tensor] | None:
        """The short forward pass of this family, made when the first text is asked for; None: transformers' own."""
        step = step_for(self.module) if self.batchable else None
        give_back()  # the memory of layers that were joined, 50 to 70 MB of SmolLM2
        return step

    # --- the callers' side

    def submit(self, request: Request) -> LocalGeneration:
        """Queue a request; gives back the page's side of it."""
        generation = LocalGeneration(request, len(request.ids), self.position, self.cancel)
        with self._wake:
            if self._closed:
                request.end("cancelled")
                return generation
            self._queue.append(request)
            if self._thread is None:
                self._thread = Thread(target=self._work, name="engine", daemon=True)
                self._thread.start()
            self._wake.notify()
        return generation

    def cancel(self, request: Request) -> None:
        """End a request; its slot is free before the next step."""
        with self._wake:
            if not request.finished:
                request.cancelled = True
                request.out.put((None, "cancelled", None))
                self._wake.notify()

    def position(self, request: Request) -> int:
        """0 when in work (or over), else the place in the queue."""
        with self._wake:
            waiting = [other for other in self._queue if not other.cancelled]
            return waiting.index(request) + 1 if request in waiting else 0

    @property
    def in_work(self) -> int:
        """Requests that hold a slot now."""
        return len(self.prompts) + len(self.solo) + sum(len(lane.requests) for lane in self.lanes.values())

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
        for request in [*self._everyone(), *self._queue]:
            request.end("cancelled")
        self._clear()

    @torch.inference_mode()
    def _round(self) -> None:
        try:
            self._drop_gone()
            self._admit()
            self._advance()
            for text in self.solo:
                logits = self._logits([Piece(text, 1, self.device)])[0]
                text.advance(1)
                self._sample(text.requests, logits)
        except Exception as error:  # out of memory, say: everyone in work learns of it, the queue goes on
            reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
            for request in self._everyone():
                request.end(None, PlaygroundError(f"The model had to stop in the middle of its work: {reason}"))
            self._clear()
        self._drop_gone()

    def _everyone(self) -> list[Request]:
        lanes = (request for lane in self.lanes.values() for request in lane.requests)
        solo = (request for text in self.solo for request in text.requests)
        return [r for r in (*self.prompts, *solo, *lanes) if not r.finished]

    def _clear(self) -> None:
        self.prompts.clear()
        self.solo.clear()
        self.lanes.clear()

    def _drop_gone(self) -> None:
        def gone(request: Request) -> bool:
            return request.cancelled or request.finished

        self.prompts.drop(gone)
        self.solo = [text for text in self.solo if not gone(text.requests[0])]
        for lane in self.lanes.values():
            lane.drop(gone)
        self.lanes = {size: lane for size, lane in self.lanes.items() if lane.requests}
        with self._wake:
            for request in [r for r in self._queue if r.cancelled]:
                self._queue.remove(request)

    def _admit(self) -> None:
        with self._wake:
            while self._queue and self.in_work < self.slots:
                held = sum(request.final_length for request in self._everyone()) * self.kv_bytes
                if self.in_work and held + self._queue[0].final_length * self.kv_bytes > self.kv_budget:
                    return
                self.prompts.add(self._queue.popleft(), lambda: DynamicCache(config=self.module.config))

    def _advance(self) -> None:
        """One pass over the lanes' rows and the prompts' pieces, and what follows from its logits."""
        self._expect()
        rows = [Rows(lane, self.module.dtype) for lane in self.lanes.values() if lane.requests]
        room = PROMPT_TOKENS if rows or self.solo else 2 * PROMPT_TOKENS
        turns = self.prompts.next(room)
        parts: list[Rows | Piece] = [*rows, *(Piece(prompt, count, self.device) for prompt, count in turns)]
        if not parts:
            return
        for part, logits in zip(parts, self._logits(parts), strict=True):
            if isinstance(part, Rows):
                part.lane.cache.after_step()
                self._sample(part.lane.requests, logits)
                continue
            part.prompt.advance(len(part.ids))
            if part.wanted:
                self.prompts.remove(part.prompt)
                self._sample(part.prompt.requests, logits.expand(len(part.prompt.requests), -1))
                self._begin(part.prompt)

    def _expect(self) -> None:
        """A lane for every request in work, with room for all who will join it: it grows once, not for each of them."""
        sizes = Counter(lane_size(request.final_length) for request in self._everyone() if self.batchable)
        for size, count in sizes.items():
            self.lanes.setdefault(size, Lane(self.layers, self.device)).cache.expected = count

    def _logits(self, parts: list[Rows | Piece]) -> list[torch.Tensor]:
        """float32 (wanted, V) of every part, on the CPU."""
        if self.step is None:
            return [part.whole(self.module).float().cpu() for part in parts]
        tokens = Pass(parts, self.device)
        return tokens.share(self.step(tokens).float().cpu())

    def _begin(self, prompt: Prompt) -> None:
        """Its requests have their first token: give those that go on a row each."""
        prompt.requests = [request for request in prompt.requests if not request.finished]
        if not self.batchable:
            self.solo += prompt.apart()
            return
        for request in prompt.requests:
            self.lanes[lane_size(request.final_length)].join(request, prompt.cache)

    def _sample(self, requests: list[Request], logits: torch.Tensor) -> None:
        chooser = Chooser(logits, max(request.alternatives for request in requests))
        for row, request in enumerate(requests):
            if request.cancelled:
                continue
            try:
                request.take(chooser.choose(row, request.sampling, request.seen, request.rng, request.alternatives))
            except ValueError as error:  # this row has no distribution; the others go on
                request.end(None, error)
