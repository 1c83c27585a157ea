"""Where things stand on the Next Token page, and what the keyboard does there, in Chromium."""

import base64
import math
from contextlib import closing
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from lib.design import HEAT_BITS
from tests.conftest import PATIENCE, eventually, settled, without_animations

PROMPT = "Once upon a time, there was a little"
PLAIN = {"next-token-tabs": "In short"}  # a tab without charts: drawing them is a third of what the browser does
FIXED = (".st-key-text-row", ".st-key-text-note", ".st-key-next-token-chart", ".side", '[role="tablist"]')
FOCUSED = """
() => {
  let node = document.activeElement;
  while (node?.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
  return node?.dataset.id ?? node?.dataset.place ?? null;
}
"""
# How light a picture is at a place (shares of its width and height): 0 to 255.
GREY = """
async ([picture, x, y]) => {
  const image = await createImageBitmap(await (await fetch("data:image/png;base64," + picture)).blob());
  const pen = new OffscreenCanvas(image.width, image.height).getContext("2d");
  pen.drawImage(image, 0, 0);
  const [red, green, blue] = pen.getImageData(Math.floor(x * image.width), Math.floor(y * image.height), 1, 1).data;
  return (red + green + blue) / 3;
}
"""


@pytest.fixture
def screen(browsing: Any) -> Any:
    return browsing(viewport={"width": 1280, "height": 720}).new_page()


@pytest.fixture(scope="module")
def opened(chromium: Any, app: str) -> Any:
    """The page as it opens, for the tests that look and change nothing."""
    with closing(without_animations(chromium.new_context(viewport={"width": 1280, "height": 720}))) as context:
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.goto(f"{app}/Next_Token?prompt={quote(PROMPT)}")
        ready(page)
        yield page


def visit(page: Any, app: str, prompt: str = PROMPT, **query: str) -> None:
    asked = {"prompt": prompt, **PLAIN, **query}
    page.goto(f"{app}/Next_Token?" + "&".join(f"{name}={quote(value)}" for name, value in asked.items()))
    ready(page)


def ready(page: Any) -> None:
    page.wait_for_selector("button.row[data-id]")
    page.wait_for_selector(".strip button")
    settled(page)


def box(page: Any, selector: str) -> dict[str, float]:
    found = page.locator(selector).first.bounding_box()
    assert found is not None, selector
    return {name: round(value) for name, value in found.items()}


def tops(page: Any) -> dict[str, tuple[float, float]]:
    return {selector: (box(page, selector)["x"], box(page, selector)["y"]) for selector in FIXED}


def row_ids(page: Any) -> list[str]:
    return page.locator("button.row[data-id]").evaluate_all("rows => rows.map(row => row.dataset.id)")


def focused_is(page: Any, value: str) -> None:
    eventually(page, lambda: page.evaluate(FOCUSED), lambda seen: seen == value)


def test_the_first_screen_has_the_bars_and_the_controls_beside_them(opened: Any) -> None:
    assert box(opened, ".st-key-result")["y"] <= 150
    first, side = box(opened, "button.row[data-id]"), box(opened, ".side")
    assert first["y"] < 260 and side["y"] < 260
    assert side["x"] >= first["x"] + first["width"]
    for name in ("t", "k", "p", "m"):
        expect(opened.locator(f'input[type="range"][data-knob="{name}"]')).to_be_in_viewport(ratio=1)
    for name in ("entropy", "perplexity", "kept", "mass"):
        expect(opened.locator(f'[data-stat="{name}"]')).to_be_in_viewport(ratio=1)
    assert opened.locator("button.row[data-id]").count() == 20
    expect(opened.locator("button.row[data-id]").last).to_be_in_viewport(ratio=1)


