"""The teacher's key of a public host (PLAYGROUND_TEACHER_KEY), and how often one may try to guess it."""

import hmac
import threading
import time
from collections import deque

from lib.classroom.border import ClassroomError
from lib.settings import settings

SHORTEST = 12  # characters: shorter keys open nothing
TRIES, SECONDS = 20, 60.0  # wrong keys of all visitors together in that time: 12 letters of 36 last 10^11 years
_LONGEST = 200
_PAUSE = 0.3  # seconds that a wrong key takes


class Lock:
    """Compares keys, and counts wrong ones for the whole server: a visitor may open as many tabs as they like."""

    def __init__(self) -> None:
        self._wrong: deque[float] = deque()
        self._mutex = threading.Lock()

    def check(self, typed: str) -> None:
        """Returns if the key is right. Raises ClassroomError with the reason if it is not, or cannot be tried now."""
        key = settings().teacher_key
        if len(key) < SHORTEST:
            raise ClassroomError(missing())
        with self._mutex:
            now = time.monotonic()
            while self._wrong and now - self._wrong[0] > SECONDS:
                self._wrong.popleft()
            if len(self._wrong) >= TRIES:
                raise ClassroomError("Too many wrong keys were tried on this server. Wait a minute, then try again.")
            given = typed.strip()[:_LONGEST].encode("utf-8", "replace")
            if hmac.compare_digest(given, key.encode("utf-8", "replace")):
                return
            self._wrong.append(now)
        time.sleep(_PAUSE)
        raise ClassroomError("This is not the teacher's key.")


LOCK = Lock()


def missing() -> str:
    """Why no key opens anything here; "" where one does."""
    if not settings().teacher_key:
        return "Whoever runs this server has set no teacher's key (PLAYGROUND_TEACHER_KEY), so nobody can do this here."
    if len(settings().teacher_key) < SHORTEST:
        return f"The teacher's key of this server is shorter than {SHORTEST} characters, so it opens nothing."
    return ""
