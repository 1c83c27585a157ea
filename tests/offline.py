"""Run inside a network namespace of its own: starts the app with no network at all and walks through every page.

`unshare -rn python -m tests.offline` prints one JSON object: page -> {"title", "errors", "exceptions"}, and under
"hub" what the shelf says when a model is asked for.
"""

import fcntl
import json
import os
import shutil
import socket
import struct
import subprocess
import time
import urllib.request
from pathlib import Path

from tests.conftest import PATIENCE, app_command, settled, without_animations
from tests.e2e.conftest import CHROMIUM_FLAGS, leaves

ROOT = Path(__file__).resolve().parents[1]
PORT = 8501
ENDS = {
    "": "[role=tab] >> text=Models on this machine",
    "Class": ".st-key-class-open",
    "Glossary": ".st-key-glossary-words h2",
}  # of a page


def raise_loopback() -> None:
    """A fresh namespace has its loopback down; everything else stays absent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock.fileno(), 0x8914, struct.pack("16sh", b"lo", 0x1 | 0x40))  # SIOCSIFFLAGS: up, running


def start() -> subprocess.Popen[bytes]:
    """The app, when it answers."""
    command = app_command(PORT)
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "HF_HUB_OFFLINE": "0"}, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{PORT}/_stcore/health", timeout=2).read()
            return process
        except OSError:
            time.sleep(0.2)
    process.terminate()
    raise TimeoutError("the app did not start")


def walk() -> dict[str, object]:
    """Every page, settled; then a hub model from the shelf."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE)
    found: dict[str, object] = {}
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        page = without_animations(browser.new_context()).new_page()
        page.set_default_timeout(PATIENCE)
        elsewhere: list[str] = []
        page.on("request", lambda asked: elsewhere.append(asked.url) if leaves(asked.url) else None)
        for name in ["", *sorted(path.stem.split("_", 1)[1] for path in (ROOT / "pages").glob("*.py"))]:
            page.goto(f"http://127.0.0.1:{PORT}/{name}")
            end = ENDS.get(name, "[role=tab] >> text=In short")
            page.locator(end).last.wait_for()
            settled(page)
            found[name or "Home"] = {
                "title": page.locator("h1").first.inner_text(),
                "errors": page.locator('[data-testid="stAlertContentError"]').all_inner_texts(),
                "exceptions": page.locator('[data-testid="stException"]').all_inner_texts(),
            }
        page.goto(f"http://127.0.0.1:{PORT}/")
        page.locator(".river .token.next").first.wait_for()
        settled(page)
        page.get_by_role("tab", name="Models on this machine").click()
        page.locator(".st-key-get-gpt2-medium button").click()
        alert = page.locator('.st-key-shelf-gpt2-medium [data-testid="stAlertContentError"]')
        alert.wait_for()
        found["hub"] = alert.inner_text()
        found["elsewhere"] = elsewhere  # what the browser asked of other hosts
        browser.close()
    return found


if __name__ == "__main__":
    raise_loopback()
    app = start()
    try:
        print(json.dumps(walk()))
    finally:
        app.terminate()
        app.wait(timeout=30)
