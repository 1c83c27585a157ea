"""The training process, seen from the app: started, asked, listened to, ended. Knows nothing of queues."""

import os
import subprocess
import sys
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from lib.training.events import Stage
from lib.training.recipe import Recipe, Tuning

ROOT = Path(__file__).resolve().parents[2]
Message = tuple[str, Any]  # ("ready", None), ("event", Event), ("over", a sentence or "")


@dataclass(frozen=True)
class Task:
    """One stage of one run. `asked`: a Recipe for "pretrain", a Tuning for the others."""

    stage: Stage
    asked: Recipe | Tuning
    folder: Path


class Worker:
    """One life of the process: `python -m lib.training.process`. It imports torch by itself, so start it early."""

    def __init__(self) -> None:
        """Raises OSError where no process can be started."""
        self._pipe, self.process = _start()
        self.ready = False  # whether it has imported what it needs

    def ask(self, what: Task | None) -> bool:
        """Begin a task, or (None) stop the one under way after its step. False if the process is gone."""
        try:
            self._pipe.send(what)
        except OSError:
            return False
        return True

    def hear(self, seconds: float) -> list[Message] | None:
        """What it has said, waiting so long for a first word; None if it is gone and has nothing more to say."""
        said: list[Message] = []
        try:
            while self._pipe.poll(0 if said else seconds) and len(said) < 1000:
                said.append(self._pipe.recv())
                self.ready = True
        except Exception:  # the end, or half a message of a process that was killed
            return said or None
        return said

    def end(self) -> None:
        """At once."""
        self._pipe.close()  # which it notices
        self.process.kill()
        self.process.wait()


def _start() -> "tuple[Connection, subprocess.Popen[bytes]]":
    """A process with one end of a pipe, which it inherits; on Windows that takes an inheritable handle."""
    ours, theirs = Pipe(duplex=True)
    handle = theirs.fileno()
    options: dict[str, Any] = {"pass_fds": (handle,)}
    if sys.platform == "win32":
        os.set_handle_inheritable(handle, True)
        options = {"close_fds": False}
    environment = {
        "OMP_WAIT_POLICY": "PASSIVE",  # threads that spin while they wait would take the time of a chat beside them
        "MALLOC_ARENA_MAX": "2",
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")])),
    }
    command = [sys.executable, "-m", "lib.training.process", str(handle)]
    try:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, env=environment, **options)
    except OSError:
        ours.close()
        raise
    finally:
        theirs.close()
    return ours, process
