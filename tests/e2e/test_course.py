"""The course in a real browser: from Home through every step to its end, by Next alone, with the embedded model."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import expect

from lib.course.progress import MAX_CHARS, Answer, Progress, read, to_text
from lib.course.steps import STEPS, Step, course_steps
from tests.conftest import settled

SCRIPT = Path(__file__).resolve().parents[2] / "lib" / "ui" / "components" / "assets" / "progress.js"
NEXT, QUESTION = ".st-key-course-next button", ".st-key-course-question button"
# What is on the screen when the step is: a thing that only this state of the page shows.
SHOWN = {
    "roads": ".river .token.next",
    "words": ".st-key-word-row",
    "characters": ".st-key-char-row",
    "bpe": ".stepper button",
    "real": ".st-key-compare-rows",
    "block": ".st-key-diagram",
    "linear": ".st-key-lin-map",
    "parameters": ".st-key-parameter-map",
    "softmax": ".st-key-next-bars",
    "temperature": ".st-key-next-token-chart",
    "filters": ".st-key-next-token-chart",
    "greedy": ".st-key-decoding-run",
    "beam": ".st-key-decoding-run",
    "training": ".st-key-train-row",
    "tuning": ".st-key-train-row",
    "template": ".st-key-cvc-run",
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
    # A page leaves out of its address what it opens with anyway, and its picker writes a model's whole name.
    there = state(page) | ({"arch": step.query["arch"]} if state(page).get("arch") == "GPT-2 small" else {})
    assert {name: there.get(name, value) for name, value in step.query.items()} == dict(step.query)
    prompt = page.locator(".st-key-header textarea")
    if "prompt" in step.query and step.page:
        expect(prompt.first).to_have_value(step.query["prompt"])
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
        if step.number > 2:  # nothing is kept of the first two but that they are done
            answer(page, step, step.right)
        page.locator(NEXT).click()
    expect(page.get_by_text(f"All {len(STEPS)} steps are done. Not answered: steps 1, 2.")).to_be_visible()
    page.locator(".st-key-hand-in-finish button").first.click()
    expect(page.locator(".st-key-hand-in-html-finish button")).to_be_enabled()
    assert urlsplit(page.url).path.strip("/") == ""


def test_a_text_of_ones_own_goes_along_and_progress_outlives_a_reload(page: Any, app: str) -> None:
    softmax, temperature = (next(step for step in STEPS if step.key == key) for key in ("softmax", "temperature"))
    page.goto(f"{app}/Next_Token?step={temperature.number}&course=45&prompt=The+moon+is")
    strip = page.locator(".st-key-course-strip")
    expect(strip).to_contain_text(f"Step 6 of {len(course_steps(short=True))}")
    answer(page, temperature, 1 - temperature.right)
    page.locator(".st-key-course-back button").click()
    expect(strip).to_contain_text(softmax.title)  # the short course leaves out what is between
    page.locator(NEXT).click()
    expect(strip).to_contain_text(temperature.title)
    box = page.locator(".st-key-header textarea")
    box.fill("The moon is made of")
    box.press("Enter")
    settled(page)
    page.locator(NEXT).click()
    page.wait_for_url(re.compile(r"/Decoding\?.*prompt=The\+moon\+is\+made\+of"))
    expect(strip).to_contain_text("Greedy or drawn")
    settled(page)
    page.get_by_role("button", name="Leave the course").click()
    expect(strip).to_have_count(0)
    expect(box).to_have_value("The moon is made of")
    page.locator(".st-key-extras a").filter(has_text="Back to step 7 of 10").click()
    expect(strip).to_contain_text("Greedy or drawn")
    settled(page)
    page.goto(app)  # another session of the same browser
    expect(page.get_by_text("2 of 10 steps done")).to_be_visible()
    expect(page.get_by_role("radio", name="45 minutes")).to_be_checked()
    page.goto(f"{app}/Next_Token?step={temperature.number}")
    page.locator(QUESTION).click()
    expect(page.get_by_test_id("stPopoverBody")).to_contain_text(
        f"The answer is “{temperature.options[temperature.right]}”"
    )


MERGED = """
async ([code, kept, now, most]) => {
  const module = await import(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })));
  return module.merged(kept, now, most);
}
"""


def test_two_tabs_of_one_browser_keep_the_answers_of_both(page: Any) -> None:
    def merged(kept: str, now: str, most: int = MAX_CHARS) -> Progress:
        return read(page.evaluate(MERGED, [SCRIPT.read_text(encoding="utf-8"), kept, now, most]))

    page.goto("about:blank")
    open_one, seen = Answer("Chat", "Q", "a"), Answer("Chat", "Q", "b", "a", "why")
    first = Progress({"roads"}, {"x": open_one, "y": seen}, short=True)
    second = Progress({"bpe"}, {"x": seen, "y": open_one, "z": open_one})
    both = merged(to_text(first), to_text(second))
    assert both == Progress({"roads", "bpe"}, {"x": seen, "y": seen, "z": open_one})
    for damaged in ("", "{", "[]", "null", '{"version": 1}', '{"version": 9, "done": [], "answers": {}}'):
        assert merged(damaged, to_text(second)) == second
    assert merged(to_text(first), to_text(second), 10) == second  # too long for what reads it


def test_a_word_of_the_glossary_is_where_its_link_leads(page: Any, app: str) -> None:
    page.goto(f"{app}/Glossary#softmax")
    expect(page.locator("h2#softmax")).to_be_in_viewport()
    settled(page)
    page.get_by_label("Search", exact=True).fill("merg")
    expect(page.locator("h2#softmax")).to_have_count(0)
    expect(page.locator("h2#merge")).to_be_visible()
