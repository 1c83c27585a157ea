"""The decoding page in a real browser: streams without flicker, cards, branches, Stop, links, the phone."""

import re
from urllib.parse import quote

import pytest

from tests.conftest import settled

RUN = ".st-key-decoding-run button"
STOPPED = ".st-key-decoding-stop button[disabled]"


def go(page, app: str, prompt: str, columns: str, tokens: int = 5) -> None:
    page.goto(f"{app}/Decoding?prompt={quote(prompt)}&s={columns}&n={tokens}")
    page.wait_for_selector(RUN)
    settled(page)


def finish(page) -> None:
    page.wait_for_selector(".dec-stats", timeout=150_000)
    page.wait_for_selector(STOPPED, timeout=150_000)
    settled(page)


@pytest.fixture
def errors(page) -> list[str]:
    seen: list[str] = []
    page.on("pageerror", lambda error: seen.append(str(error)))
    page.on("dialog", lambda dialog: (seen.append("dialog"), dialog.dismiss()))
    return seen


def test_streams_cards_a_branch_and_the_keyboard(page, app, errors) -> None:
    go(page, app, "Decoding e2e <img src=x onerror=alert(1)> $x$ once", "greedy~topk_k80")
    page.click(RUN)
    page.wait_for_selector(".tok")
    page.evaluate("""() => { window.first = [...document.querySelectorAll('*')]
        .map(e => e.shadowRoot && e.shadowRoot.querySelector('.tok')).find(Boolean) }""")
    finish(page)
    assert page.evaluate("window.first.isConnected")  # the first token on screen is still the same element
    streams = page.locator("[class*=st-key-decoding-card-]")
    assert streams.count() == 2
    token = streams.nth(0).locator(".tok").nth(2)
    token.hover()
    card = streams.nth(0).locator(".card.shown")
    card.wait_for()
    assert re.search(r"model's probability\s*[\d.]+", card.inner_text()) and "rank" in card.inner_text()
    before = [streams.nth(0).locator(".tok").nth(i).inner_text().lstrip("⑂") for i in range(2)]
    choice = card.locator("button.option").first
    wanted = choice.locator(".label").inner_text()
    choice.click()
    page.wait_for_function("document.querySelectorAll('[class*=st-key-decoding-card-]').length === 3")
    page.wait_for_selector(STOPPED, timeout=150_000)
    settled(page)
    branch = streams.nth(1).locator(".tok")
    assert [branch.nth(i).inner_text().lstrip("⑂") for i in range(2)] == before
    assert f"token 3: {wanted}," in (branch.nth(2).get_attribute("aria-label") or "")
    assert "forced" in (branch.nth(2).get_attribute("class") or "")
    assert "_f" in page.url and errors == []
    keyboard(page)
    page.locator(".tok").first.click()
    page.wait_for_selector(".card.shown.pinned")
    page.get_by_text("Takeaways", exact=True).scroll_into_view_if_needed()
    page.wait_for_selector(".card.shown", state="detached")  # it would cover something else
    assert errors == []


def keyboard(page) -> None:
    """Arrows move between tokens, Enter opens the card and goes to its choices, Escape comes back."""
    page.locator(".tok").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_selector(".card.shown.pinned button.option:focus")
    page.keyboard.press("Escape")
    page.wait_for_selector(".card.shown", state="detached")
    assert page.evaluate("""() => { let a = document.activeElement;
        while (a.shadowRoot) a = a.shadowRoot.activeElement; return a.dataset.index }""") == "1"
    page.get_by_text("Token 2 of column 1").wait_for()


def test_stop_keeps_the_text_and_the_link_brings_it_back(page, app, errors) -> None:
    go(page, app, "Decoding e2e stop once", "pure_t1.5", 200)
    page.click(RUN)
    page.wait_for_selector(".tok")
    page.locator(".st-key-decoding-stop button").click()
    page.wait_for_selector(STOPPED)
    settled(page)
    page.get_by_text("stopped", exact=True).wait_for()
    assert 1 <= page.locator(".tok").count() < 200
    page.goto(page.url)
    page.wait_for_selector(RUN)
    settled(page)
    assert page.locator("textarea").input_value() == "Decoding e2e stop once"
    assert page.locator("[class*=-sampling-temperature] input").input_value() == "1.5" and errors == []


def test_a_phone_shows_whole_columns(chromium, app) -> None:
    context = chromium.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    go(page, app, "Decoding e2e phone once", "greedy~topk~topp")
    page.locator(RUN).tap()
    finish(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    widths = page.eval_on_selector_all("[class*=st-key-decoding-card-]", "cards => cards.map(c => c.offsetWidth)")
    assert len(widths) == 3 and min(widths) >= 320
    page.locator(".tok").nth(1).tap()
    box = page.locator(".card.shown").first.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 390
    context.close()


def test_a_queue_shows_the_place_and_a_closed_tab_frees_it(chromium, page, start_app, embedded) -> None:
    app = start_app(PLAYGROUND_SLOTS="1")
    other = chromium.new_context().new_page()
    other.set_default_timeout(60_000)
    go(other, app, "A tab that will be closed", "pure_t2", tokens=60)
    for key, number in (("count", "32"), ("length", "60")):  # minutes of work for one slot
        field = other.locator(f".st-key-decoding-many-{key} input")
        field.fill(number)
        field.press("Enter")
        settled(other)
    other.click(".st-key-decoding-many-run button")
    other.get_by_text("31 waiting").wait_for()
    go(page, app, "A patient tab", "greedy")
    page.click(RUN)
    place = page.get_by_text(re.compile(r"In the queue: number \d+ …"))
    place.wait_for()
    assert int(re.findall(r"\d+", place.inner_text())[0]) > 20
    other.context.close()
    page.locator(".tok").first.wait_for(timeout=30_000)  # the other tab's texts would have taken longer
    finish(page)
    assert page.locator(".tok").count() == 5
