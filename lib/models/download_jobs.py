"""Getting models in the background: one thread a model, shared by everybody who waits for it.

A closed browser tab does not stop a download, and thirty students who ask for one model wait for the same job.
"""

import logging
import threading
import time
from dataclasses import dataclass, field

from lib.errors import PlaygroundError
from lib.models.getting import get


@dataclass
class Job:
    """One model being got. The fields are written by the job's thread and may be read at any time."""

    model_id: str
    message: str = "Starting"
    fraction: float | None = None  # None: unknown
    error: str = ""
    ended: float = 0.0  # time.monotonic() when it finished
    cancelled: threading.Event = field(default_factory=threading.Event)
    finished: threading.Event = field(default_factory=threading.Event)


class _CancelledError(Exception):
    """Raised inside `get` by the progress callback when the job was cancelled."""


_jobs: dict[str, Job] = {}
_lock = threading.Lock()


def start(model_id: str) -> Job:
    """The running job for a model, or a new one. Returns at once."""
    with _lock:
        job = _jobs.get(model_id)
        if job is None or job.finished.is_set():
            job = _jobs[model_id] = Job(model_id)
            threading.Thread(target=_run, args=(job,), name=f"get-{model_id}", daemon=True).start()
        return job


def find(model_id: str) -> Job | None:
    """The latest job for a model, running or finished, if there was one."""
    return _jobs.get(model_id)


def running() -> list[Job]:
    """Jobs that have not finished."""
    return [job for job in list(_jobs.values()) if not job.finished.is_set()]


def forget(model_id: str) -> None:
    """Drop a finished job (its error has been read)."""
    with _lock:
        job = _jobs.get(model_id)
        if job is not None and job.finished.is_set():
            del _jobs[model_id]


def _run(job: Job) -> None:
    def progress(message: str, fraction: float | None) -> None:
        job.message, job.fraction = message, fraction
        if job.cancelled.is_set():
            raise _CancelledError

    try:
        get(job.model_id, progress=progress)
    except _CancelledError:
        job.error = "Stopped. What has arrived is kept; getting the model again goes on from there."
    except PlaygroundError as error:
        job.error = str(error)
    except Exception:  # a thread must not end without a word
        logging.getLogger(__name__).exception("getting %s", job.model_id)
        job.error = (
            f"{job.model_id} could not be got: a fault of this app, whose particulars are in the server's log. "
            "Try again; what has arrived is kept."
        )
    finally:
        job.ended = time.monotonic()
        job.finished.set()
