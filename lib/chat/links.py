"""A short conversation as a few characters of a link, and back: the branch on screen, without its measurements.

The text in the link is base64url of deflated JSON: [system prompt or null, "user text", "assistant text", …].
"""

import base64
import json
import zlib
from typing import Any

from lib.chat.conversation import Conversation, ConversationError
from lib.chat.measurements import clean
from lib.chat.serialization import from_data, read_json

MAX_LINK, MAX_TEXT = 1_500, 50_000  # characters of the link's part, of what it unpacks to
_BROKEN = "The conversation in the link cannot be read; the link may have been cut off."


def encode(conversation: Conversation) -> str:
    """The branch on screen for a link. Raises ConversationError with a sentence if it is too long for one.

    >>> talk = Conversation(); _ = talk.add("user", "Hi")
    >>> [message.content for message in decode(encode(talk)).path()]
    ['Hi']
    """
    turns = [[message.role[0], message.content] for message in conversation.path()]
    packed = zlib.compress(json.dumps([conversation.system, turns], ensure_ascii=False).encode("utf-8", "replace"), 9)
    text = base64.urlsafe_b64encode(packed).decode().rstrip("=")
    if len(text) > MAX_LINK:
        raise ConversationError(
            f"This conversation is too long for a link: it takes {len(text):,} characters, and {MAX_LINK:,} are what "
            "every browser and chat program keeps. Save it as a file instead."
        )
    return text


def decode(text: str) -> Conversation:
    """The conversation of a link. Raises ConversationError with a sentence for anything else."""
    if len(text) > MAX_LINK:
        raise ConversationError(f"The conversation in the link is too long: over {MAX_LINK:,} characters.")
    try:
        unpacker = zlib.decompressobj()
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        plain = unpacker.decompress(packed, MAX_TEXT)
        if not unpacker.eof:
            raise ConversationError(_BROKEN)
        pair: Any = read_json(plain)
        system, turns = pair
        messages = [{"role": {"u": "user", "a": "assistant"}[role], "content": content} for role, content in turns]
        conversation = from_data(messages)
        conversation.system = None if system is None else clean(system)
    except (zlib.error, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ConversationError(_BROKEN) from error
    return conversation
