"""The tokenizers page in a real browser: typing, hovering, the merge stepper, links, a megabyte."""

import json
import re
from contextlib import closing
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Locator, expect

from lib.tokenization import bpe, load, texts
from lib.tokenization.bpe_tokenizer import BPETokenizer
from lib.tokenization.display import label
from tests.conftest import PATIENCE, eventually, paste, settled, without_animations

ROWS = ".st-key-compare-rows"
AREA = ".st-key-compare-text textarea"


def open_page(page, app: str, **query: object) -> None:
    if "learn" not in query:
        query.setdefault("rows", "Real tokenizers")
    page.goto(f"{app}/Tokenizers?{urlencode(query, doseq=True)}")
    page.wait_for_selector(f"{ROWS} .row")
    settled(page)


@pytest.fixture(scope="module")
def opened(chromium, app: str):
    """The page with the real tokenizers, opened once for the tests that write a text of their own."""
    with closing(without_animations(chromium.new_context())) as context:
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        open_page(page, app)
        yield page


@pytest.fixture
def bench(opened):
    """The same page, the pointer in a corner and the window as high as in the other tests."""
    opened.set_viewport_size({"width": 1280, "height": 900})
    opened.mouse.move(2, 2)
    return opened


def write(page, text: str) -> None:
    """Put a short text in the place of the one before, and wait for its tokens."""
    page.locator(AREA).fill(text)
    page.locator(AREA).blur()
    shows(page, row(page, "gpt2").locator(".chip"), [label(token.data) for token in load("gpt2").encode(text)])


def row(page, name: str):
    return page.locator(f'{ROWS} .row[data-tokenizer="{name}"]')


def shows(page, locator, expected: list[str]) -> None:
    """Wait until these elements have exactly these texts, white space included."""
    eventually(page, locator.all_text_contents, lambda seen: seen == expected)


def reads(page, locator, expected: str) -> None:
    """Wait until the texts of these elements, one after the other, are this."""
    eventually(page, lambda: "".join(locator.all_text_contents()), lambda seen: seen == expected)


def point(page, chip, card) -> None:
    """Point at a chip until its card shows: what is still being drawn above may push it away from under the pointer."""

    def pointed() -> bool:
        chip.hover()
        return card.is_visible()

    eventually(page, pointed, bool)


def counted(page, name: str, count: int) -> None:
    """Wait until a row shows this count."""
    page.wait_for_function(
        """([within, selector, start]) => [...document.querySelectorAll(within + " *")].some(
             e => e.shadowRoot?.querySelector(selector)?.textContent.startsWith(start))""",
        arg=[ROWS, f"[data-tokenizer='{name}'] .count", f"{count:,} token"],
    )


def test_typing_answers_without_enter(bench) -> None:
    bench.locator(AREA).fill("")
    bench.locator(AREA).press_sequentially("Token by token 🚀")
    for name in ("gpt2", "cl100k_base", "o200k_base", "qwen"):
        counted(bench, name, len(load(name).ids("Token by token 🚀")))
    shows(
        bench,
        row(bench, "gpt2").locator(".chip"),
        [label(token.data) for token in load("gpt2").encode("Token by token 🚀")],
    )
    expect(bench.locator(AREA)).to_have_value("Token by token 🚀")


def test_hovering_lights_the_same_characters_everywhere(bench) -> None:
    text = "a star 🌟 twinkles"
    write(bench, text)
    tokens = load("gpt2").encode(text)
    n = next(i for i, token in enumerate(tokens) if token.data == b"\x9f")
    card = bench.locator(f"{ROWS} .card")
    point(bench, row(bench, "gpt2").locator(".chip").nth(n), card)
    for said in (str(tokens[n].id), "9F", "GLOWING STAR", "🌟"):
        expect(card).to_contain_text(said)
    for name in ("gpt2", "cl100k_base", "o200k_base", "qwen"):
        expected = [
            label(t.data) for t in load(name).encode(text) if t.start < tokens[n].end and t.end > tokens[n].start
        ]
        shows(bench, row(bench, name).locator(".chip.lit"), expected)
    shows(bench, row(bench, "gpt2").locator(".group .of"), ["␣🌟"])
    bench.mouse.move(2, 2)
    expect(card).to_be_hidden()
    row(bench, "gpt2").locator(".chip").first.focus()
    bench.keyboard.press("ArrowRight")
    expect(card).to_be_visible()
    expect(card).to_have_text(re.compile(rf"\bid\s+{tokens[1].id}\s"), use_inner_text=True)
    bench.keyboard.press("Escape")
    expect(card).to_be_hidden()


