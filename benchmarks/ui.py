"""How fast the pages answer, in a real Chromium with the embedded model, all of it warm.

First paint: from the click on a page in the sidebar to the first frame with its title and its result; and until the run
is over. Controls: from the press to the first frame with the answer, where no model runs. The river: the time between
frames while its dial moves at every frame, over 40 tokens with 5 rivals each, beside that of the same page at rest.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import numpy as np

from benchmarks.chromium import ROOT, browser, serve, settled
from benchmarks.report import Report
from benchmarks.slider import MODEL, drag
from lib.ui.components.pages import COURSE, HOME, Page

ROUNDS, PRESSES, FRAMES = 5, 8, 240
LENGTH = 40  # tokens of the river
RESULT = ".st-key-result"
WAIT = 120_000  # ms

# Remembers when the next press was, and when `right` (an expression) was first true and painted: answers.first, and
# `over` likewise. Both are looked at in every frame.
TIMED = """
([right, over]) => {
  const is = { first: new Function("return " + right), over: new Function("return " + over) };
  const answers = (window.answers = {});
  const painted = (name, from) => {
    const channel = new MessageChannel(); // a message posted before the paint arrives after it
    channel.port1.onmessage = () => (answers[name] = performance.now() - from);
    channel.port2.postMessage(0);
  };
  addEventListener("pointerdown", (event) => {
    const from = event.timeStamp, left = new Set(["first", "over"]);
    const look = () => {
      if (left.has("first") && is.first()) left.delete("first"), painted("first", from);
      if (!left.has("first") && is.over()) return painted("over", from);
      requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  }, { capture: true, once: true });
}
"""
OVER = "document.querySelector('[data-test-script-state=notRunning]') && !document.querySelector('.stSkeleton')"
# The time between frames, in ms, while the dial goes to and fro by a step a frame; or while nothing happens.
FRAME_TIMES = """
([selector, frames, moving]) => new Promise((resolve) => {
  const find = (root) => root.querySelector(selector) ??
    [...root.querySelectorAll("*")].filter((one) => one.shadowRoot).map((one) => find(one.shadowRoot)).find(Boolean);
  const dial = find(document), low = Number(dial.min), high = Number(dial.max), times = [];
  const turn = (now) => {
    times.push(now);
    if (times.length > frames) return resolve(times.slice(1).map((time, n) => time - times[n]));
    if (moving) {
      const share = Math.abs(((times.length % 120) / 60) - 1);
      dial.value = low + (high - low) * share;
      dial.dispatchEvent(new Event("input", { bubbles: true }));
    }
    requestAnimationFrame(turn);
  };
  requestAnimationFrame(turn);
})
"""


def timed(page: Any, control: Any, right: str, over: str = "true") -> tuple[float, float]:
    """Press `control`: ms until `right` holds in a painted frame, and from then on `over`."""
    page.evaluate(TIMED, [right, over])
    control.click()
    page.wait_for_function("window.answers.over !== undefined", timeout=WAIT)
    return page.evaluate("[answers.first, answers.over]")  # type: ignore[no-any-return]


def there(title: str) -> str:
    """JavaScript: the page called `title` shows its result, and nothing in it is of the page before."""
    return (
        f"document.querySelector('h1')?.textContent === {title!r} && [document.querySelector('{RESULT}')].some((one) =>"
        " one?.clientHeight > 0 && !one.querySelector('[data-stale=true], .stSkeleton'))"
    )


def visits(page: Any, url: str) -> dict[str, list[tuple[float, float]]]:
    """(ms to the first paint, ms to the end of the run) of every page, several times, by the sidebar."""
    steps: Sequence[Page] = (HOME, *COURSE)
    titles: dict[str, str] = {}
    for step in steps:  # the first visit warms
        page.goto(f"{url}/{step.address}")
        page.locator(RESULT).wait_for(timeout=WAIT)
        settled(page)
        page.wait_for_timeout(1000)
        titles[step.title] = page.get_by_role("heading", level=1).inner_text()
    samples: dict[str, list[tuple[float, float]]] = {step.title: [] for step in steps}
    for _ in range(ROUNDS):
        for step in steps:
            link = page.locator(f'.st-key-steps a[href="{step.address}"]')
            samples[step.title].append(timed(page, link, there(titles[step.title]), OVER))
            page.wait_for_timeout(400)
    return samples


def presses(page: Any, url: str) -> dict[str, list[float]]:
    """Ms from the press to the answer, of controls that ask no model."""
    found: dict[str, list[float]] = {}
    page.goto(f"{url}/Next_Token")
    page.wait_for_selector("input[data-knob=t]", timeout=WAIT)
    settled(page)
    found["temperature on Next Token, in the browser"] = drag(page, "t")
    popover = page.locator(".st-key-header").get_by_test_id("stPopover").get_by_role("button").first
    body, settings = "document.querySelector('[data-testid=stPopoverBody]')?.clientHeight > 0", []
    for _ in range(PRESSES):
        settings.append(timed(page, popover, body)[0])
        page.keyboard.press("Escape")
        page.wait_for_timeout(400)
    found["the settings popover"] = settings[1:]
    for step in COURSE[:4]:
        page.goto(f"{url}/{step.address}")
        page.locator(RESULT).wait_for(timeout=WAIT)
        settled(page)
        tabs = page.locator("[data-testid=stMain]").get_by_role("tab")
        if tabs.count() > 1:
            found[f"a tab on {step.title}"] = [time for n in range(PRESSES) for time in tab(page, tabs.nth(n % 2))][2:]
    return found


def tab(page: Any, which: Any) -> list[float]:
    """Ms from pressing a tab to what it has, its run included; nothing where it is open already."""
    if which.get_attribute("aria-selected") == "true":
        return []
    name = which.get_attribute("id")
    shown = (
        f"document.getElementById({name!r})?.ariaSelected === 'true' && "
        "[...document.querySelectorAll('[role=tabpanel]')].some((one) => one.checkVisibility() && one.clientHeight > 9)"
    )
    times = timed(page, which, shown, OVER)
    page.wait_for_timeout(400)
    return [times[0]]


def river(page: Any, url: str) -> tuple[list[float], list[float], float]:
    """Ms between frames of Home: while the dial moves, and at rest; ms of the main thread's own time a moving frame.

    The last does not depend on what else the machine does: 60 frames a second leave 16.7 ms.
    """
    from lib import tokenization

    tokenizer = tokenization.load("smollm2")
    text = tokenizer.decode(
        tokenizer.ids("Once upon a time there was a cat that sat on a mat and looked. " * 9)[:LENGTH]
    )
    page.goto(f"{url}/?prompt={quote(text)}")
    page.wait_for_function(
        "(length) => [...document.querySelectorAll('*')].some((one) => one.shadowRoot?.querySelectorAll("
        "'.river .token.is-taken').length === length)",
        arg=LENGTH,
        timeout=WAIT,
    )
    settled(page)
    page.wait_for_timeout(3000)
    dial = ".river input[type=range]"
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable", {"timeDomain": "threadTicks"})

    def busy() -> float:
        found = {one["name"]: one["value"] for one in devtools.send("Performance.getMetrics")["metrics"]}
        return float(found["TaskDuration"])

    before = busy()
    moving = page.evaluate(FRAME_TIMES, [dial, FRAMES, True])
    spent = (busy() - before) / FRAMES * 1000
    return moving[5:], page.evaluate(FRAME_TIMES, [dial, FRAMES, False])[5:], spent


def run() -> Report:
    """Visits, presses, the river, in one run."""
    from lib import models

    models.get(MODEL, progress=lambda *_: None)
    report = Report("ui")
    with browser() as chromium, serve(ROOT / "Home.py") as (url, _):
        page = chromium.new_context(viewport={"width": 1280, "height": 720}).new_page()
        page.set_default_timeout(WAIT)
        for title, visited in visits(page, url).items():
            report.add(f"first paint of {title}, warm, ms", [first for first, _ in visited])
            report.add(f"end of the run of {title}, warm, ms", [over for _, over in visited])
        for name, answers in presses(page, url).items():
            report.add(f"answer of {name}, ms", answers)
        moving, still, spent = river(page, url)
        report.figures[f"river of {LENGTH} tokens, while the dial moves: main thread's time a frame, ms"] = spent
        both = {"while the dial moves": moving, "at rest": still}
        for when, times in both.items():
            report.figures[f"river of {LENGTH} tokens, {when}: a frame, p50 ms"] = float(np.percentile(times, 50))
            report.figures[f"river of {LENGTH} tokens, {when}: a frame, p95 ms"] = float(np.percentile(times, 95))
            report.figures[f"river, {when}: frames over 25 ms of 100"] = 100 * float(np.mean(np.array(times) > 25))
        report.ratios["river, a frame while the dial moves / at rest, mean"] = float(np.mean(moving) / np.mean(still))
    return report
