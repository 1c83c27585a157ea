"""What all pages share, in a real browser: the header bar, the sidebar, the projector, the skip link."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.conftest import settled

BOX = ".st-key-header textarea"


@pytest.fixture
def next_token(page: Any, app: str) -> Any:
    page.goto(f"{app}/Next_Token?next-token-tabs=In+short")  # a tab without charts: they take the browser's time
    page.locator(BOX).wait_for()
    settled(page)
    return page


def height(page: Any, selector: str) -> float:
    return float(page.locator(selector).first.evaluate("element => element.getBoundingClientRect().height"))


def test_the_bar_is_one_line_high_and_at_the_top_while_one_scrolls(next_token: Any) -> None:
    assert height(next_token, ".st-key-header") <= 56
    next_token.locator("[data-testid=stMain]").evaluate("main => main.scrollTo(0, 600)")
    expect(next_token.locator(BOX)).to_be_in_viewport()


def test_enter_takes_the_text_and_leaves_the_focus(next_token: Any) -> None:
    box = next_token.locator(BOX)
    box.fill("The cat sat on the")
    box.press("Enter")
    next_token.wait_for_function("new URLSearchParams(location.search).get('prompt') === 'The cat sat on the'")
    settled(next_token)
    expect(box).to_be_focused()
    expect(box).to_have_value("The cat sat on the")


def test_shift_enter_begins_a_line_and_moves_nothing_below(next_token: Any) -> None:
    box = next_token.locator(BOX)
    before, closed = height(next_token, ".st-key-header"), height(next_token, BOX)
    box.fill("one")
    box.press("End")
    box.press("Shift+Enter")
    box.press_sequentially("two")
    expect(box).to_have_value("one\ntwo")
    assert height(next_token, BOX) > closed  # open over the page
    assert height(next_token, ".st-key-header") == before
    box.press("Enter")
    next_token.wait_for_function("new URLSearchParams(location.search).get('prompt') === 'one\\ntwo'")


def test_an_example_replaces_the_prompt(next_token: Any) -> None:
    next_token.locator(".st-key-header").get_by_role("button", name="Examples").click()
    option = next_token.get_by_text("The capital of France is", exact=True).last
    option.click()
    expect(next_token.locator(BOX)).to_have_value("The capital of France is")


def test_the_sidebar_has_the_steps_in_order_and_marks_what_was_visited(next_token: Any) -> None:
    steps = next_token.locator(".st-key-steps a")
    assert [text.split("\n")[-1] for text in steps.all_inner_texts()][1:4] == [
        "1. Tokenizers",
        "2. Architecture",
        "3. Next token",
    ]
    mark = "link => getComputedStyle(link, '::after').content"
    drawn = "link => getComputedStyle(link, '::after').maskImage"
    assert steps.nth(3).evaluate(mark) != "none" and steps.nth(1).evaluate(mark) == "none"
    assert steps.nth(3).evaluate(drawn) == "none"  # a dot; a check mark is for a step that is done
    steps.nth(1).click()
    next_token.wait_for_url("**/Tokenizers**")
    expect(next_token.get_by_role("heading", level=1)).to_have_text("Tokenizers")
    settled(next_token)
    assert steps.nth(1).evaluate(mark) != "none" and steps.nth(3).evaluate(mark) != "none"


def test_icons_alone_are_left_of_the_sidebar_at_1024_pixels(next_token: Any) -> None:
    next_token.set_viewport_size({"width": 1024, "height": 768})
    sidebar = next_token.get_by_test_id("stSidebar")
    assert sidebar.evaluate("bar => bar.getBoundingClientRect().width") <= 64
    expect(sidebar.get_by_role("link", name="Tokenizers")).to_be_visible()  # its name is still there to be read


def test_the_projector_enlarges_and_walks_with_the_arrow_keys(next_token: Any) -> None:
    size = "() => getComputedStyle(document.documentElement).fontSize"
    before = float(next_token.evaluate(size)[:-2])
    next_token.locator(".st-key-projector label").first.click()
    next_token.wait_for_function("document.documentElement.dataset.projector === 'on'")
    assert float(next_token.evaluate(size)[:-2]) == pytest.approx(1.35 * before)
    expect(next_token.locator(".lead")).to_be_hidden()
    settled(next_token)
    next_token.locator("h1").click()
    next_token.keyboard.press("PageDown")
    next_token.wait_for_url("**/Decoding**")
    settled(next_token)
    next_token.keyboard.press("ArrowLeft")
    next_token.wait_for_url("**/Next_Token**")
    settled(next_token)
    on = "document.documentElement.dataset.projector === 'on'"
    next_token.reload()
    next_token.wait_for_function(on)  # the tab keeps it
    settled(next_token)
    next_token.locator(".st-key-projector label").first.click()
    next_token.wait_for_function("document.documentElement.dataset.projector === 'off'")
    settled(next_token)
    assert not next_token.evaluate(on)


def test_the_first_tab_stop_leads_to_the_result(next_token: Any) -> None:
    next_token.keyboard.press("Tab")
    expect(next_token.get_by_text("Skip to the result")).to_be_focused()
    next_token.keyboard.press("Enter")
    expect(next_token.locator(".st-key-result")).to_be_focused()
