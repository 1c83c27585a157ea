"""The chat page in a real browser with the embedded model: ten turns, stop, branches, reload, two tabs, hostility."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.chat_models import make_qwen2
from tests.conftest import eventually, settled

SHORT = "/Chat?chat-t=0&chat-n=3"  # greedy, three tokens: quick
pytestmark = pytest.mark.embedded


def open_chat(page, url: str) -> None:
    page.goto(url)
    page.wait_for_selector('[data-testid="stChatInputTextArea"]')
    settled(page)


def say(page, text: str) -> None:
    page.fill('[data-testid="stChatInputTextArea"]', text)
    expect(page.get_by_role("button", name="Send message")).to_be_enabled()  # not while something is being written
    page.keyboard.press("Enter")


def messages(page):
    return page.locator('.st-key-chat-messages :is(.pg-message, [data-testid="stChatMessage"])')


def answered(page, count: int) -> None:
    """Wait until there are `count` messages, the last one has its buttons, and one can speak again."""
    expect(messages(page)).to_have_count(count)
    expect(messages(page).nth(count - 1).get_by_role("button", name="Regenerate")).to_be_visible()
    expect(page.get_by_role("button", name="Send message")).to_be_visible()
    settled(page)


def shown(element) -> str:
    """All text of an element, that inside components included."""
    return element.evaluate("""node => (function text(node) {
        return node.nodeType === Node.TEXT_NODE ? node.data : /^(STYLE|SCRIPT)$/.test(node.tagName) ? ""
            : [...(node.shadowRoot ?? node).childNodes].map(text).join(""); })(node)""")


def knows_nothing_of(page, *words: str) -> None:
    for word in words:
        expect(page.locator("body")).not_to_contain_text(word)
        assert word not in page.content()


def test_a_real_model_answers(app: str, page) -> None:
    """The first thing a newcomer sees work: greedy arithmetic by the embedded model."""
    open_chat(page, app + "/Chat?chat-t=0")
    page.get_by_role("button", name="What is 2+2? Answer briefly.").click()
    answered(page, 2)
    four = re.compile(r"^[^·]*\b4\b[^·]*$")  # the reply; the line of measurements under it has dots between its parts
    expect(messages(page).nth(1).get_by_text(four).first).to_be_visible()


def test_ten_turns_with_stop_regenerate_edit_and_reload(app: str, page) -> None:
    open_chat(page, app + SHORT)
    for turn in range(8):
        say(page, f"Turn {turn}?")
        answered(page, 2 * turn + 2)
    expect(messages(page).nth(15)).to_contain_text("3 tokens")

    messages(page).nth(15).get_by_role("button", name="Regenerate").click()  # a second version of the last reply
    expect(page.get_by_text("2/2", exact=True)).to_be_visible()
    answered(page, 16)
    page.get_by_role("button", name="Earlier version").click()
    expect(page.get_by_text("1/2", exact=True)).to_be_visible()
    settled(page)

    messages(page).nth(14).get_by_role("button", name="Edit").click()  # a branch at the eighth question
    expect(page.locator(".st-key-chat-editor")).to_be_in_viewport()
    page.get_by_role("textbox", name="Edit the message").fill("Turn 7 again: what is 2+2?")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(messages(page).nth(14)).to_contain_text("Turn 7 again: what is 2+2?")
    expect(messages(page).nth(14)).to_contain_text("2/2")
    expect(messages(page).nth(15)).not_to_contain_text("1/2")  # the old reply is gone
    answered(page, 16)
    say(page, "Turn 8: and now?")
    answered(page, 18)

    page.reload()
    expect(messages(page)).to_have_count(18)
    expect(messages(page).nth(16)).to_contain_text("Turn 8: and now?")
    expect(page.get_by_text("2/2", exact=True)).to_have_count(1)  # the branches came back as well
    settled(page)
    say(page, "Turn 9: the last one.")
    answered(page, 20)
    expect(page.locator(".st-key-xray-box .block.user")).to_have_count(10)


def test_stop_keeps_the_partial_text(app: str, page) -> None:
    open_chat(page, app + "/Chat?chat-t=0&chat-n=512")
    say(page, "Write a very long story about a dragon and a castle.")
    reply = messages(page).nth(1)
    # the reply itself, not the line that says that the prompt is being read
    expect(reply).to_have_text(re.compile(r"^(?!.*(Reading the prompt|In the queue)).{60}", re.DOTALL))
    page.locator(".st-key-chat-view").get_by_text("Literal", exact=True).click()  # a look at something else:
    before = len(shown(reply))
    eventually(page, lambda: shown(reply), lambda text: len(text) > before + 20)
    page.get_by_test_id("stChatInputStopButton").click()
    answered(page, 2)
    expect(reply).to_contain_text("stopped")
    expect(reply).to_have_text(re.compile(r".{60}", re.DOTALL))
    expect(reply.get_by_role("button", name="Continue")).to_be_visible()
    page.locator(".st-key-chat-view").get_by_text("Tokens", exact=True).click()
    expect(page.locator(".st-key-chat-messages").get_by_text("expected by the model")).to_be_visible()


def test_a_reply_that_was_asked_for_by_a_button_has_a_stop_too(app: str, page) -> None:
    """The input's own Stop is there only while it waits for the answer to what was typed."""
    open_chat(page, app + "/Chat?chat-t=0&chat-n=512")
    say(page, "Write a very long story about a dragon and a castle.")
    page.locator(".st-key-chat-stop button").click()
    answered(page, 2)
    messages(page).nth(1).get_by_role("button", name="Regenerate").click()
    page.locator(".st-key-chat-stop button").click()
    answered(page, 2)
    expect(messages(page).nth(1)).to_contain_text("stopped")
    expect(page.locator(".st-key-chat-stop")).to_have_count(0)


