"""The river in Chromium: widths are the engine's probabilities at every temperature, and every way to take a road."""

import re
import struct
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlparse

import numpy as np
import pytest
from playwright.sync_api import expect

from lib.engine import InspectableEngine
from lib.engine.sampling import ranking, softmax
from lib.ui import cache
from lib.ui.river.reading import visible
from tests.conftest import PATIENCE, eventually, settled, without_animations

TEXT = "The sun rises in the"
STREAM = 72  # px of the whole stream: assets/layout.js
DIAL = ".river input[type=range]"


@pytest.fixture(scope="module")
def engine(embedded: str) -> InspectableEngine:
    return cache.inspectable(embedded)


ROOT = """const root = [...document.querySelectorAll("*")]
  .map((one) => one.shadowRoot?.querySelector(".river")).find(Boolean);"""
ON_THE_WAY = f"() => {{ {ROOT} return root.querySelector('.window').scrollLeft > 0; }}"
TO_THE_END = (
    f"() => {{ {ROOT} const w = root.querySelector('.window'); return w.scrollWidth - w.clientWidth - w.scrollLeft; }}"
)


@pytest.fixture(scope="module")
def opened(chromium: Any, app: str) -> Any:
    """The river as it opens, for the tests that only look at it and turn the dial without letting go."""
    with closing(without_animations(chromium.new_context(viewport={"width": 1280, "height": 720}))) as context:
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        visit(page, app)
        yield page


def visit(page: Any, app: str, text: str = TEXT, **query: str) -> None:
    page.goto(app + "/?" + "&".join(f"{name}={quote(value)}" for name, value in {"prompt": text, **query}.items()))
    page.locator(".river .token.next").first.wait_for()
    settled(page)


def labels(engine: InspectableEngine, ids: list[int]) -> list[str]:
    return [visible(engine.tokenizer, token) for token in ids]


def trunk(page: Any) -> list[str]:
    return page.locator(".river .token.is-taken .label").all_text_contents()


def next_labels(page: Any) -> list[str]:
    return page.locator(".river .token.next .label").all_text_contents()


def thickness(page: Any) -> dict[str, float]:
    """Of every ribbon where it leaves the stream, by the number of its token, as a share of the stream."""
    read = "all => all.map(one => [one.dataset.node, one.getAttribute('d')])"
    paths = page.locator(".river path.link").evaluate_all(read)
    found = {}
    for node, d in paths:
        numbers = [float(number) for number in re.findall(r"-?[\d.]+", d)]
        found[node] = (numbers[-1] - numbers[1]) / STREAM
    return found


def turn(page: Any, temperature: float) -> None:
    """Drag the dial without letting go: the server hears nothing."""
    page.locator(DIAL).evaluate(
        "(dial, value) => { dial.value = value; dial.dispatchEvent(new Event('input')); }", str(temperature)
    )


def link(page: Any) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlparse(page.url).query).items()}


def test_the_river_fits_into_the_first_screen(opened) -> None:
    box = opened.locator(".river").bounding_box()
    assert box["height"] <= 430 and box["y"] + box["height"] <= 720
    write = opened.get_by_role("button", name="Write 10 more").bounding_box()
    assert write["y"] + write["height"] <= 720


