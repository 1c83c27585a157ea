"""The browser of these tests. It ends with them: as long as Playwright runs, their thread has an event loop."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.conftest import PATIENCE, without_animations

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

TOO_LATE = ["TimeoutError", 'Expect "to_', "still on the page"]  # what is said of what did not come in time


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A browser test that waited in vain is tried once more: three of them, a server and a browser share two cores.

    A plain assertion is never tried again. What the first try met is printed at the end: it may be a real fault.
    """
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.flaky(reruns=1, only_rerun=TOO_LATE))


def leaves(url: str) -> bool:
    """Whether an address is on another host: nothing that the app shows may ask one, in any of these tests."""
    parts = urlsplit(url)
    return parts.scheme in ("http", "https", "ws", "wss") and parts.hostname not in ("127.0.0.1", "localhost")


@pytest.fixture(scope="package")
def chromium() -> Iterator[Any]:
    """Debian's Chromium under Playwright, whose `expect` waits as long as everything else here."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE)
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not path:
        pytest.fail("Chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def browsing(chromium: Any) -> Iterator[Callable[..., Any]]:
    """browsing(**options) -> a browser profile of its own (a Playwright context), closed with the test, which fails if
    anything in it asked another host."""
    contexts: list[Any] = []
    elsewhere: list[str] = []

    def make(**options: Any) -> Any:
        context = without_animations(chromium.new_context(**options))
        context.set_default_timeout(PATIENCE)
        context.on("request", lambda request: elsewhere.append(request.url) if leaves(request.url) else None)
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()
    assert not elsewhere, "the browser asked another host"


@pytest.fixture
def page(browsing: Callable[..., Any]) -> Any:
    """A fresh browser tab, 1280 x 900."""
    return browsing(viewport={"width": 1280, "height": 900}).new_page()
