"""The training process, seen from the app: started, asked, listened to, ended. Knows nothing of queues."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib.piped_process import start
from lib.training.events import Stage
from lib.training.recipe import Recipe, Tuning

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
        self._pipe, self.process = start(
            "lib.training.process",
            OMP_WAIT_POLICY="PASSIVE",  # threads that spin while they wait would take the time of a chat beside them
            MALLOC_ARENA_MAX="2",
        )
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
