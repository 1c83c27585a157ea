"""The decoding page in a real browser: streams without flicker, cards, branches, Stop, links, the phone."""

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.conftest import eventually, settled

RUN = ".st-key-decoding-run button"
CARDS = "[class*=st-key-decoding-card-]"
ENDED = re.compile("ended its text|reached the maximum length|stopped")
SLOW = 180_000  # ms: a model writes

# Looks at the first column at every frame: how many tokens there were at most, and what was ever lost of them.
WATCH = """() => {
  const tokens = () => [...document.querySelector("[class*=st-key-decoding-card-]").querySelectorAll("*")]
      .map((node) => node.shadowRoot?.querySelectorAll(".tok")).find((found) => found?.length) ?? [];
  const seen = (window.seen = { most: 0, first: "", lost: [] });
  const look = () => {
    const found = tokens();
    const first = found.length ? found[0].textContent : "";
    if (seen.most && found.length < seen.most) seen.lost.push(`${found.length} tokens after ${seen.most}`);
    if (seen.most && first !== seen.first) seen.lost.push(`${first} in place of ${seen.first}`);
    if (seen.most && !found[0]?.getClientRects().length) seen.lost.push("nothing to be seen");
    if (found.length > seen.most) Object.assign(seen, { most: found.length, first });
    requestAnimationFrame(look);
  };
  look();
}"""


def go(page, app: str, prompt: str, columns: str, tokens: int = 5) -> None:
    page.goto(f"{app}/Decoding?prompt={quote(prompt)}&s={columns}&n={tokens}")
    page.wait_for_selector(RUN)
    settled(page)


def finish(page, columns: int) -> None:
    """Wait until there are so many columns, each of them says how its text ended, and nothing can be stopped."""
    expect(page.locator(CARDS)).to_have_count(columns)
    for number in range(columns):
        expect(page.locator(CARDS).nth(number)).to_contain_text(ENDED, timeout=SLOW)
    expect(page.locator(".dec-stats")).to_have_count(columns)
    expect(page.locator(".st-key-decoding-stop button")).to_be_disabled(timeout=SLOW)
    settled(page)


def texts(tokens) -> list[str]:
    return list(tokens.all_text_contents())


@pytest.fixture
def errors(page) -> list[str]:
    seen: list[str] = []
    page.on("pageerror", lambda error: seen.append(str(error)))
    page.on("dialog", lambda dialog: (seen.append("dialog"), dialog.dismiss()))
    return seen


def test_streams_cards_a_branch_and_the_keyboard(page, app, errors) -> None:
    go(page, app, "Decoding e2e <img src=x onerror=alert(1)> $x$ once", "greedy~topk_k80")
    page.evaluate(WATCH)
    page.click(RUN)
    streams = page.locator(CARDS)
    streams.nth(0).locator(".tok").first.focus()
    finish(page, 2)
    page.wait_for_function("window.seen.most === 5")
    assert page.evaluate("window.seen.lost") == []  # it only ever grew
    expect(page.locator(".tok").first).to_be_focused()  # on screen is still what one was at while it was written
    token = streams.nth(0).locator(".tok").nth(2)
    token.hover()
    card = streams.nth(0).locator(".card.shown")
    expect(card).to_contain_text(re.compile(r"model \(T = 1\)\s*[\d.]+"))
    expect(card).to_contain_text("rank")
    before = texts(streams.nth(0).locator(".tok"))[:2]
    assert len(before) == 2
    choice = card.locator("button.option").first
    wanted = choice.locator(".label").text_content()
    choice.focus()
    page.keyboard.press("Enter")
    expect(token).to_be_focused()  # not lost with the card
    finish(page, 3)
    branch = streams.nth(1).locator(".tok")
    eventually(page, lambda: texts(branch)[:2], lambda seen: seen == before)
    expect(branch.nth(2)).to_have_attribute("aria-label", re.compile(rf"token 3: {re.escape(wanted)},"))
    expect(branch.nth(2)).to_have_class(re.compile(r"\bforced\b"))
    expect(page).to_have_url(re.compile("_f"))
    assert errors == []
    keyboard(page)
    page.set_viewport_size({"width": 1280, "height": 420})  # the page is longer than the window
    page.locator(".tok").first.click()
    expect(page.locator(".card.shown.pinned")).to_be_visible()
    settled(page)
    page.mouse.move(1270, 400)
    page.mouse.wheel(0, 3000)
    expect(page.locator(".card.shown")).to_have_count(0)  # it would cover something else
    assert errors == []


def keyboard(page) -> None:
    """Arrows move between tokens, Enter opens the card and goes to its choices, Escape comes back."""
    page.locator(".tok").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator(".card.shown.pinned button.option:focus")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator(".card.shown")).to_have_count(0)
    expect(page.locator(".tok").nth(1)).to_be_focused()
    expect(page.get_by_text("Token 2 of column 1")).to_be_visible()


