"""The pages, and how each gets into its main states: by roles, names and keys, never by places on the screen.

A state follows the one before it, in the same tab. Beside these, every tab of a page is a state of its own: `visit.py`
finds them by their role. `tabs` are those that must be there, so that none is lost unnoticed.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import expect

SLOW = 120_000  # ms: a model writes
Act = Callable[[Any], None]


@dataclass(frozen=True)
class State:
    """A name, and what leads to it from the state before. `steady`: nothing that was there may move by it."""

    name: str
    act: Act
    steady: bool = False


@dataclass(frozen=True)
class Sheet:
    """A page: its address, what shows that it is drawn, its states, the tabs that it must have."""

    name: str
    path: str
    ready: Act
    states: tuple[State, ...] = ()
    tabs: tuple[str, ...] = field(default=())


def shows(selector: str) -> Act:
    """Waits until an element is there."""
    return lambda page: page.locator(selector).first.wait_for(timeout=SLOW)


def click(role: str, name: str) -> Act:
    """Clicks what has this role and a name that contains `name`."""
    return lambda page: page.get_by_role(role, name=re.compile(name, re.I)).first.click()


def _bar(page: Any) -> None:
    page.locator(".st-key-home-bars button.bar").first.click()


def _road(page: Any) -> None:
    page.locator(".river [role=treeitem], .river .rival, .river path[tabindex]").first.hover()


def _box(page: Any) -> None:
    page.locator(".diagram [data-id=out]").click()
    page.get_by_role("heading", name="Output projection").wait_for()


def _row(page: Any) -> None:
    page.locator("button.row[data-id]").first.click()


def _run(page: Any) -> None:
    page.locator(".st-key-decoding-run button").click()
    page.locator(".dec-stats").nth(1).wait_for(timeout=SLOW)


def _token_card(page: Any) -> None:
    page.locator(".tok").nth(2).click()
    page.locator(".card.shown").first.wait_for()


def _write(page: Any) -> None:
    page.get_by_role("button", name="Write all").click()
    expect(page.get_by_text(re.compile("ended its turn with|reached the maximum length"))).not_to_have_count(
        0, timeout=SLOW
    )
    expect(page.get_by_role("button", name="Write all")).to_be_enabled(timeout=SLOW)


def _say(page: Any) -> None:
    page.get_by_test_id("stChatInputTextArea").fill("What is 2+2? Answer briefly.")
    page.keyboard.press("Enter")
    page.get_by_test_id("stChatMessage").nth(1).get_by_role("button", name="Regenerate").wait_for(timeout=SLOW)


SHEETS: tuple[Sheet, ...] = (
    Sheet("Home", "/", shows(".st-key-home-bars button.bar"), (State("a token taken", _bar, steady=True),)),
    Sheet("Tokenizers", "/Tokenizers", shows(".st-key-compare-rows .row")),
    Sheet(
        "Architecture",
        "/Architecture",
        shows(".diagram .box"),
        (State("a box explained", _box, steady=True),),
        tabs=(
            "Block diagram",
            "Parameters",
            "Cost",
            "Module tree",
            "One linear layer",
            "Two models",
            "A live pass",
            "Questions",
            "In short",
            "Step by step",
            "Attention maps",
            "Logit lens",
            "Logits",
        ),
    ),
    Sheet("Next Token", "/Next_Token", shows("button.row[data-id]"), (State("a token taken", _row, steady=True),)),
    Sheet(
        "Decoding",
        "/Decoding?s=greedy~topk~beam&n=8",
        shows(".st-key-decoding-run button"),
        (State("after Run", _run, steady=True), State("a token's card", _token_card, steady=True)),
    ),
    Sheet(
        "Completion",
        "/Completion_vs_Chat?cvc-n=8",
        shows(".st-key-cvc-run button"),
        (State("after Write all", _write, steady=True),),
    ),
    Sheet("Chat", "/Chat?chat-t=0&chat-n=12", shows('[data-testid="stChatInputTextArea"]'), (State("a reply", _say),)),
)