def test_the_question_covers_no_bar_and_all_other_tokens_stay_on_the_screen(screen: Any, app: str) -> None:
    visit(screen, app, step="temperature")
    rest = screen.locator(".row.else")
    expect(rest).to_be_in_viewport(ratio=1)  # below the strip of the course
    screen.locator(".st-key-course-question button").click()
    screen.get_by_text("Choose one; the answer is computed then.").wait_for()
    panel = box(screen, '[data-testid="stPopoverBody"]')
    assert panel["y"] + panel["height"] < box(screen, ".scroll")["y"]
    screen.keyboard.press("Escape")
    screen.locator(".st-key-projector label").first.click()
    screen.wait_for_function("document.documentElement.dataset.projector === 'on'")
    settled(screen)
    expect(rest).to_be_in_viewport(ratio=1)


def test_no_click_moves_the_result_or_its_controls(screen: Any, app: str) -> None:
    visit(screen, app)
    before = tops(screen)
    screen.locator("button.row[data-id]").first.click()
    expect(screen.locator(".strip .taken")).to_have_count(1)
    settled(screen)
    assert tops(screen) == before
    screen.locator(".strip button[data-place='3']").click()
    expect(screen.locator(".st-key-text-note")).to_contain_text("position 4")
    settled(screen)
    assert tops(screen) == before
    screen.locator(".st-key-place-back button").click()
    expect(screen.locator(".st-key-text-note")).to_contain_text("perplexity")
    for choice in ("[data-draws='100']", "[data-view='steps']", "[data-view='bars']", "[data-scale='logit']"):
        screen.locator(choice).click()
        settled(screen)
        assert tops(screen) == before, choice


def test_the_text_stays_on_one_line_and_its_newest_token_in_view(screen: Any, app: str) -> None:
    visit(screen, app, "a short one")
    before = tops(screen)
    visit(screen, app, "the quick brown fox jumps over the lazy dog and " * 8 + "sleeps")
    assert tops(screen) == before
    expect(screen.locator(".strip button").last).to_be_in_viewport(ratio=1)
    expect(screen.locator(".strip button").first).not_to_be_in_viewport()
    last, strip = box(screen, ".strip button >> nth=-1"), box(screen, ".strip")
    assert last["x"] + last["width"] <= strip["x"] + strip["width"]


def test_nothing_is_wider_than_the_window(screen: Any, app: str) -> None:
    visit(screen, app, "the quick brown fox jumps over the lazy dog and " * 4)
    main = screen.locator("[data-testid=stMain]")
    for width in (1280, 1024, 390):
        screen.set_viewport_size({"width": width, "height": 844})
        screen.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        eventually(screen, lambda: main.evaluate("main => main.scrollWidth - main.clientWidth"), lambda more: more <= 0)
        strip = box(screen, ".strip")
        assert strip["x"] + strip["width"] <= width


def test_on_a_phone_the_first_bars_come_before_the_controls_and_both_are_seen(browsing: Any, app: str) -> None:
    page = browsing(viewport={"width": 390, "height": 844}).new_page()
    visit(page, app)
    rows = page.locator("button.row[data-id]")
    expect(rows.nth(5)).to_be_in_viewport(ratio=1)
    expect(page.locator('input[type="range"][data-knob="t"]')).to_be_in_viewport(ratio=1)
    assert box(page, ".side")["y"] >= box(page, ".scroll")["y"] + box(page, ".scroll")["height"]


