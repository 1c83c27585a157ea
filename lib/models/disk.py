"""Room on disk, locks between processes, and folders that appear whole or not at all."""

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lib.models.errors import DownloadError, ModelError
from lib.text_format import size

Progress = Callable[[str, float | None], None]  # (what happens now, fraction done or None when unknown)


def check_space(folder: Path, needed: int, what: str) -> None:
    """Raise DownloadError if the disk that holds `folder` has less than `needed` bytes free."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise DownloadError(
            f"{what} needs {size(needed)} of disk space and only {size(free)} are free "
            "where models are kept. Free some space, or point PLAYGROUND_HOME to another disk."
        )


@contextmanager
def disk_errors(what: str) -> Iterator[None]:
    """Whatever a disk refuses, as a sentence."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DownloadError(f"The disk is full: {what} could not be kept. Free some space and try again.") from None
        if error.errno in {errno.EROFS, errno.EACCES, errno.EPERM}:
            raise ModelError(
                f"The folder for models cannot be written ({error.filename}), so {what} could not be "
                "kept. Point PLAYGROUND_HOME to a folder that can."
            ) from None
        raise ModelError(
            f"The folder for models cannot be used ({error.filename or 'the disk'}: {error.strerror or error}), so "
            f"{what} could not be kept. Point PLAYGROUND_HOME to another folder."
        ) from error


@contextmanager
def process_lock(path: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the lock file `path`. `waiting` is called again and again while another process holds it."""
    from filelock import FileLock, Timeout

    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(str(path))
    while True:
        try:
            lock.acquire(timeout=0.5)
            break
        except Timeout:
            waiting()
    try:
        yield
    finally:
        lock.release()


def move_into_place(folder: Path, final: Path) -> None:
    """Rename the finished `folder` to `final`, replacing a damaged one. Readers see the old, or the new, whole."""
    if final.exists():
        old = Path(tempfile.mkdtemp(prefix=".old-", dir=final.parent)) / "old"
        os.replace(final, old)
        os.replace(folder, final)
        shutil.rmtree(old.parent, ignore_errors=True)
    else:
        os.replace(folder, final)
