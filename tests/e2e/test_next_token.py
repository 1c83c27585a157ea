"""The Next Token page in Chromium: the browser's arithmetic equals Python's, and what one does with the page."""

import base64
import math
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import parse_qs, quote, urlparse

import numpy as np
import pytest
from playwright.sync_api import expect

from lib.engine.sampling import entropy, ranking, softmax, stages
from lib.text_format import percent
from lib.ui.components.custom import FORMAT
from lib.ui.next_token.distribution import DRAWS, Knobs, pack
from tests.conftest import eventually, settled

ASSETS = Path(__file__).resolve().parents[2] / "lib" / "ui" / "next_token" / "assets"

COMPUTE = """
async ([code, data, cases]) => {
  const module = await import(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })));
  const { logits, u } = module.unpack(Uint8Array.from(atob(data), (c) => c.charCodeAt(0)));
  return cases.map((knobs) => {
    const shaped = module.reshape(logits, knobs);
    const p = (s) => Array.from(shaped.e.slice(0, 50), (e, i) => (i < shaped.n[s] ? e / shaped.z[s] : 0));
    const probs = [0, 1, 2, 3].map(p);
    return { n: shaped.n, probs, entropy: shaped.entropy, counts: Array.from(module.draw(shaped, u, 10000, 20)) };
  });
}
"""
CASES = [Knobs(), Knobs(t=0), Knobs(t=0.01), Knobs(t=0.35), Knobs(t=2.0), Knobs(k=1), Knobs(k=40), Knobs(k=10**6),
         Knobs(p=0.0), Knobs(p=0.5), Knobs(p=0.93), Knobs(p=1.0), Knobs(m=0.05), Knobs(m=1.0),
         Knobs(t=0.8, k=200, p=0.9, m=0.01), Knobs(t=1.7, k=3000, p=0.99, m=0.001)]  # fmt: skip


def logits_of(kind: str) -> np.ndarray:
    rng = np.random.default_rng(7)
    if kind == "one token":
        return np.array([3.5], dtype=np.float32)
    if kind == "ties":
        return rng.integers(-2, 3, 500).astype(np.float32)
    if kind == "masked":
        return np.where(rng.random(400) < 0.5, -np.inf, rng.standard_normal(400)).astype(np.float32)
    return (rng.standard_normal(int(kind)) * 3).astype(np.float32)


@pytest.mark.parametrize("kind", ["one token", "ties", "masked", "50257", "151936"])
def test_the_browser_computes_what_python_computes(page, kind) -> None:
    logits = logits_of(kind)
    data = base64.b64encode(pack(logits, [], start=Knobs(), nonce=0, seed=11)).decode()
    cases = [{"t": c.t, "k": c.k, "p": c.p, "m": c.m} for c in CASES]
    code = (ASSETS / "math.js").read_text()
    results = page.evaluate(COMPUTE, [code, data, cases])
    order, u = ranking(logits), np.random.default_rng(11).random(DRAWS)
    for case, result in zip(CASES, results, strict=True):
        expected = stages(logits, **case.sampling)
        assert result["n"] == [int(stage.kept.sum()) for stage in expected], case
        for stage, probs in zip(expected, result["probs"], strict=True):
            assert np.allclose(stage.probs[order[:50]], probs, rtol=1e-11, atol=1e-15), case
        final = expected[-1].probs[order]
        assert math.isclose(result["entropy"], entropy(final), rel_tol=1e-9, abs_tol=1e-12)
        drawn = np.searchsorted(np.cumsum(final) / final.sum(), u, side="right")
        counts = np.bincount(np.minimum(drawn, 20), minlength=21)
        assert np.abs(counts - result["counts"]).max() <= 1, case  # a number on the edge of two shares


def test_the_browser_writes_percentages_as_python_does(page) -> None:
    shares = [
        0,
        1e-12,
        1.25e-7,
        0.0000994,
        0.00009999,
        1e-4,
        0.00123,
        0.0099949,
        0.0099999,
        0.01,
        0.0123,
        0.09994,
        0.09996,
        0.1,
        0.55555,
    ]
    shares += [0.9994, 0.9996, 0.99994, 0.99996, 1, 0.1225, 1 / 32]  # the last two are halfway between two numbers
    rng = np.random.default_rng(0)
    shares += [*(10 ** -(7 * rng.random(2000))).tolist(), *(rng.integers(1, 2**14, 2000) / 2**14).tolist()]
    assert page.evaluate(FORMAT + "(shares => shares.map(percent))", shares) == [percent(share) for share in shares]


# ---- the page ----


