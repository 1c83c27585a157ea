"""How fast the Next Token page answers, in a real Chromium with the embedded model; beside it a minimal st.slider page.

Drag: from the pointer event to the repainted chart. The chart's controls redraw in the browser; what goes through the
server is timed from the key press to the repainted element. The minimal page shows a Plotly chart of the same logits
behind `st.slider`, first as it is, then with this app's handling of the garbage collection after each run.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.chromium import ROOT, WATCH, browser, serve, settled
from benchmarks.report import Report

MODEL = "smollm2-135m-instruct"
PROMPT = "Once upon a time, there was a little"
MOVES, KEYS, PROMPTS = 80, 15, 5

MINIMAL = f'''
import gc
import plotly.graph_objects as go
import streamlit as st
from lib.engine.sampling import ranking, softmax
from lib.ui import cache

@st.cache_resource
def logits():
    engine = cache.engine("{MODEL}")  # freezes the garbage that is there
    if {{unfrozen}}:
        gc.unfreeze()
    return engine.logits([token.id for token in engine.tokenizer.encode("{PROMPT}")])

temperature = st.slider("Temperature", 0.05, 2.0, 1.0, 0.05, key="t")
probs = softmax(logits(), temperature)
ids = ranking(probs)[:20]
st.plotly_chart(go.Figure(go.Bar(x=[str(i) for i in ids], y=probs[ids])))
'''


def drag(page: Any, knob: str) -> list[float]:
    """Milliseconds from each pointer event to the repainted chart while `knob` is dragged to and fro."""
    slider = page.locator(f'input[type="range"][data-knob="{knob}"]')
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    y = box["y"] + box["height"] / 2
    page.evaluate(WATCH, [".scroll", "pointermove"])
    page.mouse.move(box["x"] + box["width"] / 2, y)
    page.mouse.down()
    for step in range(MOVES):
        share = 0.15 + 0.7 * abs((step + 30) % 60 / 30 - 1)  # a triangle: every movement changes the value
        page.mouse.move(box["x"] + box["width"] * share, y)
        page.wait_for_timeout(30)
    samples: list[float] = page.evaluate("window.samples")[3:]
    page.mouse.up()
    page.wait_for_timeout(400)
    settled(page)
    return samples


def keys(page: Any, slider: Any, chart: str) -> list[float]:
    """Milliseconds from a key press on a Streamlit slider to the repainted chart."""
    samples: list[float] = []
    slider.focus()
    for step in range(KEYS):
        page.evaluate(WATCH, [chart, "keydown"])
        page.keyboard.press("ArrowRight" if step % 2 else "ArrowLeft")
        page.wait_for_function("window.samples.length > 0", timeout=20_000)
        samples.append(page.evaluate("window.samples[0]"))
        settled(page)
        page.wait_for_timeout(500)  # the garbage collection after the run must not hide in the next sample's wait
    return samples[2:]


def settle(page: Any) -> list[float]:
    """Milliseconds from a key press on the chart's slider to the page's address that the server has written."""
    slider, samples = page.locator('input[type="range"][data-knob="t"]'), []
    slider.focus()
    for step in range(KEYS):
        samples.append(
            page.evaluate(
                """(key) => new Promise((resolve) => {
          const before = location.search;
          window.addEventListener('keydown', (e) => {
            const look = () => location.search === before ? requestAnimationFrame(look)
              : resolve(performance.now() - e.timeStamp);
            look();
          }, { capture: true, once: true });
          window.ready = true;
        }).then((value) => (window.answer = value)) && 0""",
                step,
            )
        )
        page.keyboard.press("ArrowRight" if step % 2 else "ArrowLeft")
        page.wait_for_function("window.answer !== undefined", timeout=20_000)
        samples[-1] = page.evaluate("const a = window.answer; window.answer = undefined; a")
        settled(page)
        page.wait_for_timeout(300)
    return samples[2:]


def undo(page: Any) -> list[float]:
    """Milliseconds from pressing Undo or Redo, which go through the server, to the repainted chart."""
    page.locator("button.row[data-id]").first.click()
    page.locator(".strip .taken").first.wait_for()
    page.wait_for_timeout(1000)
    settled(page)
    samples = []
    for step in range(KEYS):
        page.evaluate(WATCH, [".scroll", "pointerdown"])
        page.locator(f".st-key-path-{'redo' if step % 2 else 'undo'} button:visible:enabled").first.click()
        page.wait_for_function("window.samples.length > 0", timeout=20_000)
        samples.append(page.evaluate("window.samples[0]"))
        settled(page)
        page.wait_for_timeout(500)
    return samples[2:]


def prompts(page: Any) -> list[float]:
    """Milliseconds from committing a new prompt of 200 tokens to the chart's first frame with it."""
    from lib import tokenization

    tokenizer = tokenization.load("smollm2")
    area = page.locator(".st-key-prompt textarea")
    samples = []
    for step in range(PROMPTS):
        ids = [token.id for token in tokenizer.encode(f"{step} cats" + " and the cat sat on a mat" * 40)]
        area.fill(tokenizer.decode(ids[:200]))
        page.evaluate(WATCH, [".scroll", "keydown"])
        area.press("Control+Enter")
        page.wait_for_function("window.samples.length > 0", timeout=60_000)
        samples.append(page.evaluate("window.samples[0]"))
        settled(page)
        page.wait_for_timeout(300)
    return samples[1:]


