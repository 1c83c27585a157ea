"""All conversations of a browser tab as one text, for the tab's own storage, and back from there.

The reply that is being written is a second text: it changes every second, the others do not.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from lib.chat.conversation import ROOT, Conversation, ConversationError, Message
from lib.chat.serialization import as_data, from_data, message_data, read_json

_NAME = re.compile(r"[\w-]{11}", re.ASCII)  # of a conversation; keys of widgets have it


def to_storage(conversations: Iterable[Conversation], current: str) -> str:
    """The conversations, oldest first, and which of them is on screen."""
    kept = [{"id": one.id, **as_data(one)} for one in conversations]
    return json.dumps({"current": current, "conversations": kept}, ensure_ascii=False, allow_nan=False)


def snapshot(conversation: Conversation) -> tuple[object, ...]:
    """What `to_storage` writes of a conversation, in a tenth of its time: equal as long as that would be the same."""
    messages = conversation.messages.values()
    return (
        (conversation.id, conversation.title, conversation.system, tuple(conversation.chosen.items())),
        tuple((one.id, one.parent, one.role, one.content, tuple(one.stats.items())) for one in messages),
    )


def growing_to_storage(conversation: Conversation, message: Message) -> str:
    """A reply as far as it has come."""
    data = {"conversation": conversation.id, "message": message_data(message)}
    return json.dumps(data, ensure_ascii=False, allow_nan=False)


def from_storage(text: str, growing: str = "", *, most: int) -> tuple[dict[str, Conversation], str]:
    """What `to_storage` stored, by name, the newest `most`, and which was on screen ("" if that is gone).

    What is damaged is left out. The reply of `growing` is in its place, stopped.
    """
    data = _read(text)
    entries = data.get("conversations")
    found: dict[str, Conversation] = {}
    for entry in entries[-most:] if isinstance(entries, list) else []:
        try:
            conversation = from_data(entry)
        except ConversationError:
            continue
        name = entry.get("id") if isinstance(entry, dict) else None
        if isinstance(name, str) and _NAME.fullmatch(name):
            conversation.id = name
        found[conversation.id] = conversation
    _put_in(found, _read(growing))
    current = data.get("current")
    return found, current if isinstance(current, str) and current in found else ""


def _put_in(conversations: Mapping[str, Conversation], growing: Mapping[str, Any]) -> None:
    """The reply that was being written, in the conversation that it belongs to."""
    conversation = conversations.get(str(growing.get("conversation")))
    entry = growing.get("message")
    if conversation is None or not isinstance(entry, dict) or entry.get("role") != "assistant":
        return
    parent = entry.get("parent")
    try:  # by the same border as all others: a conversation of this one message
        alone = from_data({**as_data(Conversation()), "messages": [{**entry, "parent": ROOT}]})
    except ConversationError:
        return
    reply = next(iter(alone.messages.values()))
    known = conversation.messages.get(reply.id)
    if known is not None and known.parent == parent and known.role == reply.role:
        known.content, known.stats = reply.content, reply.stats
    elif known is None and isinstance(parent, str) and parent in conversation.messages:
        reply.parent = parent
        conversation.messages[reply.id] = reply
        conversation.chosen[parent] = reply.id


def _read(text: str) -> Mapping[str, Any]:
    try:
        data = read_json(text)
    except ConversationError:
        return {}
    return data if isinstance(data, dict) else {}
