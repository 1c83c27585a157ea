"""A chat in a link: it opens once, beside what is there, and a hostile link is a sentence."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lib.chat import Conversation
from lib.chat.links import encode

CHAT = str(Path(__file__).resolve().parents[2] / "pages" / "7_Chat.py")


@pytest.fixture
def page(embedded: str, run_by_run: None) -> AppTest:
    at = AppTest.from_file(CHAT, default_timeout=60)
    at.session_state["chat-restored"] = True  # the browser has answered
    return at


def test_a_chat_in_the_link_opens_once(page: AppTest) -> None:
    talk = Conversation()
    talk.add("user", "<b>Hi</b>")
    talk.add("assistant", "Hello *there*")
    page.query_params["chat"] = encode(talk)
    page.run()
    assert not page.exception and not page.error and "chat" not in page.query_params
    space = page.session_state["chat-workspace"]
    assert [m.content for m in space.conversation.path()] == ["<b>Hi</b>", "Hello *there*"]
    page.run()
    assert len(space.conversations) <= 2


def test_a_hostile_chat_link_is_a_sentence(page: AppTest) -> None:
    page.query_params["chat"] = "<script>"
    page.run()
    assert not page.exception and "in the link cannot be read" in page.error[0].value
    assert not page.session_state["chat-workspace"].conversation.messages
