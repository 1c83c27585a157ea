"""Home in a real browser: text, tokens, the river, a click on a road, the cards, the shelf."""

import re

from playwright.sync_api import expect

from lib import models, tokenization
from lib.course.steps import STEPS
from lib.ui.components.pages import COURSE
from tests.conftest import eventually, settled
from tests.hub import local_hub
from tests.tiny import make


def open_home(app: str, page) -> None:
    """Home with its model loaded: the first visitor of a server waits for that."""
    page.goto(app)
    expect(page.locator(".river .token.next")).to_have_count(5)
    settled(page)


def shares(page) -> list[float]:
    """The percentages of what may come next, top to bottom, the last one that of all other tokens."""
    rows = [*page.locator(".river .token.next .percent").all_text_contents(),
            *page.locator(".river .others").all_text_contents()]  # fmt: skip
    return [float(row.split()[-1].removesuffix("%").lstrip("<>")) for row in rows]


def test_a_click_on_a_road_continues_the_text(app: str, page, embedded: str) -> None:
    open_home(app, page)
    text = "Count with me: one, two, three,"
    count = len(tokenization.load(models.spec(embedded).tokenizer).ids(text))
    page.get_by_role("textbox", name="Your text").fill(text)
    page.keyboard.press("Enter")
    tokens = page.locator(".river .token.is-taken")
    roads = page.locator(".river .token.next")
    expect(tokens).to_have_count(count)
    expect(roads.filter(has_text="four")).to_have_count(1)
    expect(roads).to_have_count(5)
    eventually(
        page, lambda: shares(page), lambda seen: abs(sum(seen) - 100) < 2 and seen[:5] == sorted(seen[:5], reverse=True)
    )
    roads.filter(has_text="four").click()
    expect(page.get_by_text("Your text so far:")).to_be_visible()
    expect(page.get_by_text(text + " four").first).to_be_visible()
    expect(tokens).to_have_count(count + 1)
    expect(page.locator(".river .token.is-taken.taken")).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Your text so far:")).to_have_count(0)
    expect(tokens).to_have_count(count)
    expect(page.locator(".river .token.is-taken.taken")).to_have_count(0)


def test_hostile_text_stays_text(app: str, page) -> None:
    open_home(app, page)
    page.get_by_role("textbox", name="Your text").fill("<img src=x onerror=document.title='broken'> $x$ <|im_end|>")
    page.keyboard.press("Enter")
    expect(page.locator(".river .token.is-taken").filter(has_text="img")).to_have_count(1)
    settled(page)
    page.locator(".river .token.next").first.click()
    expect(
        page.get_by_text("Your text so far: <img src=x onerror=document.title='broken'> $x$ <|im_end|>").first
    ).to_be_visible()
    expect(page.locator("img[src=x]")).to_have_count(0)
    expect(page).not_to_have_title(re.compile("broken"))


def test_every_card_leads_to_its_page_and_its_steps(app: str, page) -> None:
    open_home(app, page)
    for there in COURSE:
        links = page.locator(f".st-key-card-{there.address} a")
        expect(links).to_have_count(1 + sum(step.page == there.address for step in STEPS))
        expect(links.first).to_have_attribute("href", re.compile(rf"(^|/){there.address}$"))
    page.locator(".st-key-card-Tokenizers a").filter(has_text="Train a tokenizer").click()
    page.wait_for_url("**/Tokenizers?**step=bpe**")
    expect(page.locator(".st-key-course-strip")).to_contain_text(f"Step 4 of {len(STEPS)}")


def test_the_lessons_do_not_jump_when_the_first_model_is_loaded(start_app, embedded: str, page) -> None:
    page.goto(start_app())
    card = page.locator('[class*="st-key-card-"]').first
    expect(card).to_be_visible()  # before anything of the demo above
    title = page.locator(".pg-title h1")  # comes with the page's style, after Streamlit's own empty frame
    eventually(page, lambda: title.count() and title.bounding_box(), lambda box: box and box["y"] < 40)
    before = card.bounding_box()
    expect(page.locator(".river .token.next")).to_have_count(5)
    settled(page)
    assert abs(card.bounding_box()["y"] - before["y"]) < 40  # the demo is some 480 pixels high


def test_a_model_is_got_from_the_shelf_with_progress(start_app, embedded: str, page, tmp_path) -> None:
    repository = make("gpt2", tmp_path / "repository", vocab=50_257)
    with local_hub({"distilbert/distilgpt2": repository}) as hub:
        hub.pause = 2.0
        url = start_app(
            HF_ENDPOINT=hub.url,
            HF_HUB_OFFLINE="0",
            PLAYGROUND_HOME=str(tmp_path / "home"),
            PLAYGROUND_MODELS=str(models.require(embedded).folder),
        )
        open_home(url, page)
        page.get_by_role("tab", name="Models on this machine").click()
        page.locator(".st-key-get-distilgpt2 button").click()
        page.locator(".st-key-shelf-distilgpt2").get_by_text("Getting distilbert/distilgpt2").wait_for()
        page.locator(".st-key-stop-distilgpt2 button").click()
        page.get_by_text("What has arrived is kept").wait_for()
        hub.pause = 0.0
        page.locator(".st-key-get-distilgpt2 button").click()
        page.locator(".st-key-shelf-distilgpt2").get_by_text("in this app's cache").wait_for()
    first, second = hub.fetched("model.safetensors")
    assert first == "" and second.startswith("bytes=")