def test_every_tab_keeps_the_page_short(screen: Any, app: str) -> None:
    visit(screen, app, "Once upon a time ")  # the space at the end has a tab, too
    names = screen.locator('[role="tab"]').all_inner_texts()
    assert len(names) == 9
    for name in names:
        screen.get_by_role("tab", name=name).click()
        expect(screen.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")
        settled(screen)
        height = screen.locator("[data-testid=stMain]").evaluate("main => main.scrollHeight")
        assert height <= 1500, name


def test_a_link_opens_a_tab_and_the_line_under_the_tokens_leads_to_one(screen: Any, app: str) -> None:
    visit(screen, app, "Once upon a time ", **{"next-token-tabs": "Every position"})
    expect(screen.get_by_role("tab", name="Every position")).to_have_attribute("aria-selected", "true")
    screen.locator(".st-key-show-trailing button").click()
    tab = screen.get_by_role("tab", name="White space at the end")
    expect(tab).to_have_attribute("aria-selected", "true")
    expect(screen.get_by_text("of the probability moved")).to_be_visible()
    expect(tab).to_be_in_viewport()
    field = screen.get_by_label("Prompt", exact=True).first
    field.fill("Once upon a time")
    field.press("Enter")
    expect(tab).to_have_count(0)  # without such a space there is nothing to show
    expect(screen.get_by_role("tab", name="Temperatures")).to_have_attribute("aria-selected", "true")


def test_the_bars_are_one_tab_stop_and_keep_the_focus_after_enter(screen: Any, app: str) -> None:
    visit(screen, app)
    stops = screen.locator("button.row[data-id]").evaluate_all("rows => rows.map(row => row.tabIndex)")
    assert stops.count(0) == 1 and set(stops) == {0, -1}
    shown = row_ids(screen)
    screen.locator("button.row[data-id]").first.focus()
    screen.keyboard.press("ArrowDown")
    focused_is(screen, shown[1])
    screen.keyboard.press("End")
    focused_is(screen, shown[-1])
    screen.keyboard.press("Home")
    screen.keyboard.press("Enter")
    expect(screen.locator(".strip .taken")).to_have_count(1)
    new = eventually(screen, lambda: row_ids(screen), lambda seen: seen != shown)
    focused_is(screen, new[0])  # the new likeliest token: Enter again writes on
    settled(screen)
    screen.keyboard.press("Enter")
    expect(screen.locator(".strip .taken")).to_have_count(2)


def test_the_tokens_are_one_tab_stop_with_names_and_keep_the_focus_after_enter(screen: Any, app: str) -> None:
    visit(screen, app)
    chips = screen.locator(".strip button")
    stops = chips.evaluate_all("chips => chips.map(chip => chip.tabIndex)")
    assert stops.count(0) == 1 and stops[-1] == 0  # the newest
    chips.last.focus()
    screen.keyboard.press("ArrowLeft")
    focused_is(screen, str(chips.count() - 2))
    expect(screen.locator(".st-key-next-token-text .tip")).to_contain_text("surprise")
    screen.keyboard.press("Enter")
    expect(screen.locator(".st-key-text-note")).to_contain_text(f"position {chips.count() - 1}")
    settled(screen)
    focused_is(screen, str(chips.count() - 2))
    name = screen.locator(".strip .selected").get_attribute("aria-label")
    assert name is not None and "surprise" in name and "token ID " in name
    expect(screen.locator(".strip .selected")).to_have_attribute("aria-pressed", "true")


def test_the_heat_of_a_token_is_its_surprise_in_bits(opened: Any, embedded: str) -> None:
    from lib.ui.next_token.reading import read, scores

    logprobs = scores(embedded, read(embedded, PROMPT, ()).ids).logprobs
    expected = [0.0, *(min(1.0, -float(value) / math.log(2) / HEAT_BITS) for value in logprobs)]
    heats = opened.locator(".strip button").evaluate_all(
        "chips => chips.map(chip => Number(chip.style.getPropertyValue('--surprise')))"
    )
    assert heats == pytest.approx(expected, abs=2e-3) and max(heats) > 0.5


def test_sliders_follow_the_theme(opened: Any) -> None:
    """The part of the track behind the thumb is light on a light page and dark on a dark one, not a browser's white."""
    dial = opened.locator('input[type="range"][data-knob="t"]')

    def track() -> float:
        picture = base64.b64encode(dial.screenshot()).decode()
        return float(opened.evaluate(GREY, [picture, 0.75, 0.5]))  # the thumb is in the middle

    assert track() > 140
    opened.emulate_media(color_scheme="dark")
    eventually(opened, track, lambda grey: 30 < grey < 115)
    opened.emulate_media(color_scheme="light")
