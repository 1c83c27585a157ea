"""The process that trains: one task at a time, at a low priority. It ends with the app that started it.

`python -m lib.training.process HANDLE`, with one end of a pipe as an inherited handle. Tasks come in, events go out. A
step is computed in the main thread; another one listens, so that a stop is heard in the middle of a step.
"""

import contextlib
import errno
import os
import signal
import sys
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from threading import Event as Flag
from threading import Thread
from typing import Any

from lib.errors import PlaygroundError
from lib.models import trained
from lib.piped_process import inherited
from lib.training.events import Ended, Event
from lib.training.worker import Message, Task

THREADS = 4  # at most: models this small gain nothing from more
NICE = 10
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Server:
    """Carries out the tasks of one pipe."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._tasks: SimpleQueue[Task] = SimpleQueue()
        self._stop = Flag()

    def serve(self) -> None:
        """Until the other side is gone."""
        Thread(target=self._listen, daemon=True).start()
        self._import()
        step_back()
        self._say("ready", None)
        while True:
            task = self._tasks.get()
            self._say("over", self._carry_out(task))

    def _import(self) -> None:
        """What takes seconds, and somebody will want; the tiny world as well, unless a task is there already."""
        import torch

        from lib.training import stages

        torch.set_num_threads(min(torch.get_num_threads(), THREADS))
        if self._tasks.empty():
            stages.warm()

    def _listen(self) -> None:
        with contextlib.suppress(EOFError, OSError):
            while True:
                task = self._pipe.recv()
                if task is None:
                    self._stop.set()
                else:
                    self._stop.clear()
                    self._tasks.put(task)
        os._exit(0)  # the app has ended, or wants no more: the last resume state is the last word

    def _carry_out(self, task: Task) -> str:
        """The sentence of what went wrong; "" if nothing did. The last event is always an `Ended`."""
        last: Event | None = None
        sentence = ""
        try:
            for last in self._events(task):
                self._say("event", last)
        except Exception as error:
            sentence = in_words(error)
        if sentence or not isinstance(last, Ended):
            made = [one.name for one in trained.checkpoints(task.folder.name) if one.stage == task.stage]
            last = Ended(task.stage, "failed" if sentence else "done", sentence, made[-1] if made else "")
            self._say("event", last)
        return last.sentence if last.how == "failed" else ""

    def _events(self, task: Task) -> Iterator[Event]:
        from lib.training import stages

        made: Iterator[Event] = getattr(stages, task.stage)(task.asked, task.folder, stop=self._stop.is_set)
        return made

    def _say(self, kind: str, payload: Any) -> None:
        message: Message = (kind, payload)
        try:
            self._pipe.send(message)
        except OSError:
            os._exit(0)


def in_words(error: Exception) -> str:
    """What stopped a run, as a sentence."""
    said = str(error)
    if isinstance(error, PlaygroundError):
        return said
    if (isinstance(error, OSError) and error.errno in _FULL) or "No space left" in said or "File too large" in said:
        return "The disk is full: training has ended, and the last good checkpoint is kept. Free some space and go on."
    if isinstance(error, MemoryError) or "alloc" in said.lower():
        return "There is not enough memory for this run. Take a smaller size, batch size or context length."
    first = (said.strip().splitlines() or [""])[0][:300]
    return f"Training has ended with an error: {type(error).__name__}: {first}"


def step_back() -> None:
    """A low priority for this thread and all that it starts, once the imports are over, for which somebody waits.

    On Linux nice 10 has a tenth of the weight of the others, and a batch thread wakes nobody's up: a chat beside it
    hardly notices. With less (19, or SCHED_IDLE) a run does not get on at all while the machine is busy.
    """
    import psutil

    with contextlib.suppress(OSError, psutil.Error):
        if sys.platform == "win32":
            psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
        else:
            os.nice(NICE)
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # a container that forbids it
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
        with contextlib.suppress(OSError):  # where memory runs out, the run goes and the pages and models stay
            Path("/proc/self/oom_score_adj").write_text("900", encoding="utf-8")


def main() -> None:
    """Serve one pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the app, whose end ends this process
    Server(inherited(int(sys.argv[1]))).serve()


if __name__ == "__main__":
    main()