def test_widths_are_the_engines_probabilities_at_every_temperature(opened, engine) -> None:
    ids = engine.tokenizer.ids(TEXT)
    shown = opened.locator(".river .token").evaluate_all("all => all.map(one => [one.dataset.node, one.textContent])")
    nodes = {number for number, _ in shown}
    for temperature in (0.2, 0.65, 1.0, 2.0):
        turn(opened, temperature)
        expect(opened.locator(".river .dial output")).to_have_text(f"{temperature:.2f}")
        exact = [softmax(engine.logits(ids, place), temperature) for place in range(len(ids))]

        def right(seen: dict[str, float], exact: list[np.ndarray] = exact) -> bool:
            assert seen.keys() <= nodes
            got = sorted(round(share, 3) for share in seen.values())
            wanted = []
            for place, probs in enumerate(exact):
                taken = ids[place + 1 : place + 2]
                rivals = [token for token in ranking(probs).tolist() if token not in taken][:5]
                wanted += [max(probs[token], 1.5 / STREAM) for token in [*taken, *rivals]]
            return len(got) == len(wanted) and np.allclose(got, sorted(wanted), atol=0.004)

        eventually(opened, lambda: thickness(opened), right)
        first = opened.locator(".river .token.next").first
        best = int(exact[-1].argmax())
        expect(first.locator(".label")).to_have_text(labels(engine, [best])[0])
        percents = [
            text for text in opened.locator(".river .token.next .percent").all_text_contents() if "<" not in text
        ]
        top = ranking(exact[-1])[: len(percents)]
        assert np.allclose([float(text.rstrip("%")) for text in percents], 100 * exact[-1][top], atol=0.51)
    assert "t" not in link(opened)  # nothing was sent: the dial was not let go
    turn(opened, 1.0)


def test_the_dial_is_kept_in_the_link_when_it_is_let_go(page, app) -> None:
    visit(page, app)
    page.locator(DIAL).focus()
    for _ in range(4):
        page.keyboard.press("ArrowLeft")
    expect(page.locator(".river .dial output")).to_have_text("0.80")
    eventually(page, lambda: link(page), lambda seen: seen.get("t") == "0.8")
    page.reload()
    expect(page.locator(".river .dial output")).to_have_text("0.80")


def greedy(engine: InspectableEngine, ids: list[int], count: int = 5) -> list[int]:
    text = list(ids)
    for _ in range(count):
        text.append(int(engine.logits(text).argmax()))
    return text[len(ids) :]


def test_hovering_shows_what_greedy_writes_on_that_road(opened, engine) -> None:
    ids = engine.tokenizer.ids(TEXT)
    for rank in (1, 3):
        road = int(ranking(engine.logits(ids))[rank])
        opened.locator(".river .token.next").nth(rank).hover()
        expect(opened.locator(".river .card .pg-token")).to_have_text(labels(engine, greedy(engine, [*ids, road])))


def test_a_road_that_nobody_read_ahead_is_read_when_it_is_hovered(page, app, engine) -> None:
    text = "One two three four five six seven eight"
    visit(page, app, text)
    ids = engine.tokenizer.ids(text)
    page.locator(".river .window").evaluate("one => one.scrollTo({left: 0, behavior: 'instant'})")
    probs = softmax(engine.logits(ids, 0))
    road = next(token for token in ranking(probs).tolist() if token != ids[1])
    item = page.locator(".river .token.is-rival[aria-level='2']").first
    expect(item.locator(".label")).to_have_text(labels(engine, [road])[0])
    item.hover()
    expect(page.locator(".river .card .pg-token")).to_have_text(labels(engine, greedy(engine, [ids[0], road])))


def test_a_click_takes_a_road_and_undo_comes_back(page, app, engine) -> None:
    visit(page, app)
    ids = engine.tokenizer.ids(TEXT)
    road = int(ranking(engine.logits(ids))[1])
    page.locator(".river .token.next").nth(1).click()
    eventually(page, lambda: trunk(page), lambda seen: seen == labels(engine, [*ids, road]))
    eventually(page, lambda: link(page), lambda seen: seen.get("path") == str(road))
    expected = labels(engine, ranking(engine.logits([*ids, road]))[:5].tolist())
    eventually(page, lambda: next_labels(page), lambda seen: seen == expected)
    expect(page.locator(".river .token.is-taken.taken .label")).to_have_text(labels(engine, [road]))
    page.get_by_role("button", name="Undo").click()
    eventually(page, lambda: trunk(page), lambda seen: seen == labels(engine, ids))
    eventually(page, lambda: link(page), lambda seen: "path" not in seen)


