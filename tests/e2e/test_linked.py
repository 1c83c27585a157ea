"""Prompts and the address bar: a short one is in the link, a long one neither makes a page that cannot be opened again
nor is dropped when it is pasted; and the prompt goes along to the next page."""

from urllib.parse import parse_qs, urlparse

import pytest

from tests.conftest import paste, settled

PAGES = {"Decoding": "prompt", "Next_Token": "prompt", "Completion_vs_Chat": "cvc-prompt"}


@pytest.mark.parametrize("name", PAGES)
def test_a_long_prompt_is_kept_and_stays_out_of_the_address(page, app: str, name: str) -> None:
    page.goto(f"{app}/{name}")
    box = page.get_by_label("Prompt", exact=True).first
    box.wait_for()
    settled(page)
    paste(page, box, "A short one.")
    page.keyboard.press("Control+Enter")
    page.wait_for_function("key => new URLSearchParams(location.search).get(key) === 'A short one.'", arg=PAGES[name])
    long = "word " * 20_000  # servers refuse an address of so many letters
    paste(page, box, long)
    page.keyboard.press("Control+Enter")
    page.wait_for_function("key => !new URLSearchParams(location.search).has(key)", arg=PAGES[name])
    settled(page)
    assert box.input_value() == long
    if name == "Next_Token":
        assert "can attend to at most" in page.get_by_test_id("stAlert").first.inner_text()
    page.reload()
    page.get_by_label("Prompt", exact=True).first.wait_for()


def test_a_link_brings_its_prompt_and_another_page_has_the_same(page, app: str) -> None:
    page.goto(f"{app}/Next_Token?prompt=Linked%20words")
    box = page.get_by_label("Prompt", exact=True).first
    box.wait_for()
    settled(page)
    assert box.input_value() == "Linked words"
    page.get_by_test_id("stSidebarNav").get_by_text("Decoding").click()
    page.wait_for_selector(".st-key-decoding-run")
    settled(page)
    assert page.get_by_label("Prompt", exact=True).first.input_value() == "Linked words"
    assert parse_qs(urlparse(page.url).query)["prompt"] == ["Linked words"]
