"""A request as its asker sees it: what has come so far, what it waits for, and whether more may come.

`Inbox` is what the worker fills; `Running` is the asker's side. The worker never holds a Running, so one that nobody
holds any more (a closed tab) is collected, and that cancels its request. No thread waits for anything here unless
somebody iterates. Knows nothing of models.
"""

import time
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Condition
from typing import Generic, Literal, Protocol, TypeVar

FinishReason = Literal["stop", "length", "context", "cancelled"]
Item = TypeVar("Item")
Given_contra = TypeVar("Given_contra", contravariant=True)


@dataclass(frozen=True)
class Progress:
    """How far a request without a first item is."""

    place: int = 0  # 0 when it is being computed, otherwise its place in the queue (1 is next)
    seconds: float | None = None  # about how long it will stay in the queue; None where nobody can say
    read: int | None = 0  # prompt tokens computed; None where nobody says (a server elsewhere)


class Outlet(Protocol[Given_contra]):
    """Where a worker puts what it makes of one request."""

    def give(self, item: Given_contra, reason: FinishReason | None) -> None:
        """The newest item; with a reason it is the last."""

    def end(self, reason: FinishReason | None, error: BaseException | None = None) -> None:
        """Nothing more."""

    def tell(self, progress: Progress) -> None:
        """It still waits."""


class Inbox(Generic[Item]):
    """Everything that has come of one request. The first reason or error that ends it counts."""

    def __init__(self, progress: Progress | None = None) -> None:
        self.items: list[Item] = []  # grows only
        self.progress = progress or Progress()
        self.finish_reason: FinishReason | None = None
        self.error: BaseException | None = None
        self.changed = Condition()

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self.finish_reason is not None

    def give(self, item: Item, reason: FinishReason | None) -> None:
        with self.changed:
            if not self.over:
                self.items.append(item)
                self.finish_reason = reason
                self.changed.notify_all()

    def end(self, reason: FinishReason | None, error: BaseException | None = None) -> None:
        with self.changed:
            if not self.over:
                self.error, self.finish_reason = error, reason or "cancelled"
                self.changed.notify_all()

    def tell(self, progress: Progress) -> None:
        self.progress = progress


class Running(Iterator[Item]):
    """A running request. Look at it at any moment, or iterate for its items; `close()` cancels and frees its slot.

    Safe from any thread, but only one may iterate.
    """

    def __init__(self, inbox: Inbox[Item], prompt_tokens: int, cancel: Callable[[], object]) -> None:
        self.prompt_tokens = prompt_tokens
        self._inbox, self._next = inbox, 0
        self._cancel = weakref.finalize(self, cancel)
        self._cancel.atexit = False

    @property
    def items(self) -> list[Item]:
        """What has come so far."""
        return list(self._inbox.items)

    @property
    def finish_reason(self) -> FinishReason | None:
        """Why it ended; None while more may come."""
        if self._inbox.over:
            self._cancel.detach()  # it would hold on to the model
        return self._inbox.finish_reason

    @property
    def error(self) -> BaseException | None:
        """What went wrong, if something did. Iterating raises it."""
        return self._inbox.error

    @property
    def queue_position(self) -> int:
        """0 when it is being computed, otherwise its place in the queue (1 is next)."""
        return 0 if self._inbox.over else self._inbox.progress.place

    @property
    def queue_seconds(self) -> float | None:
        """About how long it will stay in the queue; None where nobody can say."""
        return self._inbox.progress.seconds

    @property
    def prompt_share(self) -> float | None:
        """How much of the prompt has been read, 0 to 1; None where nobody says (a server elsewhere)."""
        if self._inbox.items:
            return 1.0
        read = self._inbox.progress.read
        return None if read is None else min(read / max(self.prompt_tokens, 1), 1.0)

    def close(self) -> None:
        """Stop the work. Idempotent."""
        if self.finish_reason is None:
            self._inbox.end("cancelled")
            self._cancel()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the end, for tests and scripts. Whether it has come."""
        deadline = None if seconds is None else time.monotonic() + seconds
        with self._inbox.changed:
            while not self._inbox.over:
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    return False
                self._inbox.changed.wait(left)
        return True

    def __next__(self) -> Item:
        inbox = self._inbox
        with inbox.changed:
            while self._next >= len(inbox.items) and not inbox.over:
                inbox.changed.wait()
            closed = inbox.finish_reason == "cancelled" and inbox.error is None
            if self._next < len(inbox.items) and not closed:
                self._next += 1
                return inbox.items[self._next - 1]
        if inbox.error is not None and self._next >= len(inbox.items):
            raise inbox.error
        raise StopIteration
