"""The completion page in a real browser: the tiny pair, and the embedded model raw and in its template."""

import re

import pytest
from playwright.sync_api import expect

from tests.conftest import settled

pytestmark = pytest.mark.embedded
SMOLLM2 = "base=smollm2-135m-instruct&instruct=smollm2-135m-instruct"


def test_raw_and_templated_write_side_by_side(app: str, page) -> None:
    page.goto(app + f"/Completion_vs_Chat?{SMOLLM2}&cvc-n=12&cvc-prompt=What+is+2%2B2%3F+Answer+briefly.")
    page.get_by_role("button", name="Write all").wait_for()
    settled(page)
    page.get_by_role("button", name="Write all").click()
    page.locator(".st-key-settings").get_by_role("button").click()
    page.get_by_text("Show token IDs").click()  # a look at something else stops nothing
    page.keyboard.press("Escape")
    chat, raw = page.locator(".st-key-cell-instruct-chat"), page.locator(".st-key-cell-instruct-raw")
    expect(chat).to_contain_text("ended its turn with", timeout=180_000)
    expect(chat).to_contain_text("The answer is 4.")
    expect(chat.locator(".token.control")).to_have_count(5)  # <|im_start|> three times, <|im_end|> twice
    expect(raw).to_contain_text(re.compile("ended its turn with|reached the maximum length"))
    expect(raw).to_contain_text("What goes in: 10 tokens")
    expect(raw.locator(".token")).not_to_have_count(0)
    expect(raw.locator(".token.control")).to_have_count(0)
    expect(page.get_by_text("An instruct model, raw and in its template")).to_be_visible()
    page.get_by_role("tab", name="What tuning adds").click()
    page.get_by_role("button", name="Try it").first.click()  # far below: the page goes to where the text appears
    expect(page.get_by_role("button", name="Write all")).to_be_in_viewport()
    expect(page.locator(".st-key-prompt textarea")).to_have_value("Write a headline about the moon.")


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1024, 720)])
def test_the_cells_are_on_the_first_screen_and_writing_moves_nothing(app: str, browsing, width, height) -> None:
    page = browsing(viewport={"width": width, "height": height}).new_page()
    page.goto(app + f"/Completion_vs_Chat?{SMOLLM2}&cvc-n=40&prompt=Suggest+a+party+theme.")
    page.get_by_role("button", name="Write all").wait_for()
    settled(page)
    places = [".st-key-cvc-row", ".st-key-cell-instruct-raw", ".st-key-cell-instruct-chat", ".st-key-cvc-tab"]

    def boxes():
        return [page.locator(place).bounding_box() for place in places]

    before = boxes()
    assert before[1]["y"] < 165 and before[2]["y"] + before[2]["height"] <= height
    assert before[1]["x"] + before[1]["width"] <= before[2]["x"] and before[1]["y"] == before[2]["y"]
    page.get_by_role("button", name="Write all").click()
    expect(page.locator(".st-key-out-instruct-raw")).to_contain_text("tokens", timeout=180_000)
    expect(page.locator(".st-key-out-instruct-chat")).to_contain_text("tokens", timeout=180_000)
    assert boxes() == before


def test_the_tiny_pair_answers_only_after_fine_tuning_and_smollm2_is_one_click_away(app: str, page) -> None:
    page.goto(app + "/Completion_vs_Chat")
    page.get_by_role("button", name="Write all").click()
    expect(page.locator(".st-key-cell-instruct-chat pre")).to_have_text("2 + 2 = 4.")
    expect(page.locator(".st-key-cell-base-raw")).to_contain_text("ended its text with <|endoftext|>")
    expect(page.locator(".st-key-cell-base-raw pre")).not_to_contain_text("= 4")
    settled(page)
    for cell in ("base-chat", "instruct-chat"):  # at 1280 by 720 neither what goes in nor what comes out is cut
        expect(page.locator(f".st-key-in-{cell} .token").last).to_be_in_viewport(ratio=1)
        expect(page.locator(f".st-key-out-{cell} pre")).to_be_in_viewport(ratio=1)
    page.get_by_role("button", name="SmolLM2 instead").click()
    expect(page.get_by_role("heading", name="SmolLM2")).to_have_count(2)
    expect(page.get_by_role("button", name="Tiny pair instead")).to_be_visible()
