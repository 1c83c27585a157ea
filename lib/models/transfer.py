"""Moving the files of a repository: taken up where a broken try left off, checked before they get their names.

Asks `/{repo}/resolve/{commit}/{file}` with Range where a part is already here. Every file is compared with the hash of
the listing: sha256 for large files, git's sha1 for small ones.
"""

import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from lib.models.disk import Progress, check_space
from lib.models.errors import DownloadError
from lib.models.hub import Hub, HubFile, Repository, reason
from lib.text_format import size

CHUNK = 1 << 18  # bytes read at a time; what a broken line loses at most
ATTEMPTS = 4  # that bring nothing new, before a file is given up


def download(hub: Hub, repository: Repository, folder: Path, progress: Progress) -> None:
    """Fill `folder`. What a broken earlier try left there is used: whole files are kept, parts are continued."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [file for file in repository.files if not (folder / file.name).is_file()]
    left = sum(max(file.size - _size(_part(folder, file)), 0) for file in missing)
    check_space(folder, left + 100_000_000, f"Getting {repository.hub_id}")
    done = sum(max(file.size, 0) for file in repository.files if file not in missing)
    for file in missing:
        _fetch(hub, repository, file, folder, _Meter(progress, repository, done))
        done += max(file.size, 0)


def _fetch(hub: Hub, repository: Repository, file: HubFile, folder: Path, meter: "_Meter") -> None:
    """One file, twice if it arrives damaged."""
    part = _part(folder, file)
    for _ in range(2):
        _continue(hub, repository, file, part, meter)
        if _whole(part, file, meter):
            os.replace(part, folder / file.name)
            return
        part.unlink()
    raise DownloadError(
        f"{file.name} of {repository.hub_id} arrived damaged twice (its sha256 is not the one the "
        "hub names), so it was thrown away. Try again later, or on another network."
    )


def _continue(hub: Hub, repository: Repository, file: HubFile, part: Path, meter: "_Meter") -> None:
    """Append to `part` until it has the size of the file; lost connections are taken up again."""
    import requests

    url = f"{hub.endpoint}/{quote(repository.hub_id)}/resolve/{quote(repository.commit)}/{quote(file.name)}"
    failures = 0
    part.touch()
    while True:
        before = _size(part)
        if 0 <= file.size <= before:
            return
        try:
            for size in _append(hub, url, repository.hub_id, part):
                meter.show(file, size)
            if file.size < 0 or _size(part) >= file.size:
                return
            error: Exception = EOFError("the connection ended early")
        except requests.RequestException as lost:
            error = lost
        failures = failures + 1 if _size(part) <= before else 0
        if failures >= ATTEMPTS:
            raise DownloadError(
                f"The connection to the hub was lost while {file.name} of {repository.hub_id} was "
                f"on its way ({reason(error)}). What has arrived is kept: get the model again and "
                "it goes on from there."
            )
        time.sleep(0.2 * 2**failures)


def _append(hub: Hub, url: str, hub_id: str, part: Path) -> Iterator[int]:
    """One request; yields the size of `part` after each chunk."""
    start = _size(part)
    headers = {"Range": f"bytes={start}-"} if start else {}
    headers["Accept-Encoding"] = "identity"
    with hub.get(url, hub_id, headers=headers, stream=True) as response:
        if response.status_code == 416:  # nothing after what we have
            return
        with part.open("ab" if response.status_code == 206 else "wb") as file:
            for chunk in response.iter_content(CHUNK):
                file.write(chunk)
                yield file.tell()


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
    if length != file.size >= 0:
        return False
    expected = file.sha256 or file.git_sha1
    if not expected:
        return True
    digest = hashlib.sha256() if file.sha256 else hashlib.sha1(b"blob %d\0" % length, usedforsecurity=False)
    with part.open("rb") as content:
        while chunk := content.read(32 * CHUNK):
            digest.update(chunk)
            if length > 50_000_000:
                meter.progress(f"Checking {file.name}", content.tell() / length)
    return digest.hexdigest() == expected
