"""The tokenizers page in a real browser: typing, hovering, the merge stepper, links, a megabyte."""

import json
from urllib.parse import urlencode

from playwright.sync_api import expect

from lib.tokenization import bpe, load, texts
from lib.tokenization.bpe_tokenizer import BPETokenizer
from lib.tokenization.display import label
from tests.conftest import paste, settled

ROWS = ".st-key-compare-rows"
AREA = ".st-key-compare-text textarea"


def open_page(page, app: str, **query: object) -> None:
    page.goto(f"{app}/Tokenizers?{urlencode(query, doseq=True)}")
    page.wait_for_selector(f"{ROWS} .row")
    settled(page)


def row(page, name: str):
    return page.locator(f'{ROWS} .row[data-tokenizer="{name}"]')


def counted(page, name: str, count: int) -> None:
    """Wait until a row shows this count."""
    page.wait_for_function(
        """([within, selector, start]) => [...document.querySelectorAll(within + " *")].some(
             e => e.shadowRoot?.querySelector(selector)?.textContent.startsWith(start))""",
        arg=[ROWS, f"[data-tokenizer='{name}'] .count", f"{count:,} token"],
    )


def test_typing_answers_without_enter(page, app: str) -> None:
    open_page(page, app)
    page.locator(AREA).fill("")
    page.locator(AREA).press_sequentially("Token by token 🚀")
    for name in ("gpt2", "cl100k_base", "o200k_base", "qwen"):
        counted(page, name, len(load(name).ids("Token by token 🚀")))
    chips = row(page, "gpt2").locator(".chip").all_text_contents()
    assert chips == [label(token.data) for token in load("gpt2").encode("Token by token 🚀")]
    assert page.locator(AREA).input_value() == "Token by token 🚀"


def test_hovering_lights_the_same_characters_everywhere(page, app: str) -> None:
    text = "a star 🌟 twinkles"
    open_page(page, app, text=text)
    tokens = load("gpt2").encode(text)
    n = next(i for i, token in enumerate(tokens) if token.data == b"\x9f")
    row(page, "gpt2").locator(".chip").nth(n).hover()
    card = page.locator(f"{ROWS} .card")
    card.wait_for(state="visible")
    said = card.inner_text()
    assert str(tokens[n].id) in said and "9F" in said and "GLOWING STAR" in said and "🌟" in said
    for name in ("gpt2", "cl100k_base", "o200k_base", "qwen"):
        expected = [
            label(t.data) for t in load(name).encode(text) if t.start < tokens[n].end and t.end > tokens[n].start
        ]
        assert row(page, name).locator(".chip.lit").all_text_contents() == expected
    assert row(page, "gpt2").locator(".group .of").all_text_contents() == ["␣🌟"]
    page.mouse.move(2, 2)
    card.wait_for(state="hidden")
    row(page, "gpt2").locator(".chip").first.focus()
    page.keyboard.press("ArrowRight")
    card.wait_for(state="visible")
    assert f"id\n{tokens[1].id}\n" in card.inner_text()
    page.keyboard.press("Escape")
    card.wait_for(state="hidden")


def test_white_space_is_drawn_as_it_is_with_the_switch_off(page, app: str) -> None:
    text = "a\tb  c\nd"
    open_page(page, app, text=text, spaces="false")
    assert "".join(row(page, "gpt2").locator(".chip").all_text_contents()) == text.replace("\n", "")
    assert row(page, "gpt2").locator(".chips br").count() == 1


def test_the_card_explains_only_signs_of_the_vocabulary(page, app: str) -> None:
    open_page(page, app, text="a ## b")
    row(page, "gpt2").locator(".chip").nth(1).hover()
    card = page.locator(f"{ROWS} .card")
    card.wait_for(state="visible")
    assert "Ġ is how this vocabulary writes a space." in card.inner_text()
    assert "continues the word" not in card.inner_text() and "stand-in" not in card.inner_text()
    assert "characters 2 to 4" in card.inner_text()


def test_markup_is_text(page, app: str) -> None:
    text = "<img src=x onerror=alert(1)> **b** $x^2$ :red[no]"
    alerts: list[str] = []
    page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
    open_page(page, app, text=text, spaces="false")
    assert "".join(row(page, "gpt2").locator(".chip").all_text_contents()) == text
    assert not alerts and page.locator(f"{ROWS} img").count() == 0