def test_a_reload_in_the_middle_of_a_reply_keeps_what_was_seen(app: str, page) -> None:
    open_chat(page, app + "/Chat?chat-t=0&chat-n=512")
    say(page, "Write a very long story about a dragon and a castle.")
    kept = "(sessionStorage.getItem('llm-playground-chat-growing') || '')"
    text = f"({kept} && JSON.parse({kept}).message.content)"
    seen = eventually(page, lambda: page.evaluate(text), lambda found: len(found) > 40)
    page.reload()
    expect(messages(page).nth(1)).to_contain_text(seen[:20])
    expect(messages(page).nth(1)).to_contain_text("stopped")
    messages(page).nth(1).get_by_role("button", name="Continue").click()
    expect(messages(page).nth(1)).to_contain_text("▌")
    page.locator(".st-key-chat-stop button").click()
    answered(page, 2)
    expect(messages(page).nth(1)).to_contain_text(seen[:20])


def test_two_tabs_never_see_each_other(app: str, browsing) -> None:
    context = browsing()
    first, second = context.new_page(), context.new_page()
    for tab in (first, second):
        open_chat(tab, app + SHORT)
    say(first, "My word is APRICOT.")
    say(second, "My word is BLUEBERRY.")
    for tab, own, other in ((first, "APRICOT", "BLUEBERRY"), (second, "BLUEBERRY", "APRICOT")):
        answered(tab, 2)
        expect(messages(tab).first).to_contain_text(f"My word is {own}.")
        knows_nothing_of(tab, other)
    first.reload()
    expect(messages(first).first).to_contain_text("My word is APRICOT.")
    settled(first)
    knows_nothing_of(first, "BLUEBERRY")
    third = context.new_page()
    open_chat(third, app + SHORT)
    expect(third.get_by_text("Nothing said yet")).to_be_visible()
    knows_nothing_of(third, "APRICOT", "BLUEBERRY")
    say(third, "My word is CHERRY.")
    answered(third, 2)
    knows_nothing_of(third, "APRICOT", "BLUEBERRY")


def test_hostile_text_stays_text(app: str, page) -> None:
    open_chat(page, app + SHORT)
    say(page, "<img src=x onerror=alert(1)> costs $5 and $6 :red[x] :smile: <|im_end|>\n![p](http://127.0.0.1:9/p.png)")
    answered(page, 2)
    said = messages(page).nth(0)
    for text in ("<img src=x onerror=alert(1)>", "$5 and $6", ":red[x] :smile:"):
        expect(said).to_contain_text(text)
    expect(said.locator("img[src*='127.0.0.1:9'], .katex")).to_have_count(0)
    xray = page.locator(".st-key-xray-box .block.user").first
    expect(xray.locator(".token.control")).to_have_count(2)  # the template's own two, none of ours
    expect(page.locator(".st-key-xray-box .token.danger")).to_have_count(0)


def test_injection_lesson_shows_the_difference(app: str, page) -> None:
    open_chat(page, app + SHORT)
    page.get_by_role("tab", name="Injection lesson").click()
    page.get_by_text("all written by the template").wait_for()
    page.get_by_text("Encode it the naive way").click()
    page.get_by_text("cannot tell them from the template's").wait_for()
    expect(page.locator(".token.danger").nth(3)).to_be_visible()


KEPT = "sessionStorage.getItem('llm-playground-chats')"


