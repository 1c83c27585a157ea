"""The course in a real browser: from Home through every step to its end, by Next alone, with the embedded model."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import expect

from lib.course.steps import STEPS, Step, steps
from tests.conftest import settled

NEXT, QUESTION = ".st-key-course-next button", ".st-key-course-question button"
# What is on the screen when the step is: a thing that only this state of the page shows.
SHOWN = {
    "roads": ".river .token.next",
    "words": ".st-key-word-row",
    "characters": ".st-key-char-row",
    "bpe": ".stepper button",
    "real": ".st-key-compare-rows",
    "block": "[class*=st-key-architecture] svg, .st-key-result svg",
    "linear": ".st-key-lin-map",
    "parameters": ".st-key-result",
    "softmax": ".st-key-next-bars",
    "temperature": ".st-key-next-token-chart",
    "filters": ".st-key-next-token-chart",
    "greedy": ".st-key-decoding-run",
    "beam": ".st-key-decoding-run",
    "template": ".st-key-cvc-run, .st-key-result",
    "chat": ".st-key-chat-input",
}


def state(page: Any) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def open_step(page: Any, step: Step, place: str) -> None:
    """Wait for a step: its strip, its page, its state in the address, and what it shows."""
    strip = page.locator(".st-key-course-strip")
    expect(strip).to_contain_text(step.title)
    expect(strip).to_contain_text(place)
    assert urlsplit(page.url).path.strip("/") == step.page
    expect(page.locator(SHOWN[step.key]).first).to_be_visible()
    settled(page)
    assert step.query.items() <= (state(page) | {name: state(page).get(name, step.query[name]) for name in step.query}).items()
    result = page.locator(".st-key-result").first.bounding_box()
    assert result and result["y"] < 0.6 * page.viewport_size["height"], step.key


def answer(page: Any, step: Step, option: int) -> None:
    """Choose an option and wait for what is said to it."""
    page.locator(QUESTION).click()
    body = page.get_by_test_id("stPopoverBody")
    expect(body).to_contain_text(step.question)
    body.get_by_test_id("stRadio").locator("label").filter(has_text=step.options[option]).click()
    said = "Yes:" if option == step.right else "The answer is"
    expect(body.get_by_test_id("stAlert")).to_contain_text(f"{said} “{step.options[step.right]}”")
    page.keyboard.press("Escape")
    expect(body).to_have_count(0)


def test_the_whole_course_by_next_alone(page: Any, app: str) -> None:
    page.set_viewport_size({"width": 1280, "height": 720})
    page.goto(app)
    page.locator(".st-key-course-start button").click()
    for step in STEPS:
        open_step(page, step, f"Step {step.number} of {len(STEPS)}")
        answer(page, step, step.right)
        page.locator(NEXT).click()
    expect(page.get_by_text(f"All {len(STEPS)} steps are done.")).to_be_visible()
    assert urlsplit(page.url).path.strip("/") == ""
