"""A text while it is being written: a thread takes what the engine makes, so that a page can look at any moment.

The engine batches the requests of all pages; each of these only waits for its own. The text survives a rerun of the
page, a Stop and an error. Knows nothing of Streamlit: what it needs of the session is the `alive` callable.
"""

import threading
import time
from collections.abc import Callable
from typing import Any, ClassVar, Literal

from lib.engine import Running, Step
from lib.errors import PlaygroundError
from lib.ui.stream.waiting import waiting

_LOOK = 0.5  # seconds between two looks for closed tabs
State = Literal["waiting", "running", "done", "stopped", "failed"]


def tick() -> float:
    """Seconds between two looks: short for one reader, longer while a whole class is writing on the same machine.

    >>> tick() >= 0.07
    True
    """
    return min(1.0, 0.07 + 0.01 * len(Writing.active))


class Writing:
    """Runs at once. Read its attributes from any thread; only its own thread writes them."""

    active: ClassVar[set["Writing"]] = set()  # of all sessions
    _mutex: ClassVar[threading.Lock] = threading.Lock()
    _watcher: ClassVar[threading.Thread | None] = None

    def __init__(self, ask: Callable[[], Running[Any]], *, alive: Callable[[], bool] = lambda: True) -> None:
        self.state: State = "waiting"
        self.error = ""
        self.reason = ""  # the engine's finish reason, once there is one
        self.computing = 0.0  # seconds from the first token on
        self._made: list[Any] = []  # what the engine gave: a Step for every token
        self._generation: Running[Any] | None = None
        self._stop = threading.Event()
        self._alive = alive
        self._thread = threading.Thread(target=self._run, args=(ask,), daemon=True, name="writing")
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether more may come."""
        return self.state in {"waiting", "running"}

    @property
    def steps(self) -> list[Step]:
        """The text so far."""
        return list(self._made)

    @property
    def rate(self) -> float | None:
        """Tokens per second after the first, which waits for the queue and the prompt too; None before the second."""
        made = len(self._made)
        return (made - 1) / self.computing if made > 1 and self.computing > 0 else None

    @property
    def queue_position(self) -> int:
        """Place in the engine's queue, 0 if it is not waiting."""
        generation = self._generation
        return generation.queue_position if generation and self.running else 0

    @property
    def waiting(self) -> str:
        """What it waits for before its first token, in a sentence."""
        return waiting(self._generation) if self.running else ""

    def stop(self) -> None:
        """End the work; what is there stays."""
        self._stop.set()
        if self._generation:
            self._generation.close()

    def join(self, timeout: float | None = None) -> None:
        """Wait for the end (tests)."""
        self._thread.join(timeout)

    def _run(self, ask: Callable[[], Running[Any]]) -> None:
        with Writing._mutex:
            Writing.active.add(self)
            if Writing._watcher is None:
                Writing._watcher = threading.Thread(target=_watch, daemon=True, name="writing-watcher")
                Writing._watcher.start()
        try:
            self._work(ask)
        except PlaygroundError as error:
            self.error, self.state = str(error), "failed"
        except Exception as error:  # a thread has nobody above it: the page says what happened
            self.error = f"The model stopped with an error: {type(error).__name__}: {error}"
            self.state = "failed"
        else:
            self.state = "stopped" if self._stop.is_set() or self.reason == "cancelled" else "done"
        finally:
            self._generation = None
            with Writing._mutex:
                Writing.active.discard(self)

    def _work(self, ask: Callable[[], Running[Any]]) -> None:
        """Everything between the beginning and the end. Raises what the engine raises. Keeps no engine afterwards."""
        generation = self._generation = ask()
        if self._stop.is_set():  # while we asked
            generation.close()
        for step in generation:
            self.computing += step.seconds if self._made else 0.0
            self._made.append(step)
            self.state = "running"
            if self._ended():
                generation.close()
                break
        self.reason = generation.finish_reason or "cancelled"

    def _ended(self) -> bool:
        """Whether nobody wants more: Stop was pressed or the browser tab is gone."""
        if not self._alive():
            self._stop.set()
        return self._stop.is_set()


def _watch() -> None:
    """End the texts of closed tabs that still wait: in the queue or for their prompt, no step comes that would ask."""
    while True:
        time.sleep(_LOOK)
        with Writing._mutex:
            if not Writing.active:
                Writing._watcher = None
                return
            texts = list(Writing.active)
        for text in texts:
            if not text._alive():
                text.stop()