def visit(page, app: str, **query: str) -> None:
    """Open the page on a tab without charts, which would be a third of what the browser does."""
    query.setdefault("next-token-tabs", "In short")
    page.goto(f"{app}/Next_Token?" + "&".join(f"{name}={quote(value)}" for name, value in query.items()))
    page.wait_for_selector("button.row[data-id]")
    settled(page)


def numbers(page) -> list[str]:
    return page.locator(".row[data-id] .num:not(.raw):not(.drawn)").all_text_contents()


def shares(page) -> list[float]:
    return [float(text.removesuffix("%").lstrip("<>")) / 100 for text in numbers(page)]


def ids(page) -> list[int]:
    return page.locator("button.row[data-id]").evaluate_all("rows => rows.map(row => Number(row.dataset.id))")


def ids_are(page, expected: Sequence[int] | np.ndarray) -> None:
    eventually(page, lambda: ids(page), lambda seen: seen == list(map(int, expected)))


def numbers_are(page, expected: list[str]) -> None:
    eventually(page, lambda: numbers(page), lambda seen: seen == expected)


def shares_are(page, expected: np.ndarray) -> None:
    eventually(
        page, lambda: shares(page), lambda seen: len(seen) == len(expected) and np.allclose(seen, expected, atol=6e-4)
    )


def link(page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlparse(page.url).query).items()}


def linked(page, **expected: str) -> None:
    eventually(page, lambda: link(page), lambda seen: expected.items() <= seen.items())


GROWING = """async (range) => {
  const row = range.getRootNode().querySelector("button.row[data-id]"), seen = [];
  for (let t = 2; t > -0.1; t -= 0.25) {
    range.value = t;
    range.dispatchEvent(new Event("input"));
    await new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)));
    const [bar, track] = [".now", ".track"].map((name) => row.querySelector(name).getBoundingClientRect().width);
    seen.push([parseFloat(row.querySelector(".num").textContent) / 100, bar / track]);
  }
  return seen;
}"""


def test_dragging_temperature_redraws_before_the_server_hears_of_it(page, app, embedded) -> None:
    from lib.ui.next_token.reading import read

    text = "The sea was calm and the"
    logits = read(embedded, text, ()).logits()
    order = ranking(logits)[:20]
    visit(page, app, prompt=text)
    ids_are(page, order)
    shares_are(page, softmax(logits)[order])
    before = numbers(page)
    slider = page.locator('input[type="range"][data-knob="t"]')
    first = np.array(slider.evaluate(GROWING))
    assert (np.diff(first[:, 0]) >= 0).all() and first[-1, 0] - first[0, 0] > 0.5
    assert np.allclose(first[:, 1], first[:, 0], atol=0.01)  # a bar is never shorter while its token is likelier
    slider.hover()
    page.mouse.down()
    box = slider.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + box["height"] / 2, steps=4)
    at = float(slider.input_value())
    assert 0 < at < 1
    shares_are(page, softmax(logits / at)[order])
    sharper = numbers(page)
    assert sharper != before
    assert ids(page) == list(order)  # temperature keeps the order
    assert "t" not in link(page)  # nothing was sent yet
    page.mouse.up()
    linked(page, t=f"{at:g}")
    settled(page)
    numbers_are(page, sharper)
    page.locator(".st-key-steps").get_by_role("link", name="Home").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("LLM Playground")
    page.locator(".st-key-steps").get_by_role("link", name="Next token").click()
    numbers_are(page, sharper)  # back on the page, all is as it was left


def test_a_link_restores_everything(page, app, embedded) -> None:
    from lib.engine.sampling import distribution
    from lib.ui.next_token.reading import read

    path = (260, 1165)
    kept = {"t": "0.6", "k": "30", "p": "0.9", "minp": "0.02", "n": "12", "path": "260,1165"}
    visit(page, app, prompt="My favourite colour", **kept)
    reading = read(embedded, "My favourite colour", path)
    logits = reading.logits()
    final = distribution(logits, temperature=0.6, top_k=30, top_p=0.9, min_p=0.02)
    top = ranking(logits)[:12]
    ids_are(page, top)
    shares_are(page, final.probs[top])
    expect(page.locator(".row.dropped[data-id]")).to_have_count(int((~final.kept[top]).sum()))
    expect(page.locator(".strip .taken .text")).to_have_text([reading.label(token_id) for token_id in path])
    linked(page, **kept)


