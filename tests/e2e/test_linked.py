"""Prompts and the address bar: a short one is in the link, a long one neither makes a page that cannot be opened again
nor is dropped when it is pasted; and the prompt goes along to the next page."""

import pytest
from playwright.sync_api import expect

from tests.conftest import paste, settled

PAGES = {"Decoding": "prompt", "Next_Token": "prompt", "Completion_vs_Chat": "prompt"}


def linked(page, name: str, text: str | None) -> None:
    """Wait until the address holds this text, or no text."""
    page.wait_for_function(
        "([name, text]) => new URLSearchParams(location.search).get(name) === text", arg=[name, text]
    )


@pytest.mark.parametrize("name", PAGES)
def test_a_long_prompt_is_kept_and_stays_out_of_the_address(page, app: str, name: str) -> None:
    page.goto(f"{app}/{name}")
    box = page.get_by_label("Prompt", exact=True).first
    box.wait_for()
    settled(page)
    paste(page, box, "A short one.")
    page.keyboard.press("Control+Enter")
    linked(page, PAGES[name], "A short one.")
    long = "word " * 20_000  # servers refuse an address of so many letters
    paste(page, box, long)
    page.keyboard.press("Control+Enter")
    linked(page, PAGES[name], None)
    settled(page)
    expect(box).to_have_value(long)
    if name == "Next_Token":
        expect(page.get_by_test_id("stAlert").first).to_contain_text("can attend to at most")
    page.reload()
    expect(box).to_be_visible()


def test_a_link_brings_its_prompt_and_another_page_has_the_same(page, app: str) -> None:
    page.goto(f"{app}/Next_Token?prompt=Linked%20words")
    box = page.get_by_label("Prompt", exact=True).first
    expect(box).to_have_value("Linked words")
    settled(page)
    page.locator(".st-key-steps").get_by_text("Decoding").click()
    page.wait_for_selector(".st-key-decoding-run")
    expect(box).to_have_value("Linked words")
    linked(page, "prompt", "Linked words")


def test_a_prompt_goes_along_to_the_tokenizers_and_back(page, app: str) -> None:
    page.goto(f"{app}/Next_Token?prompt=Linked%20words")
    expect(page.get_by_label("Prompt", exact=True).first).to_have_value("Linked words")
    settled(page)
    page.locator(".st-key-steps").get_by_text("Tokenizers").click()
    text = page.get_by_label("Your text", exact=True)
    expect(text).to_have_value("Linked words")
    settled(page)
    text.fill("Other words")
    linked(page, "text", "Other words")
    settled(page)
    page.locator(".st-key-steps").get_by_text("Decoding").click()
    expect(page.get_by_label("Prompt", exact=True).first).to_have_value("Other words")
