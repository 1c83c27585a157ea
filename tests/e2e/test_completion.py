"""The completion page in a real browser with the embedded model: raw against templated, side by side."""

import pytest
from playwright.sync_api import expect

from tests.conftest import settled

pytestmark = pytest.mark.embedded


def test_raw_and_templated_write_side_by_side(app: str, page) -> None:
    page.goto(app + "/Completion_vs_Chat?cvc-n=12&cvc-prompt=What+is+2%2B2%3F+Answer+briefly.")
    page.get_by_role("button", name="Write all").wait_for(timeout=90_000)
    settled(page)
    page.get_by_role("button", name="Write all").click()
    page.get_by_text("Show ids").click()  # a look at something else stops nothing
    chat = page.locator(".st-key-cell-instruct-chat")
    chat.get_by_text("ended its turn with").wait_for(timeout=120_000)
    assert "The answer is 4." in chat.inner_text()
    assert chat.locator(".token.control").count() == 5  # <|im_start|> three times, <|im_end|> twice
    raw = page.locator(".st-key-cell-instruct-raw")
    assert raw.locator(".token.control").count() == 0 and "What went in: 10 ids" in raw.inner_text()
    assert "stands in for both" in page.content()
    page.get_by_role("button", name="Try it").first.click()  # far below: the page goes to where the text appears
    expect(page.get_by_role("button", name="Write all")).to_be_in_viewport()
    expect(page.locator(".st-key-cvc-prompt textarea")).to_have_value("Write a headline about the moon.")
