"""An empty machine in a folder, a hub beside it that can be made to misbehave, and what a reader then sees."""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from unittest import mock

from lib import models
from lib.models import download_jobs
from lib.models.local import SHIPPED_FOLDER
from tests.hub import LocalHub, local_hub

HUB_ID, MODEL = "openai-community/gpt2", "gpt2"
SERVED = SHIPPED_FOLDER / "playground-base"  # a real model of 4 MB that is always here
WEIGHTS = (SERVED / "model.safetensors").read_bytes()
ENDED = threading.Event()  # handlers that hang wait for it


@dataclass
class Place:
    """The machine. `folder` holds `home`, all that may change, and things that must not."""

    folder: Path
    hub: LocalHub
    written: list[str] = field(default_factory=list)  # paths outside home that something was done to
    took: float = 0.0  # seconds until the sentence

    @property
    def home(self) -> Path:
        """PLAYGROUND_HOME."""
        return self.folder / "home"

    def press(self, seconds: float = 90.0) -> str:
        """Press Get, wait; gives back the sentence that the shelf shows, "" if the model came."""
        began = time.monotonic()
        job = download_jobs.start(MODEL)
        assert job.finished.wait(seconds), f"nothing after {seconds:.0f} s"
        download_jobs.forget(MODEL)
        assert "fault of this app" not in job.error and "Traceback" not in job.error, job.error
        self.took = time.monotonic() - began
        return job.error

    def heal(self) -> None:
        """The hub is as it should be, Get is pressed again, and the whole model is here, with no part left over."""
        os.environ.update(HF_ENDPOINT=self.hub.url, HF_TOKEN="")
        self.hub.listing, self.hub.answer = lambda listing: listing, lambda *_: False
        self.hub.status, self.hub.pause, self.hub.cuts, self.hub.damage = 0, 0.0, 0, set()
        error = self.press()
        assert not error, f"not healed: {error}"
        found = models.where(MODEL)
        assert found is not None and (found.folder / "model.safetensors").read_bytes() == WEIGHTS
        assert [path.name for path in (self.home / "models").iterdir()] == [MODEL], "something was left behind"


@contextmanager
def place(folder: Path, **environment: str) -> Iterator[Place]:
    """A machine without models and its hub. At the end, whatever was written outside its home is an AssertionError."""
    for name in ("x", "keep/models/gpt2", "models"):  # where hostile names lead
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / "file").write_text("not yours", encoding="utf-8")
    outside = snapshot(folder)
    plain = {"HF_HUB_OFFLINE": "0", "HF_TOKEN": "", "PLAYGROUND_MODELS": "", "HF_HUB_CACHE": str(folder / "hf")}
    with local_hub({HUB_ID: SERVED}) as hub:
        here = Place(folder, hub)
        plain |= {"HF_ENDPOINT": hub.url, "PLAYGROUND_HOME": str(here.home)}
        with mock.patch.dict(os.environ, plain | environment), watched(here):
            yield here
    assert snapshot(folder) == outside, "something outside PLAYGROUND_HOME has changed"
    assert not here.written, f"written outside PLAYGROUND_HOME: {here.written}"


def snapshot(folder: Path) -> dict[str, bytes]:
    """Everything in a folder but its `home`."""
    paths = [path for path in folder.rglob("*") if path.relative_to(folder).parts[0] != "home"]
    return {str(path): path.read_bytes() if path.is_file() else b"" for path in sorted(paths)}


_CHANGES = {"os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.symlink", "os.link", "os.truncate", "os.chmod"}
_watching: list[Place] = []


@contextmanager
def watched(here: Place) -> Iterator[None]:
    """Python tells of every file that is opened for writing, made, renamed and removed, wherever it is."""
    if not _hooked:
        sys.addaudithook(_audit)  # for good: Python has no way to take one away
        _hooked.append(True)
    _watching.append(here)
    try:
        yield
    finally:
        _watching.remove(here)


_hooked: list[bool] = []


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watching or (event != "open" and event not in _CHANGES):
        return
    if event == "open" and (not isinstance(arguments[2], int) or not arguments[2] & (os.O_WRONLY | os.O_RDWR)):
        return
    path = os.fsdecode(arguments[0]) if isinstance(arguments[0], str | bytes | os.PathLike) else ""
    home = str(_watching[-1].home)
    if event in {"os.remove", "os.rmdir"} and arguments[1] != -1:  # how shutil.rmtree works: a name in an open folder
        path = os.path.join(os.readlink(f"/proc/self/fd/{arguments[1]}"), path)
    if path and path != "/dev/null" and ".pyc" not in path and "__pycache__" not in path:
        full = os.path.abspath(path)
        if full != home and not full.startswith(home + os.sep) and full != os.path.dirname(home):
            _watching[-1].written.append(f"{event} {path}")


def reply(handler: BaseHTTPRequestHandler, status: int, content: bytes = b"", **headers: str) -> bool:
    """Answer a request; for `LocalHub.answer`."""
    handler.send_response(status)
    for name, value in {"Content-Length": str(len(content)), **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    if handler.command != "HEAD":
        handler.wfile.write(content)
    return True


def always(status: int, content: bytes = b"", **headers: str) -> Callable[[BaseHTTPRequestHandler, str], bool]:
    """Every request gets this answer."""
    return lambda handler, _: reply(handler, status, content, **headers)


def files_only(answer: Callable[[BaseHTTPRequestHandler, str], bool]) -> Callable[[BaseHTTPRequestHandler, str], bool]:
    """The list of files is as it should be; the weights are not."""
    return lambda handler, path: path.endswith("model.safetensors") and answer(handler, path)


def half_of_the_weights(handler: BaseHTTPRequestHandler) -> bool:
    """The line is cut in the middle of the weights."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(WEIGHTS)))
    handler.end_headers()
    handler.wfile.write(WEIGHTS[: len(WEIGHTS) // 2])
    handler.close_connection = True
    return True


def hang(handler: BaseHTTPRequestHandler, _: str) -> bool:
    """Never answer."""
    handler.close_connection = True
    return ENDED.wait(60) or True
