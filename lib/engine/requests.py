"""One running request, seen from both sides: the worker's `Request` and the page's `LocalRunning`.

The worker never holds the page's side, so a page that is gone (a closed tab) lets go of its LocalRunning, and that
cancels the request. Knows nothing of models.
"""

import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Generic

import numpy as np

from lib.engine.base import FinishReason, Item, Running, Step
from lib.engine.choose import Choice
from lib.engine.sampling import Sampling


@dataclass(eq=False, kw_only=True)
class Request(Generic[Item]):
    """What the worker knows. `room`: how many tokens may be generated before the context is full."""

    ids: list[int]
    max_new_tokens: int
    room: int
    stop_ids: frozenset[int]
    read: int = 0  # prompt tokens computed
    made: int = 0  # tokens generated
    cancelled: bool = False
    finished: bool = False
    clock: float = field(default_factory=time.perf_counter)
    out: "SimpleQueue[tuple[Item | None, FinishReason | None, BaseException | None]]" = field(
        default_factory=SimpleQueue)
    final_length: int = field(init=False)  # of the text, prompt included, if nothing stops it early

    def __post_init__(self) -> None:
        self.final_length = len(self.ids) + min(self.max_new_tokens, self.room)

    @property
    def cached(self) -> int:
        """Tokens whose keys and values it may hold."""
        return self.final_length

    def lap(self) -> float:
        """Seconds since the last call; at first, since the request."""
        before, self.clock = self.clock, time.perf_counter()
        return self.clock - before

    def full(self) -> FinishReason | None:
        """Why there is no room for another token, if there is none."""
        if self.made >= self.max_new_tokens:
            return "length"
        return "context" if self.made >= self.room else None

    def give(self, item: Item, reason: FinishReason | None) -> None:
        """Hand the page the newest item; with a reason it is the last."""
        self.finished = reason is not None
        self.out.put((item, reason, None))

    def end(self, reason: FinishReason | None, error: BaseException | None = None) -> None:
        """Nothing more."""
        self.finished = True
        self.out.put((None, reason, error))


@dataclass(eq=False, kw_only=True)
class TextRequest(Request[Step]):
    """A text that is drawn token by token; `ids` grows with it. `seen`: what the repetition penalty applies to."""

    sampling: Sampling
    alternatives: int
    rng: np.random.Generator
    seen: set[int] = field(default_factory=set)

    def take(self, choice: Choice) -> None:
        """Hand the next token to the page, and finish if it is the last."""
        self.ids.append(choice.id)
        self.seen.add(choice.id)
        self.made += 1
        step = Step(choice.id, choice.logprob, choice.prob, choice.alternatives, self.lap())
        self.give(step, "stop" if choice.id in self.stop_ids else self.full())


class LocalRunning(Running[Item]):
    """The page's side: iterate for steps. Dropping the last reference cancels, like `close()`."""

    def __init__(self, request: Request[Item], position: Callable[[Request[Item]], int],
                 cancel: Callable[[Request[Item]], None]) -> None:
        self.prompt_tokens = len(request.ids)
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

    def __next__(self) -> Item:
        if self.finish_reason is not None:
            raise StopIteration
        item, reason, error = self._request.out.get()
        if self.finish_reason is None:  # else closed by another thread while we waited
            self.finish_reason = reason
        if error is not None:
            self.finish_reason = self.finish_reason or "cancelled"
            raise error
        if item is None:
            raise StopIteration
        return item
