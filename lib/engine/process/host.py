"""The process that computes, seen from the pages: started when first needed, and again after it died.

A thread sends what is asked and another one passes on what comes, for all models and all requests: nobody else waits
unless it wants one answer. Knows nothing of models.
"""

import itertools
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any

from lib.engine.running_request import Inbox, Progress, Running
from lib.errors import PlaygroundError
from lib.piped_process import start

GONE = (
    "The process that computes the models has ended, perhaps because it ran out of memory. It starts again with "
    "your next click; what it was writing is lost."
)


class ProcessEndedError(PlaygroundError):
    """The models' process died."""

    def __init__(self) -> None:
        super().__init__(GONE)


class Link:
    """One life of the process, and everything that was asked of it and is not over."""

    def __init__(self) -> None:
        self.pipe, self.process = start(
            "lib.engine.process",
            MALLOC_ARENA_MAX="2",  # each busy spell is a new thread, and glibc would keep freed memory for each
        )
        self.alive = True
        self.inboxes: dict[int, Inbox[Any]] = {}
        self.answers: dict[int, Future[Any]] = {}
        self._numbers = itertools.count(1)
        self._out: SimpleQueue[tuple[int, str, Any] | None] = SimpleQueue()
        for target in (self._send, self._receive):
            Thread(target=target, name=f"models{target.__name__}", daemon=True).start()

    def ask(self, kind: str, payload: Any) -> Future[Any]:
        """One question, one answer. The answer raises what went wrong there."""
        call, answer = next(self._numbers), Future[Any]()
        self.answers[call] = answer
        self._post(call, kind, payload)
        return answer

    def stream(self, kind: str, payload: Any, prompt_tokens: int) -> Running[Any]:
        """A request that gives many items."""
        call, inbox = next(self._numbers), Inbox[Any](Progress())
        self.inboxes[call] = inbox
        running = Running(inbox, prompt_tokens, lambda: self._cancel(call))
        self._post(call, kind, payload)
        return running

    def _post(self, call: int, kind: str, payload: Any) -> None:
        self._out.put((call, kind, payload))
        if not self.alive:  # it may have died before we were in its books
            self._end_all()

    def _cancel(self, call: int) -> None:
        """Also called by the collector, in the middle of anything: a SimpleQueue may be put to then."""
        if self.inboxes.pop(call, None) is not None:
            self._out.put((call, "cancel", None))

    def _send(self) -> None:
        while (message := self._out.get()) is not None:
            try:
                self.pipe.send(message)
            except OSError:
                return
            except Exception as error:  # arguments that cannot be copied
                self._pass_on(message[0], "error", PlaygroundError(f"This cannot be asked of a model: {error}"))

    def _receive(self) -> None:
        try:
            while True:
                for call, kind, payload in self.pipe.recv():
                    self._pass_on(call, kind, payload)
        except (EOFError, OSError):
            self.alive = False
            self._out.put(None)
            self._end_all()
            self.process.wait()

    def _pass_on(self, call: int, kind: str, payload: Any) -> None:
        inbox = self.inboxes.get(call)
        if kind == "item" and inbox is not None:
            inbox.give(*payload)
        elif kind == "progress" and inbox is not None:
            inbox.tell(payload)
        elif kind == "end" and inbox is not None:
            inbox.end(*payload)
        elif kind in {"answer", "error"} and (answer := self.answers.pop(call, None)) is not None:
            answer.set_result(payload) if kind == "answer" else answer.set_exception(payload)
        if inbox is not None and inbox.over:
            self.inboxes.pop(call, None)

    def _end_all(self) -> None:
        for inbox in [self.inboxes.pop(call) for call in list(self.inboxes)]:
            inbox.end(None, ProcessEndedError())
        for answer in [self.answers.pop(call) for call in list(self.answers)]:
            answer.set_exception(ProcessEndedError())


class Host:
    """Always the newest life of the process."""

    def __init__(self) -> None:
        self._link: Link | None = None
        self._mutex = Lock()

    def link(self) -> Link:
        """The running process; starts it if there is none. It imports torch by itself, so start it early."""
        with self._mutex:
            if self._link is None or not self._link.alive:
                self._link = Link()
            return self._link

    @property
    def pid(self) -> int | None:
        """The process's id, if it runs."""
        link = self._link
        return link.process.pid if link is not None and link.alive else None


HOST = Host()
