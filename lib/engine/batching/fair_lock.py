"""A lock that is handed over in the order of asking, so that a busy batch never starves a page that wants one number.

Knows nothing of models.
"""

from collections import deque
from threading import Lock, get_ident
from types import TracebackType


class FairLock:
    """First come, first served; the owner may take it again. Use it as a context manager."""

    def __init__(self) -> None:
        self._mutex = Lock()
        self._waiting: deque[tuple[int, Lock]] = deque()
        self._owner: int | None = None
        self._depth = 0

    @property
    def waiting(self) -> int:
        """How many threads wait for it."""
        return len(self._waiting)

    def __enter__(self) -> "FairLock":
        me, gate = get_ident(), Lock()
        with self._mutex:
            if self._owner == me:
                self._depth += 1
                return self
            if self._owner is None:
                self._owner, self._depth = me, 1
                return self
            gate.acquire()
            self._waiting.append((me, gate))
        try:
            gate.acquire()  # opened by the one before us, who has made us the owner
        except BaseException:
            self._give_up(me, gate)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._mutex:
            self._depth -= 1
            if self._depth == 0:
                self._hand_over()

    def _hand_over(self) -> None:
        if not self._waiting:
            self._owner = None
            return
        self._owner, gate = self._waiting.popleft()
        self._depth = 1
        gate.release()

    def _give_up(self, me: int, gate: Lock) -> None:
        with self._mutex:
            if (me, gate) in self._waiting:
                self._waiting.remove((me, gate))
            elif self._owner == me:
                self._hand_over()
