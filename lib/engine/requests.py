"""One running request, seen from both sides: the worker's `Request` and the page's `LocalGeneration`.

The worker never holds the page's side, so a page that is gone (a closed tab) lets go of its LocalGeneration, and that
cancels the request. Knows nothing of models.
"""

import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import SimpleQueue

import numpy as np

from lib.engine.base import FinishReason, Generation, Step
from lib.engine.choose import Choice
from lib.engine.sampling import Sampling

_Item = tuple[Step | None, FinishReason | None, BaseException | None]


@dataclass(eq=False)
class Request:
    """What the worker knows. `room`: how many tokens may be generated before the context is full."""

    ids: list[int]
    sampling: Sampling
    max_new_tokens: int
    room: int
    stop_ids: frozenset[int]
    alternatives: int
    rng: np.random.Generator
    read: int = 0  # prompt tokens computed
    made: int = 0  # tokens generated
    cancelled: bool = False
    finished: bool = False
    clock: float = field(default_factory=time.perf_counter)
    out: "SimpleQueue[_Item]" = field(default_factory=SimpleQueue)
    seen: set[int] = field(default_factory=set)

    @property
    def final_length(self) -> int:
        """Tokens in the cache if nothing stops the request early."""
        return len(self.ids) - self.made + min(self.max_new_tokens, self.room)

    def take(self, choice: Choice) -> None:
        """Hand the next token to the page, and finish if it is the last."""
        now = time.perf_counter()
        self.ids.append(choice.id)
        self.seen.add(choice.id)
        self.made += 1
        reason: FinishReason | None = None
        if choice.id in self.stop_ids:
            reason = "stop"
        elif self.made >= self.max_new_tokens:
            reason = "length"
        elif self.made >= self.room:
            reason = "context"
        self.finished = reason is not None
        step = Step(choice.id, choice.logprob, choice.prob, choice.alternatives, now - self.clock)
        self.clock = now
        self.out.put((step, reason, None))

    def end(self, reason: FinishReason | None, error: BaseException | None = None) -> None:
        """No more tokens."""
        self.finished = True
        self.out.put((None, reason, error))


class LocalGeneration(Generation):
    """The page's side: iterate for steps. Dropping the last reference cancels, like `close()`."""

    def __init__(self, request: Request, prompt_tokens: int, position: Callable[[Request], int],
                 cancel: Callable[[Request], None]) -> None:
        self.prompt_tokens = prompt_tokens
        self.finish_reason = None
        self._request, self._position = request, position
        self._cancel = weakref.finalize(self, cancel, request)
        self._cancel.atexit = False

    @property
    def queue_position(self) -> int:
        return self._position(self._request)

    @property
    def prompt_share(self) -> float:
        return min(self._request.read / self.prompt_tokens, 1.0)

    def close(self) -> None:
        if self.finish_reason is None:
            self.finish_reason = "cancelled"
            self._cancel()

    def __next__(self) -> Step:
        if self.finish_reason is not None:
            raise StopIteration
        step, reason, error = self._request.out.get()
        if self.finish_reason is None:  # else closed by another thread while we waited
            self.finish_reason = reason
        if error is not None:
            self.finish_reason = self.finish_reason or "cancelled"
            raise error
        if step is None:
            raise StopIteration
        return step
