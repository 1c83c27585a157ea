"""How fast the tokenizers page answers to a megabyte pasted (Ctrl+V) into it, in a real Chromium.

From the key press to the first frame with the new counts of all four tokenizers: Chromium's own layout of the text,
the way to the server, counting all of it, and drawing the first chips. A short text, pasted the same way, beside it.
"""

from typing import Any

from benchmarks.chromium import ROOT, WATCH, browser, serve, settled
from benchmarks.report import Report

SENTENCE = "The quick brown fox jumps over the lazy dog, and 12 cats watch."
TEXTS = {
    "short": SENTENCE,
    "1 MB of lines": f"{SENTENCE}\n" * (1_000_000 // (len(SENTENCE) + 1)),
    "1 MB in one line": f"{SENTENCE} " * (1_000_000 // (len(SENTENCE) + 1)),
    "1 MB of Chinese": "人人生而自由，在尊严和权利上一律平等。" * (1_000_000 // 57),
}
TIMES = 4


def paste_text(page: Any, text: str) -> float:
    """Milliseconds from Ctrl+V over whatever stands in the text area to the repainted rows."""
    area = page.locator("textarea#text")
    area.focus()
    page.keyboard.press("Control+a")
    page.evaluate("text => navigator.clipboard.writeText(text)", text)
    page.evaluate(WATCH, [".rows", "keydown"])
    page.keyboard.press("Control+v")
    page.wait_for_function("window.samples.length > 0", timeout=60_000)
    sample: float = page.evaluate("window.samples[0]")
    settled(page)
    page.wait_for_timeout(500)
    return sample


def run() -> Report:
    """All texts in turn, several times, each a character longer than before, so that every paste is a new text."""
    report = Report("paste")
    samples: dict[str, list[float]] = {name: [] for name in TEXTS}
    with browser() as chromium, serve(ROOT / "Home.py") as (url, _):
        context = chromium.new_context(viewport={"width": 1280, "height": 1000})
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = context.new_page()
        page.goto(f"{url}/Tokenizers")
        page.locator(".chip").first.wait_for(timeout=120_000)
        settled(page)
        for step in range(TIMES):
            for name, text in TEXTS.items():
                samples[name].append(paste_text(page, text + "." * step))
    for name, taken in samples.items():
        report.add(f"paste {name} to its counts on screen, 4 tokenizers, ms", taken[1:])
    short, *long = report.figures.values()
    for name, value in zip(list(TEXTS)[1:], long, strict=True):
        report.ratios[f"{name} / short"] = value / short
    return report
