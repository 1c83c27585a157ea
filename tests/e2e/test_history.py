"""The browser's Back and Forward: one step for one thing that somebody did, and the state of that step."""

import re
from typing import Any

from playwright.sync_api import expect

from tests.conftest import settled

BOX = ".st-key-header textarea"


def enter(page: Any, text: str) -> None:
    page.locator(BOX).fill(text)
    page.locator(BOX).press("Enter")
    page.wait_for_function("text => new URLSearchParams(location.search).get('prompt') === text", arg=text)
    settled(page)


def test_back_and_forward_go_step_by_step_on_decoding(page: Any, app: str) -> None:
    page.goto(f"{app}/Decoding?section=In+short")
    page.locator(".st-key-decoding-run").wait_for()
    settled(page)
    box, cards = page.locator(BOX), page.locator("[class*=st-key-decoding-card-]")
    first, columns = box.input_value(), cards.count()
    enter(page, "One step")
    enter(page, "Another step")
    page.locator(".st-key-decoding-add button").click()
    expect(page).to_have_url(re.compile("pure_t1"))
    expect(cards).to_have_count(columns + 1)
    settled(page)
    page.go_back()
    expect(cards).to_have_count(columns)
    expect(box).to_have_value("Another step")
    page.go_back()
    expect(box).to_have_value("One step")
    page.go_back()
    expect(box).to_have_value(first)
    settled(page)
    assert "prompt" not in page.url
    page.go_forward()
    expect(box).to_have_value("One step")


def test_back_reaches_the_default_prompt_on_next_token_and_typing_is_not_lost(page: Any, app: str) -> None:
    page.goto(f"{app}/Next_Token?next-token-tabs=In+short")
    box, temperature = page.locator(BOX), page.get_by_label("Temperature as a number")
    temperature.wait_for()
    settled(page)
    first = box.input_value()
    enter(page, "One step")
    temperature.fill("0.5")
    temperature.press("Enter")
    expect(page).to_have_url(re.compile("t=0.5"))
    settled(page)
    page.go_back()
    expect(temperature).to_have_value("1")
    expect(box).to_have_value("One step")
    page.go_back()
    expect(box).to_have_value(first)
    settled(page)
    seed = page.get_by_label("Seed of the draws")
    seed.press_sequentially("7")
    typed = seed.input_value()
    page.get_by_role("tab", name="Code").evaluate("tab => tab.click()")  # a run; the focus stays in the box
    page.get_by_role("tab", name="Code").and_(page.locator("[aria-selected=true]")).wait_for()
    settled(page)
    expect(seed).to_have_value(typed)