def test_nothing_is_asked_for_behind_a_click_which_a_busy_server_would_lose(page, app) -> None:
    sent: list[str] = []
    page.on(
        "websocket",
        lambda socket: socket.on("framesent", lambda frame: sent.extend(re.findall(r'"(ask|take)"', str(frame)))),
    )
    visit(page, app)
    page.locator(".river .token.is-rival[aria-level='2']").last.click()  # of which no preview was computed
    expect(page.get_by_role("textbox", name="Your text")).not_to_have_value(TEXT)
    assert sent[-1] == "take"


def test_a_road_that_leaves_inside_the_prompt_cuts_it_there(page, app, engine) -> None:
    visit(page, app)
    ids = engine.tokenizer.ids(TEXT)
    probs = softmax(engine.logits(ids, 3))
    road = next(token for token in ranking(probs).tolist() if token != ids[4])
    page.locator(".river .token.is-rival[aria-level='5']").first.click()
    eventually(page, lambda: trunk(page), lambda seen: seen == labels(engine, [*ids[:4], road]))
    expect(page.get_by_role("textbox", name="Your text")).to_have_value(engine.tokenizer.decode(ids[:4]))
    page.get_by_role("button", name="Undo").click()
    eventually(page, lambda: trunk(page), lambda seen: seen == labels(engine, ids))
    expect(page.get_by_role("textbox", name="Your text")).to_have_value(TEXT)


FOCUSED = """
() => {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  return at?.getAttribute('aria-label') ?? '';
}
"""


def focused(page: Any) -> str:
    name: str = page.evaluate(FOCUSED)
    return name


def test_the_keyboard_walks_the_same_tree_and_takes_the_same_roads(page, app, engine) -> None:
    visit(page, app)
    ids = engine.tokenizer.ids(TEXT)
    order = ranking(engine.logits(ids))[:5].tolist()
    assert page.locator(".river .token[tabindex='0']").count() == 1
    page.locator(".river .token[tabindex='0']").focus()
    first = labels(engine, order)[0].replace("␣", " ")
    assert focused(page).startswith(f"“{first}”, ") and focused(page).endswith("%")
    page.keyboard.press("ArrowLeft")
    assert focused(page).startswith("“ the”, ")
    page.keyboard.press("ArrowLeft")
    assert focused(page).startswith("“ in”, ")
    page.keyboard.press("ArrowDown")
    other = next(t for t in ranking(engine.logits(ids, 2)).tolist() if t != ids[3])
    assert focused(page).startswith(f"“{labels(engine, [other])[0].replace('␣', ' ')}”, ")
    page.keyboard.press("End")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".river .card")).to_be_visible()
    page.keyboard.press("Enter")
    eventually(page, lambda: trunk(page), lambda seen: seen == labels(engine, [*ids, order[1]]))
    best = labels(engine, [int(engine.logits([*ids, order[1]]).argmax())])[0].replace("␣", " ")
    eventually(page, lambda: focused(page), lambda seen: seen.startswith(f"“{best}”"))  # one can go on at once
    assert page.locator(".river .token[tabindex='0']").count() == 1


def test_a_long_text_scrolls_inside_and_its_newest_place_is_in_view(page, app, engine) -> None:
    visit(page, app, "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of")
    window = page.locator(".river .window").bounding_box()
    newest = page.locator(".river .token.next").first.bounding_box()
    assert window["x"] < newest["x"] and newest["x"] + newest["width"] <= window["x"] + window["width"]
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    page.set_viewport_size({"width": 390, "height": 844})
    box = eventually(
        page,
        page.locator(".river .token.next").first.bounding_box,
        lambda seen: seen and seen["x"] > 0 and seen["x"] + seen["width"] <= 390,
    )
    assert box is not None
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    assert page.locator(".river .dial input").bounding_box()["width"] >= 120  # a finger can set it
    earlier, later = page.locator(".river .edge.earlier"), page.locator(".river .edge.later")
    expect(earlier).to_be_visible()  # a hint that there is more, on a screen that shows no scrollbar
    expect(later).to_be_hidden()
    earlier.click()
    expect(later).to_be_visible()
    assert page.locator(".river .window").evaluate("one => one.scrollLeft + one.clientWidth < one.scrollWidth - 4")


