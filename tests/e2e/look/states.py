"""The pages, and how each gets into its main states: by roles, names and keys, never by places on the screen.

A state follows the one before it, in the same tab. Beside these, every tab of a page is a state of its own: `visit.py`
finds them by their role, and looks at the states `inside` a tab when it is open. `tabs` are those that must be there,
so that none is lost unnoticed.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import expect

from tests.conftest import settled

SLOW = 120_000  # ms: a model writes
Act = Callable[[Any], None]


@dataclass(frozen=True)
class State:
    """A name, and what leads to it from the state before. `steady`: nothing that was there may move by it.

    `leave` goes back to what was before.
    """

    name: str
    act: Act
    steady: bool = False
    unfolds: bool = False  # on a phone it opens in the place of the click and moves what is below
    leave: Act | None = None


@dataclass(frozen=True)
class Sheet:
    """A page: its address, what shows that it is drawn, its states, the tabs that it must have, states inside tabs."""

    name: str
    path: str
    ready: Act
    states: tuple[State, ...] = ()
    tabs: tuple[str, ...] = ()
    inside: Mapping[str, Callable[[Any], list[State]]] = field(default_factory=dict)


def shows(selector: str) -> Act:
    """Waits until an element is there."""
    return lambda page: page.locator(selector).first.wait_for(timeout=SLOW)


def options(key: str) -> Callable[[Any], list[State]]:
    """A state for every option of the segmented control `key` that is not chosen already."""

    def found(page: Any) -> list[State]:
        radios = page.locator(f".st-key-{key}").get_by_role("radio").all()
        return [State(one.inner_text().strip(), press(one)) for one in radios if not one.is_checked()]

    return found


def press(control: Any) -> Act:
    """Clicks a control that was found on the page."""
    return lambda _: control.click()


def _point(page: Any) -> None:
    page.locator(".river .token.next").nth(1).hover()
    page.locator(".river .card").wait_for()


def _take(page: Any) -> None:
    page.locator(".river .token.next").nth(1).click()
    page.locator(".river .token.is-taken.taken").wait_for()


def _question(page: Any) -> None:
    page.locator(".st-key-course-question button").click()
    page.get_by_test_id("stPopoverBody").wait_for()


def _box(page: Any) -> None:
    page.locator(".diagram [data-id=out]").click()
    page.get_by_role("heading", name="Output projection").wait_for()


def _passes(page: Any) -> list[State]:
    tabs = page.locator(".st-key-pass").get_by_role("tab")
    views = [State(name, press(tabs.filter(has_text=name))) for name in ("Attention maps", "Logits", "Logit lens")]
    return [*views, State("Logit lens of one token", press(page.get_by_text("One token, as curves")))]


def _real(page: Any) -> None:
    page.locator(".st-key-rows").get_by_role("radio", name="Real tokenizers").click()
    page.locator(".st-key-compare-rows .row[data-tokenizer=gpt2]").wait_for(timeout=SLOW)


def _ladder(page: Any) -> None:
    page.locator(".st-key-rows").get_by_role("radio", name="The ladder").click()
    page.locator(".st-key-compare-rows .row[data-tokenizer=word]").wait_for(timeout=SLOW)


def _row(page: Any) -> None:
    page.locator("button.row[data-id]").first.click()


def _settings(page: Any) -> None:
    page.locator(".st-key-header").get_by_test_id("stPopover").get_by_role("button").first.click()
    page.get_by_test_id("stPopoverBody").wait_for()


def _close(page: Any) -> None:
    page.keyboard.press("Escape")
    page.get_by_test_id("stPopoverBody").wait_for(state="detached")


def _run(page: Any) -> None:
    page.locator(".st-key-decoding-run button").click()
    page.locator(".dec-stats").nth(2).wait_for(timeout=SLOW)
    expect(page.locator(".st-key-decoding-run button")).to_be_enabled(timeout=SLOW)


def _card(page: Any) -> None:
    page.locator("[class*=st-key-decoding-card-] .tok").nth(2).click()
    page.locator(".card.shown").first.wait_for()


def _samples(page: Any) -> None:
    for key, number in (("count", "6"), ("length", "6")):
        field = page.locator(f".st-key-decoding-many-{key} input")
        field.fill(number)
        field.press("Enter")
        settled(page)
    page.locator(".st-key-decoding-many-run button").click()
    expect(page.locator(".st-key-decoding-many-stop button")).to_be_enabled(timeout=SLOW)
    expect(page.locator(".st-key-decoding-many-stop button")).to_be_disabled(timeout=SLOW)


def _train(page: Any) -> None:
    page.locator(".st-key-train-go button").click()
    expect(page.locator(".st-key-train-go button")).to_be_disabled(timeout=SLOW)  # an earlier run is no longer shown
    page.locator(".train-line").get_by_text(re.compile(r"step (\d+) of \1\b")).wait_for(timeout=5 * SLOW)
    expect(page.locator(".st-key-train-go button")).to_be_enabled(timeout=SLOW)


def _back(page: Any) -> None:
    page.get_by_role("button", name="The snapshot before").click()
    page.get_by_text("Open the model of step 0 in").wait_for(timeout=SLOW)


def _write(page: Any) -> None:
    ended = page.get_by_text(re.compile("ended its turn with|reached the maximum length"))
    page.get_by_role("button", name="Write all").click()
    expect(ended).not_to_have_count(0, timeout=SLOW)
    expect(page.locator(".st-key-cvc-stop button").first).to_be_disabled(timeout=SLOW)


def _say(page: Any) -> None:
    page.get_by_test_id("stChatInputTextArea").fill("What is 2+2? Answer briefly.")
    page.keyboard.press("Enter")
    page.locator(".pg-message").nth(1).get_by_role("button", name="Regenerate").wait_for(timeout=SLOW)


def _clicks(button: str, then: str) -> Act:
    """Clicks the button with this key and waits for what it leads to."""

    def act(page: Any) -> None:
        page.locator(f".st-key-{button} button").click()
        page.locator(then).first.wait_for(timeout=SLOW)
        settled(page)

    return act


SETTINGS = State("settings", _settings, steady=True, leave=_close)
SHEETS: tuple[Sheet, ...] = (
    Sheet(
        "Home",
        "/",
        shows(".river .token.next"),
        (State("a road pointed at", _point, steady=True), State("a road taken", _take, steady=True)),
    ),
    Sheet(
        "Tokenizers",
        "/Tokenizers",
        shows(".st-key-compare-rows .row"),
        (State("real tokenizers", _real, leave=_ladder),),
        tabs=("Learn", "Questions", "In short"),
        inside={"Learn": options("learn")},
    ),
    Sheet(
        "Architecture",
        "/Architecture",
        shows(".diagram .box"),
        (State("a box explained", _box, steady=True, unfolds=True),),
        tabs=("Module tree", "One linear layer", "Softmax by hand", "A live pass", "Questions", "In short"),
        inside={
            "Parameters": options("picture"),
            "Cost": options("cost-view"),
            "Two models": options("compare"),
            "A live pass": _passes,
        },
    ),
    Sheet(
        "Next Token",
        "/Next_Token",
        shows("button.row[data-id]"),
        (State("a token taken", _row, steady=True), SETTINGS),
        inside={"Compare two": options("compare-kind")},
    ),
    Sheet(
        "Decoding",
        "/Decoding?s=greedy~topk~beam&n=8",
        shows(".st-key-decoding-run button"),
        (State("after Run", _run, steady=True), State("a token's card", _card, steady=True), SETTINGS),
        inside={
            "Many samples": lambda _: [State("samples written", _samples)],
            "Beam tree": options("decoding-beam-tab"),
        },
    ),
    Sheet(
        "Training",
        "/Training?train-steps=20&train-context=32&train-batch=2&train-size=0.2+M+parameters",
        shows(".st-key-train-go button"),
        (State("trained", _train), State("an earlier snapshot", _back, steady=True), SETTINGS),
        tabs=("Samples over time", "Embeddings", "Sums", "Beliefs", "The dialogues", "The data", "In short"),
    ),
    Sheet(
        "Completion",
        "/Completion_vs_Chat?cvc-n=8",
        shows(".st-key-cvc-run button"),
        (State("after Write all", _write, steady=True), SETTINGS),
        tabs=("How a chat model is made", "What tuning adds", "Few-shot and prefill", "Questions", "In short"),
    ),
    Sheet(
        "Chat",
        "/Chat?chat-t=0&chat-n=12",
        shows('[data-testid="stChatInputTextArea"]'),
        (State("a reply", _say), SETTINGS),
        tabs=("Compare templates", "Injection lesson", "Questions", "In short"),
    ),
    Sheet(
        "Class",
        "/Class",
        shows(".st-key-class-open-button button"),
        (
            State("a room", _clicks("class-open-button", ".st-key-class-ask button")),
            State("a question", _clicks("class-ask", ".st-key-class-reveal button")),
            State("revealed", _clicks("class-reveal", ".st-key-class-ask button:not([disabled])"), steady=True),
        ),
        tabs=("Answers", "Leaderboard", "Calibration", "Students"),
    ),
    Sheet(
        "A step",
        "/Next_Token?prompt=Once+upon+a+time&step=10",
        shows("button.row[data-id]"),
        (State("its question", _question),),
    ),
    Sheet("Glossary", "/Glossary", shows("h2#vocabulary")),
)