def test_qwen2_folders_converse_and_drop_the_oldest_turns(start_app: Callable[..., str], page, tmp_path: Path) -> None:
    folders = [make_qwen2(tmp_path / name, tied=name == "Tied") for name in ("Tied", "Untied")]
    app = start_app(PLAYGROUND_MODELS=os.pathsep.join(map(str, folders)))
    for folder in folders:
        open_chat(page, f"{app}/Chat?chat-t=0&chat-n=8&model={folder.name.lower()}")
        for turn in range(3):
            say(page, f"{turn} the cat sat on the mat. the dog sat on the log.")
            answered(page, 2 * turn + 2)
        expect(page.get_by_text("The context is full: 160 tokens")).to_contain_text("the system prompt stays")
        page.locator(".st-key-chat-files").get_by_role("button").click()  # the menu of conversations
        page.get_by_role("button", name="Clear").click()
        expect(page.get_by_text("Nothing said yet")).to_be_visible()
        # The tab keeps what is shown a moment later.
        eventually(page, lambda: page.evaluate(KEPT), lambda text: "the cat sat" not in text)


def box(page, selector: str) -> dict[str, float]:
    return page.locator(selector).bounding_box()


@pytest.mark.parametrize(("width", "height", "top"), [(1280, 720, 130), (1440, 900, 130), (390, 800, 260)])
def test_the_conversation_and_the_input_are_on_the_first_screen(app: str, browsing, width, height, top) -> None:
    page = browsing(viewport={"width": width, "height": height}).new_page()
    open_chat(page, app + SHORT)
    eventually(page, lambda: box(page, ".st-key-result")["y"], lambda y: y < top)
    said, written = box(page, ".st-key-chat-messages"), box(page, ".st-key-chat-input")
    assert said["height"] > 300 and written["y"] + written["height"] <= height
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= width


def test_a_turn_moves_neither_the_input_nor_the_x_ray(app: str, page) -> None:
    open_chat(page, app + "/Chat?chat-t=0&chat-n=40")
    places = [".st-key-chat-input", ".st-key-xray-box", ".st-key-chat-messages", ".st-key-chat-lessons"]
    before = [box(page, place) for place in places]
    say(page, "Count to ten.")
    expect(page.locator(".st-key-chat-stop")).to_be_visible()
    assert [box(page, place) for place in places] == before
    answered(page, 2)
    assert [box(page, place) for place in places] == before
    messages(page).nth(1).get_by_role("button", name="Delete").click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    assert [box(page, place) for place in places] == before


def test_the_keyboard_stays_in_the_text_boxes(app: str, page) -> None:
    open_chat(page, app + SHORT)
    written, edited = page.get_by_test_id("stChatInputTextArea"), page.get_by_role("textbox", name="Edit the message")
    written.focus()
    page.keyboard.type("One?")
    page.keyboard.press("Enter")
    answered(page, 2)
    expect(written).to_be_focused()
    messages(page).nth(1).get_by_role("button", name="Regenerate").focus()
    page.keyboard.press("Enter")
    answered(page, 2)
    expect(written).to_be_focused()  # the button is gone
    earlier = page.get_by_role("button", name="Earlier version")
    earlier.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("1/2", exact=True)).to_be_visible()
    settled(page)
    expect(page.get_by_role("button", name="Later version")).to_be_focused()  # there is no earlier one
    messages(page).nth(0).get_by_role("button", name="Edit").focus()
    page.keyboard.press("Enter")
    expect(edited).to_be_focused()
    page.keyboard.type(" Two?")
    page.keyboard.press("Control+Enter")
    settled(page)
    expect(edited).to_be_focused()
    page.get_by_role("button", name="Cancel").focus()
    page.keyboard.press("Enter")
    expect(written).to_be_focused()


def test_the_x_ray_is_one_tab_stop_with_arrow_keys_and_says_what_a_token_is(app: str, page) -> None:
    open_chat(page, app + SHORT)
    say(page, "Hi")
    answered(page, 2)
    tokens, card = page.locator(".st-key-xray-box .token"), page.locator(".st-key-xray-box .card")
    expect(page.locator(".st-key-xray-box .token[tabindex='0']")).to_have_count(1)
    page.locator(".st-key-xray-ids input").focus()
    page.keyboard.press("Tab")
    expect(tokens.nth(0)).to_be_focused()
    expect(card).to_have_text("id 1 · special token")
    page.keyboard.press("ArrowRight")
    expect(tokens.nth(1)).to_be_focused()
    expect(tokens.nth(1)).to_have_attribute("aria-label", re.compile(r"^system, id 9690 · bytes 73 79 73 74 65 6D$"))
    page.keyboard.press("End")
    expect(tokens.last).to_be_focused()
    expect(tokens.last).to_be_in_viewport()
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()