def test_stop_keeps_the_text_and_the_link_brings_it_back(page, app, errors) -> None:
    go(page, app, "Decoding e2e stop once", "pure_t1.5", 200)
    page.click(RUN)
    page.wait_for_selector(".tok")
    page.locator(".st-key-decoding-stop button").click()
    expect(page.get_by_text("stopped", exact=True)).to_be_visible()
    finish(page, 1)
    eventually(page, page.locator(".tok").count, lambda count: 1 <= count < 200)
    page.goto(page.url)
    page.wait_for_selector(RUN)
    expect(page.get_by_label("Prompt", exact=True)).to_have_value("Decoding e2e stop once")
    page.get_by_role("button", name="T 1.5").click()
    expect(page.locator("[class*=-sampling-temperature] input")).to_have_value("1.5")
    settled(page)
    assert errors == []


MOVED = """() => {
  window.moved = [];
  const names = [".st-key-decoding-run", "[class*=st-key-decoding-card-]", "[data-testid=stTabs]"];
  const seen = names.map((name) => document.querySelector(name));
  const at = () => seen.map((node) => [node.getBoundingClientRect().top, node.getBoundingClientRect().height]);
  const first = JSON.stringify(at().slice(0, 2)), tabs = at()[2][0];
  const look = () => {
    if (JSON.stringify(at().slice(0, 2)) !== first || at()[2][0] !== tabs) window.moved.push(JSON.stringify(at()));
    requestAnimationFrame(look);
  };
  look();
}"""


def test_a_run_moves_nothing_and_long_texts_scroll_in_their_columns(page, app, errors) -> None:
    page.set_viewport_size({"width": 1280, "height": 720})
    go(page, app, "Decoding e2e steady once", "greedy~pure_t1.5~beam_b2", 60)
    result = page.locator(".st-key-result").bounding_box()
    assert result["y"] <= 165 and page.get_by_test_id("stTabs").bounding_box()["y"] <= 680
    page.evaluate(MOVED)
    page.click(RUN)
    page.wait_for_selector(".tok")
    page.get_by_role("tab", name="Code").click()  # texts go on growing meanwhile
    expect(page.get_by_test_id("stCode")).to_be_visible()
    finish(page, 3)
    assert page.evaluate("window.moved") == []
    texts = page.locator(CARDS).locator(".text")
    eventually(
        page,
        lambda: texts.evaluate_all("all => all.map((one) => [one.scrollHeight - one.clientHeight, one.scrollTop])"),
        lambda seen: any(more > 0 for more, _ in seen) and not any(top for _, top in seen),  # read from their beginning
    )
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight") <= 1500
    assert errors == []


def test_a_card_lies_beside_its_token_and_below_the_header(page, app) -> None:
    page.set_viewport_size({"width": 1280, "height": 460})
    go(page, app, "Decoding e2e card once", "greedy", 40)
    page.click(RUN)
    finish(page, 1)
    for number in (0, 20, 39):
        token = page.locator(".tok").nth(number)
        token.hover()
        expect(page.locator(".card.shown")).to_contain_text(f"token {number + 1} ")
        card, header = page.locator(".card.shown").bounding_box(), page.locator(".st-key-header").bounding_box()
        box = token.bounding_box()
        assert card["y"] >= box["y"] + box["height"] or card["y"] + card["height"] <= box["y"]
        assert card["y"] >= header["y"] + header["height"] and card["y"] + card["height"] <= 460
        page.mouse.move(5, 5)
        expect(page.locator(".card.shown")).to_have_count(0)


def test_a_phone_shows_whole_columns(browsing, app) -> None:
    page = browsing(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True).new_page()
    go(page, app, "Decoding e2e phone once", "greedy~topk~topp")
    page.locator(RUN).tap()
    finish(page, 3)
    page.wait_for_function("document.documentElement.scrollWidth <= 390")
    eventually(
        page,
        lambda: page.locator(CARDS).evaluate_all("cards => cards.map(card => card.offsetWidth)"),
        lambda widths: len(widths) == 3 and min(widths) >= 320,
    )
    page.locator(".tok").nth(1).tap()
    eventually(
        page,
        page.locator(".card.shown").first.bounding_box,
        lambda box: box and box["x"] >= 0 and box["x"] + box["width"] <= 390,
    )


def test_a_queue_shows_the_place_and_one_student_does_not_keep_another_waiting(
    browsing, page, start_app, embedded
) -> None:
    app = start_app(PLAYGROUND_SLOTS="1")
    go(page, app, "A patient tab", "greedy")
    other = browsing().new_page()
    go(other, app, "A tab that asks for much", "pure_t2", tokens=60)
    other.get_by_role("tab", name="Many samples").click()
    settled(other)
    for key, number in (("count", "32"), ("length", "60")):  # minutes of work for one slot
        field = other.locator(f".st-key-decoding-many-{key} input")
        field.fill(number)
        field.press("Enter")
        settled(other)
    other.click(".st-key-decoding-many-run button")
    bar = other.get_by_text(re.compile(r"\d+ of 32 finished, \d+ waiting"))
    expect(bar).to_have_text(re.compile(r"of 32 finished, (2\d|3[01]) waiting"))
    other.click(RUN)
    expect(other.get_by_text(re.compile(r"In the queue: number (2\d|3\d)"))).to_be_visible()
    page.click(RUN)
    finish(page, 1)
    expect(page.locator(".tok")).to_have_count(5)
    expect(bar).to_have_text(re.compile(r"^\d of 32 finished"))  # far from done, and others had their turn
