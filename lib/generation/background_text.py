"""A text while it is being written, as a page keeps it: it survives a rerun of the page, a Stop and an error.

The engine computes the requests of all pages, and a running request keeps its own items: nothing here waits for them.
Knows nothing of Streamlit: what it needs of the session is the `alive` callable.
"""

import threading
import time
from collections.abc import Callable
from typing import Any, ClassVar, Literal

from lib.engine import Running, Step
from lib.errors import PlaygroundError
from lib.generation.waiting import waiting_for

_LOOK = 0.5  # seconds between two looks for closed tabs
State = Literal["waiting", "running", "done", "stopped", "failed"]


class BackgroundText:
    """Begins at once. Read its attributes from any thread."""

    active: ClassVar[set["BackgroundText"]] = set()  # of all sessions
    _mutex: ClassVar[threading.Lock] = threading.Lock()
    _watcher: ClassVar[threading.Thread | None] = None

    def __init__(
        self, ask: Callable[[], Running[Any]], *, alive: Callable[[], bool] = lambda: True, slow: bool = False
    ) -> None:
        """`slow`: asking itself takes a while, and is done by a thread."""
        self._alive = alive
        self._running: Running[Any] | None = None
        self._problem = ""  # why it could not begin
        self._stopped = False
        self._thread = threading.Thread(target=self._begin, args=(ask,), daemon=True, name="asking") if slow else None
        if self._thread:
            self._thread.start()
        else:
            self._begin(ask)

    def _begin(self, ask: Callable[[], Running[Any]]) -> None:
        try:
            self._running = ask()
        except PlaygroundError as error:
            self._problem = str(error)
        except Exception as error:
            self._problem = _sentence(error)
        else:
            if self._stopped:  # while we asked
                self._running.close()
            self._watch_for_closed_tabs()

    @property
    def error(self) -> str:
        """What went wrong, as a sentence; "" if nothing did."""
        error = self._running.error if self._running else None
        if error is None:
            return self._problem
        return str(error) if isinstance(error, PlaygroundError) else _sentence(error)

    @property
    def reason(self) -> str:
        """The engine's finish reason, once there is one."""
        return (self._running.finish_reason if self._running else None) or ""

    @property
    def state(self) -> State:
        """How far it is."""
        if self.error:
            return "failed"
        if self.reason:
            return "stopped" if self._stopped or self.reason == "cancelled" else "done"
        if self._stopped:
            return "stopped"
        return "running" if self._made else "waiting"

    @property
    def running(self) -> bool:
        """Whether more may come."""
        return self.state in {"waiting", "running"}

    @property
    def _made(self) -> list[Any]:
        """What the engine gave: a Step for every token."""
        return self._running.items if self._running else []

    @property
    def steps(self) -> list[Step]:
        """The text so far."""
        return self._made

    @property
    def rate(self) -> float | None:
        """Tokens per second after the first, which waits for the queue and the prompt too; None before the second."""
        later = self._made[1:]
        seconds = sum(step.seconds for step in later)
        return len(later) / seconds if later and seconds > 0 else None

    @property
    def queue_position(self) -> int:
        """Place in the engine's queue, 0 if it is not waiting."""
        return self._running.queue_position if self._running else 0

    @property
    def waiting(self) -> str:
        """What it waits for before its first token, in a sentence."""
        return waiting_for(self._running) if self.running else ""

    def stop(self) -> None:
        """End the work; what is there stays."""
        if self.running:
            self._stopped = True
            if self._running:
                self._running.close()

    def join(self, timeout: float | None = None) -> None:
        """Wait for the end (tests)."""
        if self._thread:
            self._thread.join(timeout)
        if self._running:
            self._running.wait(timeout)

    def _watch_for_closed_tabs(self) -> None:
        with BackgroundText._mutex:
            BackgroundText.active.add(self)
            if BackgroundText._watcher is None:
                BackgroundText._watcher = threading.Thread(target=_watch, daemon=True, name="writing-watcher")
                BackgroundText._watcher.start()


def _sentence(error: BaseException) -> str:
    return f"The model stopped with an error: {type(error).__name__}: {error}"


def _watch() -> None:
    """End the texts of closed tabs: nobody would look at them, and others wait for their slots."""
    while True:
        time.sleep(_LOOK)
        with BackgroundText._mutex:
            BackgroundText.active = {text for text in BackgroundText.active if text.running}
            texts = list(BackgroundText.active)
            if not texts:
                BackgroundText._watcher = None
                return
        for text in texts:
            if not text._alive():
                text.stop()
