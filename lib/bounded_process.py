"""Code and data from outside are worked on in a process of their own, which is ended where it takes too much.

`Bounded` is the app's side, `serve` that of the process. A question is one line of JSON, and so is its answer: nothing
that comes back can be more than text and numbers. Linux holds the limits of time and of memory by itself; on macOS and
Windows only the time of the clock and the length of an answer are held.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import psutil

from lib.errors import PlaygroundError
from lib.piped_process import python_path

_START_SECONDS = 300  # a cold disk and a busy machine: imports of transformers have taken 60


class TooMuchError(PlaygroundError):
    """It took more time or memory than it may, or its answer is too long."""


class NotStartedError(PlaygroundError):
    """There is no process to ask, for reasons that are not the question's."""


@dataclass(frozen=True)
class Limits:
    """What one question may take."""

    cpu_seconds: int  # of the processor's time (Linux, macOS)
    wall_seconds: float  # of the clock's: for Windows, and for whatever sleeps
    megabytes: int  # more than the process has when it is ready (Linux)
    answer_bytes: int
    idle_seconds: float  # after this long without a question the process ends


class Bounded:
    """A process that `python -m module` starts when it is first needed, and again after it was ended."""

    def __init__(self, module: str, limits: Limits) -> None:
        self.module, self.limits = module, limits
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._fresh = True  # whether it has answered nothing yet

    def ask(self, question: Any) -> Any:
        """The answer, or what the process says against it, as a PlaygroundError. Raises TooMuchError with "time",
        "clock" (waiting included), "memory" or "output", NotStartedError."""
        line = json.dumps(question).encode() + b"\n"
        with self._lock:
            kind, value = self._exchange(line)
            if (kind, value) == ("much", "memory") and not self._fresh:
                self.end()  # it may be what earlier questions left behind: a new process is asked before that is said
                kind, value = self._exchange(line)
            self._fresh = False
        if kind == "much":
            raise TooMuchError(value)
        if kind == "error":
            raise PlaygroundError(value)
        return value

    def _exchange(self, line: bytes) -> tuple[str, Any]:
        """One line over and one back, or why none came."""
        process = self._running()
        assert process.stdin and process.stdout
        killed = threading.Event()

        def kill() -> None:
            killed.set()
            process.kill()

        timer = threading.Timer(self.limits.wall_seconds, kill)
        timer.start()
        try:
            process.stdin.write(line)
            process.stdin.flush()
            answer = process.stdout.readline(self.limits.answer_bytes + 100)
        except OSError:
            answer = b""
        except BaseException:  # half an answer must not be the next question's
            self.end()
            raise
        finally:
            timer.cancel()
        if answer.endswith(b"\n"):
            kind, value = json.loads(answer)
            return str(kind), value
        code = self.end(wait=not killed.is_set() and not answer)
        if killed.is_set():
            return "much", "clock"
        return "much", "time" if code == -24 else "memory"  # 24: SIGXCPU

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is None or self._process.poll() is not None:
            environment = {
                **os.environ,
                "OMP_NUM_THREADS": "1",
                "MALLOC_ARENA_MAX": "1",  # each would count as 64 MB
                "PYTHONPATH": python_path(),
            }
            self._fresh = True
            self._process = subprocess.Popen(
                [sys.executable, "-m", self.module, json.dumps(asdict(self.limits))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
            )
            assert self._process.stdout
            timer = threading.Timer(_START_SECONDS, self._process.kill)
            timer.start()
            ready = self._process.stdout.readline(100)
            timer.cancel()
            if ready != _READY:
                self.end()
                raise NotStartedError(
                    "The process that works on what comes from outside could not be started. Perhaps the machine is "
                    "short of memory; please try again."
                )
        return self._process

    def end(self, *, wait: bool = False) -> int:
        """End it now, or `wait` until it has ended by itself; how it ended."""
        process, self._process = self._process, None
        if process is None:
            return 0
        if not wait:
            process.kill()
        try:
            code = process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        for pipe in (process.stdin, process.stdout):
            try:
                if pipe:
                    pipe.close()
            except OSError:  # what was not written yet
                pass
        return code


_READY = b"ready\n"


def serve(handle: Callable[[Any], Any]) -> None:
    """Answer questions with `handle` until nobody asks. What it imports is not counted as its memory."""
    limits = Limits(**json.loads(sys.argv[1]))
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    idle = _Idle(limits.idle_seconds)
    _limit_memory(limits.megabytes)
    answers.write(_READY)
    answers.flush()
    for line in sys.stdin.buffer:
        idle.since = None
        _limit_time(limits.cpu_seconds)
        kind, value = _answer(handle, line)
        answer = json.dumps([kind, value]).encode() + b"\n"
        if len(answer) > limits.answer_bytes:
            answer = b'["much", "output"]\n'
        answers.write(answer)
        answers.flush()
        if (kind, value) == ("much", "memory"):
            return  # what is left after that is not to be relied on
        idle.since = time.monotonic()


def _answer(handle: Callable[[Any], Any], line: bytes) -> tuple[str, Any]:
    try:
        return "answer", handle(json.loads(line))
    except MemoryError:
        return "much", "memory"
    except PlaygroundError as error:
        return "error", str(error)
    except RecursionError:
        return "error", "It calls itself without end."
    except Exception as error:  # code from outside fails in any way it likes
        return "error", f"{type(error).__name__}: {error}"[:300]


class _Idle(threading.Thread):
    """Ends the process when nobody has asked for so long. One thread for good: each new one would take memory."""

    def __init__(self, seconds: float) -> None:
        super().__init__(daemon=True)
        self.seconds = seconds
        self.since: float | None = None  # while it works, and until it is first asked: whoever starts it asks at once
        self.start()

    def run(self) -> None:
        """Look five times in that time."""
        while self.since is None or time.monotonic() < self.since + self.seconds:
            time.sleep(self.seconds / 5)
        os._exit(0)


def _limit_memory(megabytes: int) -> None:
    if sys.platform == "linux":
        import resource

        most = psutil.Process().memory_info().vms + megabytes * 1_000_000
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit_time(seconds: int) -> None:
    if sys.platform != "win32":
        import resource

        most = resource.getrlimit(resource.RLIMIT_CPU)[1]
        resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + seconds + 1, most))
