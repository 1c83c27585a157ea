"""A process of this app at the other end of a pipe: started on this side, and the pipe taken up on that one.

`lib.engine.process` and `lib.training.process` are such processes. Each ends when its pipe is closed.
"""

import os
import subprocess
import sys
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def start(module: str, **defaults: str) -> "tuple[Connection, subprocess.Popen[bytes]]":
    """`python -m module HANDLE`, and our end of the pipe. `defaults`: of the environment. Raises OSError.

    The process inherits its end of the pipe; on Windows that takes an inheritable handle.
    """
    ours, theirs = Pipe(duplex=True)
    handle = theirs.fileno()
    options: dict[str, Any] = {"pass_fds": (handle,)}
    if sys.platform == "win32":
        os.set_handle_inheritable(handle, True)
        options = {"close_fds": False}
    command = [sys.executable, "-m", module, str(handle)]
    environment = {**defaults, **os.environ, "PYTHONPATH": python_path()}
    try:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, env=environment, **options)
    except OSError:
        ours.close()
        raise
    finally:
        theirs.close()
    return ours, process


def inherited(handle: int) -> Any:
    """In the process: its end of the pipe, a Connection, from the HANDLE that it was started with."""
    if sys.platform == "win32":
        from multiprocessing.connection import PipeConnection

        return PipeConnection(handle)
    return Connection(handle)


def python_path() -> str:
    """Where a process finds `lib`, whatever folder the app was started in."""
    return os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