def test_tokens_are_reached_and_named_with_the_keyboard(bench) -> None:
    text = "a star 🌟 twinkles"
    write(bench, text)
    gpt2 = load("gpt2").encode(text)
    row(bench, "gpt2").locator(".chip").first.focus()
    bench.keyboard.press("End")
    last = row(bench, "gpt2").locator(".chip").last
    expect(last).to_be_focused()
    name = f"{label(gpt2[-1].data)}, id {gpt2[-1].id}, token {len(gpt2)} of {len(gpt2)} tokens"
    expect(last).to_have_accessible_name(name)
    expect(row(bench, "gpt2").locator(".chip[tabindex='0']")).to_have_count(1)
    start = gpt2[-1].start
    for below in ("cl100k_base", "o200k_base", "qwen"):  # the token there that has the first of these characters
        bench.keyboard.press("ArrowDown")
        tokens = load(below).encode(text)
        n = next(i for i, token in enumerate(tokens) if token.end > start)
        chip, start = row(bench, below).locator(".chip").nth(n), tokens[n].start
        expect(chip).to_be_focused()
    card = bench.locator(f"{ROWS} .card")
    bench.keyboard.press("Enter")
    bench.mouse.move(2, 2)
    expect(card).to_be_visible()
    expect(chip).to_be_focused()
    bench.keyboard.press("Enter")
    expect(card).to_be_hidden()


def test_a_card_covers_neither_the_rows_nor_what_is_typed(bench) -> None:
    card = bench.locator(f"{ROWS} .card")
    for viewport in ({"width": 1280, "height": 720}, {"width": 390, "height": 500}):
        bench.set_viewport_size(viewport)
        settled(bench)
        for name in ("gpt2", "qwen"):
            point(bench, row(bench, name).locator(".chip").first, card)
            box, area = card.bounding_box(), bench.locator(AREA).bounding_box()
            assert box["y"] >= area["y"] + area["height"] or box["y"] + box["height"] <= area["y"]
            if viewport["width"] == 1280:
                rows = bench.locator(f"{ROWS} .list").bounding_box()
                assert box["x"] >= rows["x"] + rows["width"]


def test_a_text_of_several_lines_opens_over_the_page(bench) -> None:
    write(bench, "one")
    rows, area = bench.locator(ROWS), bench.locator(AREA)
    top, low = rows.bounding_box()["y"], area.bounding_box()["height"]
    area.focus()
    bench.keyboard.press("End")
    bench.keyboard.press("Enter")  # takes the text
    expect(area).to_be_focused()
    expect(area).to_have_value("one")
    for line in ("two", "three"):
        bench.keyboard.press("Shift+Enter")
        bench.keyboard.type(line)
    counted(bench, "gpt2", len(load("gpt2").ids("one\ntwo\nthree")))
    assert area.bounding_box()["height"] >= low + 40
    assert rows.bounding_box()["y"] == top
    area.blur()
    eventually(bench, lambda: area.bounding_box()["height"], lambda height: height == low)


def test_the_result_is_seen_at_once(page, app: str) -> None:
    page.set_viewport_size({"width": 1280, "height": 720})
    open_page(page, app)
    assert page.locator(".st-key-result").bounding_box()["y"] <= 150
    last = page.locator(f"{ROWS} .row").last.bounding_box()
    assert last["y"] + last["height"] <= 720


