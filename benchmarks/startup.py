"""From process start to the first page, the first chart and the first chat token, in a real browser; and the memory.

Every sample is a fresh `streamlit run` with Chromium already open. "warm": the files of libraries and weights are in
the system's cache, as after any earlier start. "cold": they have been put out of it (posix_fadvise), as after a reboot.
Memory is the resident size of the pages' and the models' process together (VmRSS). The embedded model has to be here:
it is got before.
"""

import os
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.chromium import ROOT, Server, browser, serve
from benchmarks.classroom.processes import megabytes
from benchmarks.report import Report
from lib import models

HOME = ROOT / "Home.py"
SAMPLES = {"cold": 2, "warm": 3}
MODEL = "SmolLM2-135M-Instruct"
WAIT = 180_000  # ms


def run() -> Report:
    """Cold first, then warm; medians."""
    folder = models.get(models.EMBEDDED, progress=lambda *_: None).folder
    report = Report("startup")
    with browser() as chromium:
        with serve(HOME) as warm_up:  # pays for byte code and the browser's own first start
            _home(chromium, warm_up, time.monotonic())
        for state, count in SAMPLES.items():
            samples: dict[str, list[float]] = {}
            for _ in range(count):
                for visit in (_home, _chat):
                    if state == "cold":
                        forget_files(folder, Path(sys.prefix))
                    start = time.monotonic()
                    with serve(HOME) as running:
                        for label, value in visit(chromium, running, start).items():
                            samples.setdefault(label, []).append(value)
            for label, values in samples.items():
                report.add(f"{state}: {label}", values)
    return report


def _megabytes(running: Server) -> float:
    """Resident memory now of the pages' and the models' process, MB of 10^6 bytes."""
    return megabytes(running.pid)["VmRSS"]


def _home(chromium: Any, running: Server, start: float) -> dict[str, float]:
    """Home: its first words, its tokens, its bars (the first chart)."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    figures: dict[str, float] = {}
    page.goto(running.url, timeout=WAIT)
    for label, selector in (
        ("first page, s", "h1"),
        ("first tokens, s", ".st-key-home-tokens .chip"),
        (f"first chart ({MODEL}), s", ".river .token.next"),
    ):
        page.locator(selector).first.wait_for(timeout=WAIT)
        figures[label] = time.monotonic() - start
        if label == "first page, s":
            figures["resident at the first page, MB"] = _megabytes(running)
    page.wait_for_timeout(1500)  # until the run is over and the load's own memory has been given back
    figures[f"resident after the first chart ({MODEL}), MB"] = _megabytes(running)
    context.close()
    return figures


def _chat(chromium: Any, running: Server, start: float) -> dict[str, float]:
    """The chat page as the first page of all: until the first word of the first reply, and after the reply."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(f"{running.url}/Chat", timeout=WAIT)
    box = page.get_by_test_id("stChatInputTextArea")
    box.wait_for(timeout=WAIT)
    ready = time.monotonic() - start
    box.fill("What is 2+2? Answer briefly.")
    sent = time.monotonic()
    box.press("Enter")
    page.wait_for_function(
        """() => { const all = document.querySelectorAll(".st-key-chat-messages .pg-reply");
                   return all.length > 1 && all[all.length - 1].innerText.trim().length > 0; }""",
        timeout=WAIT,
    )
    now = time.monotonic()
    page.wait_for_timeout(2500)
    figures = {
        f"chat ready ({MODEL}), s": ready,
        f"first chat token ({MODEL}), s": now - start,
        "from sending to the first chat token, s": now - sent,
        f"resident after the first reply ({MODEL}), MB": _megabytes(running),
    }
    context.close()
    return figures


def forget_files(*folders: Path) -> None:
    """Put the files below `folders` out of the system's file cache (those that no process holds)."""
    for folder in folders:
        for path, _, names in os.walk(folder):
            for name in names:
                try:
                    handle = os.open(os.path.join(path, name), os.O_RDONLY)
                except OSError:
                    continue
                os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
                os.close(handle)
