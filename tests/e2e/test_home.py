"""Home in a real browser: text, tokens, bars, a click on a bar, the cards."""

import re

from lib import models
from tests.conftest import settled
from tests.hub import local_hub
from tests.tiny import make


def open_home(app: str, page) -> None:
    """Home with its model loaded: the first visitor of a server waits for that."""
    page.goto(app)
    page.locator(".st-key-home-bars button.bar").first.wait_for(timeout=90_000)
    settled(page)


def test_a_click_on_a_bar_continues_the_text(app: str, page) -> None:
    open_home(app, page)
    page.get_by_role("textbox", name="Your text").fill("Count with me: one, two, three,")
    page.keyboard.press("Enter")
    chips = page.locator(".st-key-home-tokens .chip")
    bars = page.locator(".st-key-home-bars button.bar")
    bars.filter(has_text="four").wait_for()
    before = chips.count()
    assert bars.count() == 5
    shares = [float(re.search(r"([\d.]+) %", row)[1]) for row in
              page.locator(".st-key-home-bars .bar").all_inner_texts() if "<" not in row]
    assert abs(sum(shares) - 100) < 0.5 and shares[:5] == sorted(shares[:5], reverse=True)
    bars.filter(has_text="four").click()
    page.get_by_text("Your text so far:").wait_for()
    assert page.get_by_text("Count with me: one, two, three, four").count() >= 1
    assert chips.count() == before + 1 and page.locator(".st-key-home-tokens .chip.added").count() == 1
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("Your text so far:").wait_for(state="detached")
    assert chips.count() == before


def test_hostile_text_stays_text(app: str, page) -> None:
    open_home(app, page)
    page.get_by_role("textbox", name="Your text").fill("<img src=x onerror=document.title='broken'> $x$ <|im_end|>")
    page.keyboard.press("Enter")
    page.locator(".st-key-home-tokens .chip").filter(has_text="img").wait_for()
    settled(page)
    page.locator(".st-key-home-bars button.bar").first.click()
    page.get_by_text("Your text so far:").wait_for()
    assert page.locator("img[src=x]").count() == 0 and "broken" not in page.title()


def test_every_card_leads_to_its_page(app: str, page) -> None:
    open_home(app, page)
    cards = page.locator('[class*="st-key-card-"] a')
    links = [cards.nth(i).get_attribute("href") for i in range(cards.count())]
    assert len(links) >= 1
    cards.first.click()
    page.wait_for_url("**/" + links[0].rsplit("/", 1)[-1])
    settled(page)
    assert page.locator("h1").first.inner_text() != "LLM Playground"


def test_a_model_is_got_from_the_shelf_with_progress(start_app, embedded: str, page, tmp_path) -> None:
    repository = make("gpt2", tmp_path / "repository", vocab=50_257)
    with local_hub({"distilbert/distilgpt2": repository}) as hub:
        hub.pause = 1.0
        url = start_app(HF_ENDPOINT=hub.url, HF_HUB_OFFLINE="0", PLAYGROUND_HOME=str(tmp_path / "home"),
                        PLAYGROUND_MODELS=str(models.require(embedded).folder))
        open_home(url, page)
        page.locator(".st-key-get-distilgpt2 button").click()
        page.locator(".st-key-shelf-distilgpt2").get_by_text("Getting distilbert/distilgpt2").wait_for()
        page.locator(".st-key-stop-distilgpt2 button").click()
        page.get_by_text("What has arrived is kept").wait_for()
        hub.pause = 0.0
        page.locator(".st-key-get-distilgpt2 button").click()
        page.locator(".st-key-shelf-distilgpt2").get_by_text("in this app's cache").wait_for(timeout=90_000)
    first, second = hub.fetched("model.safetensors")
    assert first == "" and second.startswith("bytes=")