def test_a_link_to_a_lesson_brings_it_into_view_and_the_tabs_go_into_the_link(page, app: str) -> None:
    open_page(page, app, learn="BPE", rows="Real tokenizers")
    expect(page.locator(".st-key-stepper .stepper")).to_be_in_viewport()
    page.get_by_role("tab", name="Where two cut").click()
    page.wait_for_url("**tab=Where+two+cut**")
    expect(page).not_to_have_url(re.compile("learn="))
    page.get_by_role("tab", name="Compare").click()
    page.wait_for_function("!location.search.includes('tab=')")
    page.reload()
    expect(page.get_by_role("tab", name="Compare")).to_have_attribute("aria-selected", "true")
    page.get_by_role("tab", name="Learn").click()
    page.get_by_role("radio", name="Special tokens").click()
    page.wait_for_url("**learn=Special+tokens**")
    page.reload()
    expect(page.get_by_text("Some token IDs are no text at all")).to_be_visible()


def test_the_focus_stays_in_the_stepper_at_its_end(page, app: str) -> None:
    open_page(page, app, learn="BPE", merges=10)
    last = page.locator(".st-key-stepper").get_by_role("button", name="to the end")
    last.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".st-key-stepper .where")).to_have_text("10 of 10")
    expect(last).to_be_focused()
    expect(last).to_have_attribute("aria-disabled", "true")


def test_the_learned_merges_are_played_on_a_typed_text(page, app: str) -> None:
    open_page(page, app, learn="BPE")
    tokenizer = BPETokenizer(bpe.train(texts.corpus(), vocab_size=456))
    player = page.locator(".st-key-player")
    field = page.get_by_label("Text to encode")
    field.fill("the thing")
    field.press("Enter")
    used = tokenizer.applied("the thing")
    expect(player.locator(".where")).to_have_text(f"0 of {len(used)}")
    player.get_by_role("button", name="one merge on").click()
    expect(player.locator(".say")).to_contain_text(f"Merge {used[0]} of training")
    player.get_by_role("button", name="to the end").click()
    shows(page, player.locator(".sym"), [label(token.data) for token in tokenizer.encode("the thing")])


def test_white_space_is_drawn_as_it_is_with_the_switch_off(page, app: str) -> None:
    text = "a\tb  c\nd"
    open_page(page, app, text=text, spaces="false")
    reads(page, row(page, "gpt2").locator(".chip"), text.replace("\n", ""))
    expect(row(page, "gpt2").locator(".chips br")).to_have_count(1)


def test_the_card_explains_only_signs_of_the_vocabulary(bench) -> None:
    write(bench, "a ## b")
    card = bench.locator(f"{ROWS} .card")
    point(bench, row(bench, "gpt2").locator(".chip").nth(1), card)
    expect(card).to_contain_text("Ġ is how this vocabulary writes a space.")
    expect(card).to_contain_text("characters 2 to 4")
    expect(card).not_to_contain_text("continues the word")
    expect(card).not_to_contain_text("stand-in")


def test_markup_is_text(page, app: str) -> None:
    text = "<img src=x onerror=alert(1)> **b** $x^2$ :red[no]"
    alerts: list[str] = []
    page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
    open_page(page, app, text=text, spaces="false")
    reads(page, row(page, "gpt2").locator(".chip"), text)
    expect(page.locator(f"{ROWS} img")).to_have_count(0)
    assert not alerts


def test_a_link_restores_text_tokenizers_and_switches(page, app: str) -> None:
    text = "shared 42\nlines & more"
    open_page(page, app, text=text, tokenizers=["Words", "o200k_base"], show="Ids")
    expect(page.locator(AREA)).to_have_value(text)
    expect(page.locator(f"{ROWS} .row")).to_have_count(2)
    shows(page, row(page, "o200k_base").locator(".chip"), [str(i) for i in load("o200k_base").ids(text)])
    page.locator(AREA).fill("typed anew é")
    counted(page, "o200k_base", len(load("o200k_base").ids("typed anew é")))
    page.wait_for_url("**text=typed+anew+%C3%A9**")
    page.reload()
    expect(page.locator(AREA)).to_have_value("typed anew é")
    expect(page.locator(f"{ROWS} .row")).to_have_count(2)