def test_a_link_restores_text_tokenizers_and_switches(page, app: str) -> None:
    text = "shared 42\nlines & more"
    open_page(page, app, text=text, tokenizers=["Words", "o200k_base"], show="Ids")
    expect(page.locator(AREA)).to_have_value(text)
    expect(page.locator(f"{ROWS} .row")).to_have_count(2)
    assert row(page, "o200k_base").locator(".chip").all_text_contents() == [
        str(i) for i in load("o200k_base").ids(text)
    ]
    page.locator(AREA).fill("typed anew é")
    counted(page, "o200k_base", len(load("o200k_base").ids("typed anew é")))
    page.wait_for_url("**text=typed+anew+%C3%A9**")
    page.reload()
    expect(page.locator(AREA)).to_have_value("typed anew é", timeout=30_000)
    expect(page.locator(f"{ROWS} .row")).to_have_count(2, timeout=30_000)


def test_ids_are_copied(page, app: str) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_page(page, app, text="copy these ids")
    row(page, "gpt2").get_by_role("button", name="Copy ids").click()
    row(page, "gpt2").get_by_text("Copied").wait_for()
    assert json.loads(page.evaluate("navigator.clipboard.readText()")) == load("gpt2").ids("copy these ids")


def test_a_megabyte_is_counted_and_its_start_is_shown(page, app: str) -> None:
    text = (texts.corpus() * 500)[:1_000_000]
    open_page(page, app)
    page.locator(AREA).evaluate("(area, text) => { area.value = text; area.dispatchEvent(new Event('input')); }", text)
    for name in ("gpt2", "cl100k_base"):
        counted(page, name, len(load(name).ids(text)))
    assert "more are counted, not drawn" in row(page, "gpt2").locator(".more").inner_text()
    assert 0 < row(page, "gpt2").locator(".chip").count() <= 1500
    assert "text=" not in page.url


def test_a_megabyte_of_lines_is_pasted_and_typed_over(page, app: str) -> None:
    open_page(page, app)
    lines = "Every one of these many lines is the same.\n" * 22_000  # minutes, if an expander slows the editing down
    for text in (lines, lines[:-20], "short again"):
        paste(page, page.locator(AREA), text)
        counted(page, "gpt2", len(load("gpt2").ids(text)))
    page.keyboard.press("Control+a")
    page.keyboard.type("typed")
    counted(page, "gpt2", len(load("gpt2").ids("typed")))


def test_a_long_text_has_the_direction_of_its_first_letter(page, app: str) -> None:
    open_page(page, app)
    for text, direction in (("12 שלום " * 4_000, "rtl"), ("שלום", "auto"), ("12 peace, سلام " * 2_000, "ltr")):
        paste(page, page.locator(AREA), text)
        counted(page, "gpt2", len(load("gpt2").ids(text)))
        assert page.locator(AREA).get_attribute("dir") == direction


def test_the_merge_stepper_replays_training_in_the_browser(page, app: str) -> None:
    open_page(page, app, learn="BPE")
    stepper = page.locator(".st-key-stepper .stepper")
    slider = stepper.locator("input[type=range]")
    words = bpe.cut(texts.corpus())
    steps = list(bpe.train(texts.corpus(), vocab_size=456))
    for step in (1, 57, 200):
        slider.fill(str(step))
        tokenizer = BPETokenizer(steps[:step])
        after = stepper.locator(".panel").last
        start = int(after.locator(".text").get_attribute("data-start"))
        shown = words[start : start + 130]
        expected = [label(tokenizer.token_bytes(i)) for word in shown for i in tokenizer.ids(word)]
        assert after.locator(".sym").all_text_contents() == expected
        assert after.locator(".made").first.text_content() == label(tokenizer.token_bytes(steps[step - 1].new_id))
        assert f"{steps[step - 1].count:,} times; {steps[step - 1].tokens_left:,} tokens" in stepper.inner_text()
    slider.fill("0")
    stepper.get_by_role("button", name="play or pause").click()
    page.wait_for_function("n => [...document.querySelectorAll('*')].some(e => Number(e.shadowRoot?.querySelector("
                           "'.stepper input')?.value) >= n)", arg=2)  # fmt: skip
    stepper.get_by_role("button", name="play or pause").click()
    stopped = slider.input_value()
    page.wait_for_timeout(900)
    assert slider.input_value() == stopped