def test_clicking_a_token_writes_on_and_undo_takes_it_back(page, app, embedded) -> None:
    from lib.ui.next_token.reading import read

    def likeliest(*path: int) -> list[int]:
        return ranking(read(embedded, text, path).logits())[:20].tolist()

    text = "The recipe needs two"
    visit(page, app, prompt=text)
    first = likeliest()
    ids_are(page, first)
    page.locator("button.row[data-id]").first.click()
    linked(page, path=str(first[0]))
    second = likeliest(first[0])
    ids_are(page, second)
    expect(page.locator(".strip .taken")).to_have_count(1)
    settled(page)
    page.locator("button.row[data-id]").nth(1).click()
    linked(page, path=f"{first[0]},{second[1]}")
    ids_are(page, likeliest(first[0], second[1]))
    expect(page.locator(".strip .taken")).to_have_count(2)
    settled(page)
    page.locator(".st-key-path-undo button:visible").first.click()
    linked(page, path=str(first[0]))
    ids_are(page, second)
    expect(page.locator(".strip .taken")).to_have_count(1)


def test_a_click_that_brings_new_typing_along_adds_nothing(page, app) -> None:
    visit(page, app, prompt="Once upon a time")
    page.get_by_label("Prompt", exact=True).first.focus()
    page.keyboard.press("Control+End")
    page.keyboard.type(", a red fox")
    page.locator("button.row[data-id]").first.click()
    expect(page.get_by_text("The text has changed, and with it the chart").first).to_be_visible()
    expect(page.locator(".strip .text", has_text="fox")).to_have_count(1)
    settled(page)
    expect(page.locator(".strip .taken")).to_have_count(0)


def test_a_place_of_the_text_can_be_looked_at(page, app, embedded) -> None:
    from lib.ui.next_token.reading import read

    text = "Paris is the capital of France"
    reading = read(embedded, text, ())
    expected = ranking(reading.logits(3))[:20]
    visit(page, app, prompt=text)
    page.locator(".strip button[data-place='0']").click(
        force=True
    )  # nothing stands before it, so nothing comes of that
    page.locator(".strip button[data-place='3']").click()
    expect(page.locator(".st-key-text-note")).to_contain_text("position 4")
    ids_are(page, expected)
    expect(page.locator("button.row .label b", has_text="real")).to_have_count(int(reading.ids[3] in expected))
    expect(page.locator(".strip .selected .text")).to_have_text([reading.label(reading.ids[3])])


def test_a_typed_number_out_of_range_is_explained_and_not_taken(page, app) -> None:
    visit(page, app, prompt="Out of range")
    before = eventually(page, lambda: numbers(page), lambda seen: len(seen) == 20 and all(seen))
    field = page.locator('input[type="number"][data-knob="p"]')
    field.fill("2")
    field.press("Enter")
    expect(page.locator(".hint.bad")).to_have_text("Top-p is a probability: between 0 and 1.")
    assert numbers(page) == before
    field.fill("0")
    field.press("Enter")
    linked(page, p="0")
    eventually(page, lambda: numbers(page)[:2], lambda seen: seen == ["100%", "0%"])
    field = page.locator('input[type="number"][data-knob="k"]')
    field.fill("99999999")
    field.press("Enter")
    expect(field).to_have_value("49152")


def counted(page) -> list[int]:
    texts = page.locator("button.row .num.drawn").all_text_contents()
    return [int(text.replace(",", "").rstrip("×")) if text.endswith("×") else 0 for text in texts]


def test_draws_follow_the_seed_and_every_view_opens(page, app, embedded) -> None:
    from lib.ui.next_token.reading import read

    visit(page, app, prompt="A roll of the", k="15")
    page.locator("button[data-draws='10000']").click()
    eventually(page, lambda: sum(counted(page)), lambda drawn: drawn == 10_000)
    settled(page)  # a box that is drawn anew under one's fingers forgets what was typed
    seed = page.get_by_label("Seed of the draws")
    seed.fill("5")
    seed.press("Tab")
    linked(page, seed="5")
    logits = read(embedded, "A roll of the", ()).logits()
    probs = stages(logits, top_k=15)[-1].probs[ranking(logits)]
    drawn = np.searchsorted(np.cumsum(probs), np.random.default_rng(5).random(DRAWS), side="right")
    expected = np.bincount(drawn, minlength=20)[:20].tolist()
    eventually(page, lambda: counted(page), lambda seen: seen == expected)
    page.locator("button[data-scale='logit']").click()
    eventually(page, lambda: numbers(page)[0], lambda seen: seen and "%" not in seen)
    page.locator("button[data-scale='log']").click()
    eventually(page, lambda: numbers(page)[0], lambda seen: "%" in seen)
    page.locator("button[data-view='steps']").click()
    expect(page.locator(".columns .cell.chosen")).to_have_count(1)
    linked(page, draws="10000")


def test_token_text_is_never_markup(page, app) -> None:
    visit(page, app, prompt="<b>bold</b> <img src=x onerror=alert(1)>")
    eventually(
        page,
        lambda: "".join(page.locator(".strip .text").all_text_contents()),
        lambda seen: "<" in seen and "onerror" in seen,
    )
    expect(page.locator(".strip img, .strip b")).to_have_count(0)