def test_ids_are_copied(bench) -> None:
    bench.context.grant_permissions(["clipboard-read", "clipboard-write"])
    write(bench, "copy these ids")
    row(bench, "gpt2").get_by_role("button", name="Copy IDs").click()
    row(bench, "gpt2").get_by_text("Copied").wait_for()
    copied = bench.evaluate("navigator.clipboard.readText()")  # it says so when they are there
    assert json.loads(copied) == load("gpt2").ids("copy these ids")


def test_a_megabyte_is_counted_and_its_start_is_shown(bench) -> None:
    text = (texts.corpus() * 500)[:1_000_000]
    bench.locator(AREA).evaluate("(area, text) => { area.value = text; area.dispatchEvent(new Event('input')); }", text)
    for name in ("gpt2", "cl100k_base"):
        counted(bench, name, len(load(name).ids(text)))
    expect(row(bench, "gpt2").locator(".more")).to_contain_text("more are counted, not drawn")
    eventually(bench, row(bench, "gpt2").locator(".chip").count, lambda drawn: 0 < drawn <= 1500)
    settled(bench)
    expect(bench).not_to_have_url(re.compile("text="))


def test_a_megabyte_of_lines_is_pasted_and_typed_over(bench) -> None:
    lines = "Every one of these many lines is the same.\n" * 22_000  # minutes, if an expander slows the editing down
    for text in (lines, lines[:-20], "short again"):
        paste(bench, bench.locator(AREA), text)
        counted(bench, "gpt2", len(load("gpt2").ids(text)))
    bench.keyboard.press("Control+a")
    bench.keyboard.type("typed")
    counted(bench, "gpt2", len(load("gpt2").ids("typed")))


def test_a_long_text_has_the_direction_of_its_first_letter(bench) -> None:
    for text, direction in (("12 שלום " * 4_000, "rtl"), ("שלום", "auto"), ("12 peace, سلام " * 2_000, "ltr")):
        paste(bench, bench.locator(AREA), text)
        counted(bench, "gpt2", len(load("gpt2").ids(text)))
        expect(bench.locator(AREA)).to_have_attribute("dir", direction)


def test_the_merge_stepper_replays_training_in_the_browser(page, app: str) -> None:
    open_page(page, app, learn="BPE")
    stepper = page.locator(".st-key-stepper .stepper")
    slider = stepper.locator("input[type=range]")
    words = bpe.pre_tokenize(texts.corpus())
    steps = list(bpe.train(texts.corpus(), vocab_size=456))
    for step in (1, 57, 200):
        slider.fill(str(step))
        tokenizer = BPETokenizer(steps[:step])
        after = stepper.locator(".panel").last

        def right(seen: tuple[int, list[str]], tokenizer: BPETokenizer = tokenizer) -> bool:
            shown = words[seen[0] : seen[0] + 130]
            return seen[1] == [label(tokenizer.token_bytes(i)) for word in shown for i in tokenizer.ids(word)]

        def read(after: Locator = after) -> tuple[int, list[str]]:
            return after.locator(".text").evaluate(
                "box => [Number(box.dataset.start), [...box.querySelectorAll('.sym')].map(one => one.textContent)]"
            )

        eventually(page, read, right)
        made = label(tokenizer.token_bytes(steps[step - 1].new_id))
        expect(after.locator(".made").first).to_have_text(made)
        expect(stepper).to_contain_text(
            f"{steps[step - 1].count:,} times; {steps[step - 1].tokens_left:,} tokens are left"
        )
    slider.fill("0")
    play = stepper.get_by_role("button", name="play or pause")
    play.click()
    expect(slider).to_have_value(re.compile(r"^([2-9]|\d\d+)$"))
    play.click()
    expect(play).to_have_text("Play")
    stopped = slider.input_value()
    page.wait_for_timeout(1800)  # no waiting for something to come: for two steps' time nothing may move
    assert slider.input_value() == stopped