def test_a_resize_on_the_smooth_way_to_the_newest_place_still_ends_there(page, app) -> None:
    visit(page, app, "It")
    prompt = page.get_by_role("textbox", name="Your text")
    prompt.fill(" ".join(["It was the best of times, it was the worst of times,"] * 3))
    prompt.press("Enter")
    page.wait_for_function(ON_THE_WAY)
    page.set_viewport_size({"width": 700, "height": 844})
    eventually(page, lambda: page.evaluate(TO_THE_END), lambda left: left < 8)


COUNT = """
() => {
  const root = [...document.querySelectorAll('*')].map((one) => one.shadowRoot?.querySelector('.river')).find(Boolean);
  window.drawings = new Map();
  new MutationObserver((all) => {
    for (const { target } of all) drawings.set(target, (drawings.get(target) ?? 0) + 1);
  }).observe(root, { attributes: true, attributeFilter: ['d'], subtree: true });
}
"""


def test_where_motion_is_unwanted_nothing_moves(browsing, app, engine) -> None:
    page = browsing(viewport={"width": 1280, "height": 720}, reduced_motion="reduce").new_page()
    visit(page, app)
    page.evaluate(COUNT)
    count = len(trunk(page))
    page.locator(".river .token.next").first.click()
    eventually(page, lambda: trunk(page), lambda seen: len(seen) == count + 1)
    settled(page)
    page.wait_for_timeout(600)  # as long as a new place would take to open
    assert max(page.evaluate("() => [...drawings.values()]"), default=0) <= 2
    assert page.locator(".river path.link").first.evaluate("one => getComputedStyle(one).transitionDuration") == "0s"


def test_the_picture_is_1200_by_630_pixels_and_the_link_comes_back(page, app, engine) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visit(page, app)
    page.locator(".river .token.next").nth(1).click()
    eventually(page, lambda: link(page), lambda seen: "path" in seen)
    settled(page)
    turn(page, 0.7)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save picture").click()
    data = Path(download.value.path()).read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n" and struct.unpack(">II", data[16:24]) == (1200, 630)
    page.get_by_role("button", name="Copy link").click()
    expect(page.locator(".river .status")).to_have_text("The link is in the clipboard.")
    address = page.evaluate("() => navigator.clipboard.readText()")
    before = trunk(page)
    page.goto(address)
    eventually(page, lambda: trunk(page), lambda seen: seen == before)
    expect(page.locator(".river .dial output")).to_have_text("0.70")


OVERHEAR = """
() => {
  window.words = [];
  HTMLCanvasElement.prototype.toBlob = function (done) { window.picture = this; done(new Blob()); };
  const fill = CanvasRenderingContext2D.prototype.fillText;
  CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
    words.push(text);
    fill.call(this, text, ...rest);
  };
}
"""
COLOURS = """
() => {
  const { data } = picture.getContext('2d').getImageData(0, 170, 1200, 390), seen = new Set();
  for (let at = 0; at < data.length; at += 4) seen.add(data.slice(at, at + 3).join());
  return seen.size;
}
"""


def test_the_picture_shows_the_river_and_the_words(page, app) -> None:
    visit(page, app, "<b>bold</b> claims")
    page.evaluate(OVERHEAR)
    page.get_by_role("button", name="Save picture").click()
    words = eventually(page, lambda: page.evaluate("() => window.words"), lambda seen: "LLM Playground" in seen)
    assert "<b>bold</b> claims" in words and "The river of roads not taken" in words
    assert any(word.startswith("SmolLM2-135M-Instruct · temperature 1.00") for word in words)
    assert page.evaluate(COLOURS) > 100  # ribbons, their fading arms and letters


def test_nothing_is_said_on_the_console(page, app) -> None:
    said = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    visit(page, app)
    turn(page, 1.5)
    page.locator(".river .token.next").first.hover()
    page.locator(".river .token.next").first.click()
    eventually(page, lambda: link(page), lambda seen: "path" in seen)
    page.get_by_role("button", name="Restart").click()
    eventually(page, lambda: link(page), lambda seen: "path" not in seen)
    assert said == []