def minimal(page: Any, *, unfrozen: bool) -> list[float]:
    """The key-press times of the smallest st.slider page."""
    with TemporaryDirectory() as folder:
        script = Path(folder) / "minimal.py"
        script.write_text(MINIMAL.format(unfrozen=unfrozen), encoding="utf-8")
        with serve(script) as (url, _):
            page.goto(url)
            page.wait_for_selector(".js-plotly-plot .bars", state="attached", timeout=120_000)
            settled(page)
            return keys(page, page.get_by_role("slider"), ".js-plotly-plot .cartesianlayer")


def both(report: Report, label: str, samples: list[float]) -> tuple[float, float]:
    """Record p50 and p95, in ms."""
    report.figures[f"{label}, p50 ms"] = p50 = float(np.percentile(samples, 50))
    report.figures[f"{label}, p95 ms"] = p95 = float(np.percentile(samples, 95))
    return p50, p95


def run() -> Report:
    """The page, then the minimal app twice, in one run."""
    from lib import models

    models.get(MODEL, progress=lambda *_: None)
    report = Report("slider")
    where = f"{MODEL} float32, 49,152 tokens"
    with browser() as chromium:
        page = chromium.new_context(viewport={"width": 1280, "height": 1000}).new_page()
        with serve(ROOT / "Home.py") as (url, _):
            page.goto(f"{url}/Next_Token")
            page.wait_for_selector("input[data-knob=t]", timeout=120_000)
            settled(page)
            mine = both(report, f"drag temperature in the browser, {where}", drag(page, "t"))
            for knob, name in (("k", "top-k"), ("p", "top-p"), ("m", "min-p")):
                both(report, f"drag {name} in the browser, {where}", drag(page, knob))
            both(report, "through the server: a settled knob to the page's address", settle(page))
            both(report, "through the server: undo or redo to the repainted chart", undo(page))
            both(report, "new prompt of 200 tokens to the repainted chart", prompts(page))
        plain = both(report, "minimal st.slider page, gc as Streamlit has it", minimal(page, unfrozen=True))
        frozen = both(report, "minimal st.slider page, gc frozen", minimal(page, unfrozen=False))
    report.ratios["minimal st.slider p50 / our drag p50"] = plain[0] / mine[0]
    report.ratios["minimal st.slider p50, gc as it is / frozen"] = plain[0] / frozen[0]
    return report
