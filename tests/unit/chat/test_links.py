"""A short conversation in a link: it comes back as it was, and nothing else gets through."""

import base64
import json
import zlib

import pytest

from lib.chat import Conversation, ConversationError
from lib.chat.links import MAX_LINK, decode, encode


def packed(data: object) -> str:
    return base64.urlsafe_b64encode(zlib.compress(json.dumps(data).encode())).decode().rstrip("=")


def test_a_conversation_comes_back_with_its_system_prompt_and_only_the_branch_on_screen() -> None:
    talk = Conversation(system="You are <b>brief</b>.")
    first = talk.add("user", "Hi 🚀")
    talk.add("assistant", "Hello\n\n*there*")
    talk.edit(first.id, "Good morning")
    talk.add("assistant", "Morning.")
    back = decode(encode(talk))
    assert back.system == talk.system
    assert [(m.role, m.content) for m in back.path()] == [("user", "Good morning"), ("assistant", "Morning.")]


def test_a_long_conversation_is_a_sentence() -> None:
    talk = Conversation()
    talk.add("user", "".join(chr(0x4E00 + 7 * n % 20_000) for n in range(2_000)))
    with pytest.raises(ConversationError, match="too long for a link"):
        encode(talk)


@pytest.mark.parametrize(
    "text",
    ["", "!", "é", "=", "a" * MAX_LINK, "a" * (MAX_LINK + 1), packed(None), packed([None]), packed([3, []]),
     packed([None, [["x", "no such role"]]]), packed([None, [["u", 7]]]), packed([None, 5]), packed([[], [["u", "x"]]]),
     packed([None, [["u", "x"]]])[:-6], packed("0" * 60_000)],
)  # fmt: skip
def test_a_hostile_link_is_a_sentence(text: str) -> None:
    with pytest.raises(ConversationError, match=r"in the link|of this file"):
        decode(text)


def test_a_link_that_unpacks_to_too_much_is_refused() -> None:
    bomb = base64.urlsafe_b64encode(zlib.compress(b" " * 900_000, 9)).decode()
    assert len(bomb) <= MAX_LINK
    with pytest.raises(ConversationError):
        decode(bomb)
