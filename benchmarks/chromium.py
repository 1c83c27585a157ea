"""The app under `streamlit run` and a real Chromium before it: what the browser benchmarks share."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]

# Time from a pointer event (its own time stamp) to the first frame after the change that it made in `target`.
WATCH = """
([selector, event]) => {
  const find = (root) => root.querySelector(selector) ??
    [...root.querySelectorAll('*')].filter((e) => e.shadowRoot).map((e) => find(e.shadowRoot)).find(Boolean);
  const target = find(document);
  const samples = (window.samples = []);
  let started = 0;
  window.addEventListener(event, (e) => { if (!started) started = e.timeStamp; }, { capture: true });
  new MutationObserver(() => {
    if (!started) return;
    const from = started;
    started = 0;
    requestAnimationFrame(() => { // before the paint; a message posted here arrives after it
      const channel = new MessageChannel();
      channel.port1.onmessage = () => samples.push(performance.now() - from);
      channel.port2.postMessage(0);
    });
  }).observe(target, { subtree: true, childList: true, attributes: true, characterData: true });
}
"""


def _port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class Server(NamedTuple):
    """A running app: where it listens, and its process."""

    url: str
    pid: int


@contextmanager
def serve(script: Path) -> Iterator[Server]:
    """`streamlit run script` on a free port until the end, given as soon as it answers."""
    port = _port()
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.headless=true", f"--server.port={port}",
               "--server.address=127.0.0.1"]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        while process.poll() is None:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2).read()
                break
            except OSError:
                time.sleep(0.02)
        yield Server(f"http://127.0.0.1:{port}", process.pid)
    finally:
        process.terminate()
        process.wait(timeout=20)


@contextmanager
def browser() -> Iterator[Any]:
    """Chromium under Playwright."""
    from playwright.sync_api import sync_playwright

    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync"]  # fmt: skip
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=flags)
        yield chromium
        chromium.close()


def settled(page: Any) -> None:
    """Wait for the end of the current run."""
    page.wait_for_selector('[data-test-script-state="notRunning"]', state="attached", timeout=120_000)
