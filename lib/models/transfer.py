"""Moving the files of a repository: taken up where a broken try left off, checked before they get their names.

huggingface_hub's `http_get` moves the bytes, into our own parts: its `hf_hub_download` begins at zero after every break
(it takes a file of a new name each time) and compares no hash. Here every file is compared with the hash of the
listing: sha256 for large files, git's sha1 for small ones.
"""

import hashlib
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from lib.models.disk import Progress, check_space
from lib.models.errors import DownloadError, HubError
from lib.models.hub import Hub, HubFile, Repository
from lib.text_format import size

CHUNK = 1 << 23  # bytes read at a time when a hash is computed
ATTEMPTS = 4  # one after the other that bring next to nothing, before a file is given up
LITTLE = 50_000  # bytes that are next to nothing
ROOM = 100_000_000  # bytes that stay free on the disk


class _WrongError(Exception):
    """More bytes than the file has, or no such bytes: what is here is not the file of the listing."""


def download(hub: Hub, repository: Repository, folder: Path, progress: Progress) -> None:
    """Fill `folder`. What a broken earlier try left there is used: whole files are kept, parts are continued."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [file for file in repository.files if not (folder / file.name).is_file()]
    left = sum(max(file.size - _size(_part(folder, file)), 0) for file in missing)
    check_space(folder, left + ROOM, f"Getting {repository.hub_id}")
    done = sum(file.size for file in repository.files if file not in missing)
    for file in missing:
        _fetch(hub, repository, file, folder, _Meter(progress, repository, done))
        done += file.size


def _fetch(hub: Hub, repository: Repository, file: HubFile, folder: Path, meter: "_Meter") -> None:
    """One file, twice if it arrives damaged."""
    part = _part(folder, file)
    for _ in range(2):
        try:
            _continue(hub, repository, file, part, meter)
            whole = _whole(part, file, meter)
        except _WrongError:
            whole = False
        if whole:
            os.replace(part, folder / file.name)
            return
        part.unlink(missing_ok=True)
    raise DownloadError(
        f"{file.name} of {repository.hub_id} arrived damaged twice (its size or its sha256 is not the one that the "
        "hub names), so it was thrown away. Try again later, or on another network."
    )


def _continue(hub: Hub, repository: Repository, file: HubFile, part: Path, meter: "_Meter") -> None:
    """Append to `part` until it has the size of the file; lost connections are taken up again."""
    failures = 0
    part.touch()
    while (before := _size(part)) < file.size:
        try:
            _append(hub, repository, file, part, meter)
            continue
        except HubError as error:
            if error.code == 416:
                raise _WrongError from error
            if error.code in {401, 403, 404}:
                raise hub.sentence(error, repository.hub_id) from error
            lost = error
        failures = failures + 1 if _size(part) < before + LITTLE else 0
        if failures >= ATTEMPTS:
            raise DownloadError(
                f"The connection to the hub was lost while {file.name} of {repository.hub_id} was "
                f"on its way ({lost}). What has arrived is kept: get the model again and it goes on from there."
            )
        meter.show(file, _size(part))  # and whoever wants it stopped is heard
        time.sleep(0.2 * 2**failures)


def _append(hub: Hub, repository: Repository, file: HubFile, part: Path, meter: "_Meter") -> None:
    """One request for what is missing. Raises HubError when it ends early, _WrongError when it brings too much."""
    from huggingface_hub.file_download import http_get

    start = _size(part)

    def bar(*, initial: int, **_: Any) -> _Bar:  # from 0 again where a server does not know ranges
        return _Bar(file, initial, meter)

    try:
        with part.open("ab") as content:
            http_get(
                hub.address(repository, file),
                content,
                resume_size=start,
                headers=hub.headers(),
                expected_size=file.size,
                displayed_filename=file.name,
                tqdm_class=bar,  # type: ignore[arg-type] # it calls what makes a bar
            )
    except ValueError as error:  # a Content-Range without numbers
        raise HubError("not what a hub answers") from error
    except OSError as error:
        if error.errno is not None:  # the disk
            raise
        raise HubError("the connection ended early") from error  # http_get's word for another size


class _Bar:
    """What http_get takes for a progress bar."""

    def __init__(self, file: HubFile, on_disk: int, meter: "_Meter") -> None:
        self.file, self.on_disk, self.meter = file, on_disk, meter

    def __enter__(self) -> "_Bar":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        pass

    def update(self, count: int) -> None:
        """`count` bytes have come and are about to be written."""
        self.on_disk += count
        if self.on_disk > self.file.size:
            raise _WrongError
        self.meter.show(self.file, self.on_disk)


class _Meter:
    """Progress over all files of a repository."""

    def __init__(self, progress: Progress, repository: Repository, done: int) -> None:
        self.progress, self.repository, self.done = progress, repository, done

    def show(self, file: HubFile, on_disk: int) -> None:
        """`on_disk` bytes of `file` have come."""
        total, received = max(self.repository.size, 1), self.done + on_disk
        self.progress(
            f"Getting {self.repository.hub_id}: {size(received)} of {size(total)}", min(received / total, 1.0)
        )


def _part(folder: Path, file: HubFile) -> Path:
    return folder / f"{file.name}.incomplete"


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _whole(part: Path, file: HubFile, meter: _Meter) -> bool:
    """Is it the file that the hub listed?"""
    length = _size(part)
    if length != file.size:
        return False
    digest = hashlib.sha256() if file.sha256 else hashlib.sha1(b"blob %d\0" % length, usedforsecurity=False)
    with part.open("rb") as content:
        while chunk := content.read(CHUNK):
            digest.update(chunk)
            if length > 50_000_000:
                meter.progress(f"Checking {file.name}", content.tell() / length)
    return digest.hexdigest() == (file.sha256 or file.git_sha1)
