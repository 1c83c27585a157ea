"""Conversations as files: JSON that can be loaded again, Markdown to hand in. What is loaded is checked first."""

import json
import re
import secrets
from collections.abc import Mapping
from typing import Any

from lib.chat.conversation import ROOT, Conversation, ConversationError, Message
from lib.chat.measurements import clean, measured

FORMAT = "llm-playground-chat"
VERSION = 1
MAX_CHARS = 8_000_000  # what may be uploaded (.streamlit/config.toml)
MAX_MESSAGES = 2_000
_ROLES = {"user", "assistant"}
_NAME = re.compile(r"[\w-]{8}", re.ASCII)  # of a message, as `Conversation.add` gives them; keys of widgets have it


def to_json(conversation: Conversation) -> str:
    """Everything but the inspected tokens: all branches, which one is shown, the system prompt, the measurements."""
    return json.dumps(as_data(conversation), ensure_ascii=False, indent=1, allow_nan=False)


def as_data(conversation: Conversation) -> dict[str, Any]:
    """A conversation as plain data, in the form that `from_data` reads: it gives back the same."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "title": clean(conversation.title),
        "system": None if conversation.system is None else clean(conversation.system),
        "messages": [message_data(message) for message in conversation.messages.values()],
        "chosen": conversation.chosen,
    }


def message_data(message: Message) -> dict[str, Any]:
    """One message as plain data."""
    named = {"id": message.id, "parent": message.parent, "role": message.role}
    return {**named, "content": clean(message.content), "stats": measured(message.stats)}


def from_json(text: str | bytes) -> Conversation:
    """Read a saved conversation, or a plain list of {"role", "content"}. Raises ConversationError with the reason."""
    return from_data(read_json(text))


def read_json(text: str | bytes) -> object:
    """The data in a JSON text from outside. What is no number in JSON (NaN), or none that one needs (5,000 digits),
    is None. Raises ConversationError with the reason."""
    if len(text) > MAX_CHARS:
        raise ConversationError(f"This file is too large for a conversation (over {MAX_CHARS // 1_000_000} MB).")
    try:
        return json.loads(text, parse_constant=lambda name: None, parse_int=_whole)
    except (ValueError, RecursionError) as error:
        raise ConversationError("This file is not JSON that can be read, so there is no conversation in it.") from error


def _whole(digits: str) -> int | None:
    return int(digits) if len(digits) <= 20 else None


def from_data(data: object) -> Conversation:
    """A conversation from plain data; see `from_json`."""
    if isinstance(data, dict) and data.get("format") == FORMAT:
        if data.get("version") != VERSION:
            raise ConversationError(f"This conversation was saved by another version ({data.get('version')!r:.20}).")
        return _tree(data)
    entries = data.get("messages") if isinstance(data, dict) else data
    if not isinstance(entries, list):
        raise ConversationError("There is no list of messages in this file.")
    return _plain(entries)


def _plain(entries: list[Any]) -> Conversation:
    """A list of {"role", "content"} as other chat programs save it; system messages become the system prompt."""
    conversation, last = Conversation(), ROOT
    _check_count(entries)
    for number, entry in enumerate(entries, 1):
        role, content = _text(entry, "role", number), _text(entry, "content", number)
        if role == "system" and not conversation.messages:
            conversation.system = "\n\n".join(filter(None, [conversation.system, content]))
        else:
            _check_role(role)
            last = conversation.add(role, content, parent=last).id
    return conversation


def _tree(data: Mapping[str, Any]) -> Conversation:
    entries = data.get("messages")
    if not isinstance(entries, list):
        raise ConversationError("There is no list of messages in this file.")
    system = None if data.get("system") is None else _text(data, "system")
    conversation = Conversation(system=system, title=" ".join(_text(data, "title").split())[:80])
    _check_count(entries)
    names = {ROOT: ROOT}  # what the file calls a message -> what it is called here
    last = ROOT
    for number, given in enumerate(entries, 1):
        # Somebody who adds a turn by hand need not name it: it follows the one before.
        entry = {"id": secrets.token_urlsafe(6), "parent": last, **(given if isinstance(given, Mapping) else {})}
        name, parent, role, content = (_text(entry, key, number) for key in ("id", "parent", "role", "content"))
        last = name
        _check_role(role)
        if name in names:
            raise ConversationError("Two messages of this file have the same name.")
        if parent not in names:
            raise ConversationError("A message of this file answers one that is not there.")
        names[name] = name if _NAME.fullmatch(name) else secrets.token_urlsafe(6)
        message = Message(names[name], names[parent], role, content, measured(entry.get("stats")))
        conversation.messages[message.id] = message
        conversation.chosen[message.parent] = message.id
    _choose(conversation, data.get("chosen"), names)
    return conversation


def _choose(conversation: Conversation, chosen: object, names: Mapping[str, str]) -> None:
    """Which of several answers is shown; the last one where the file does not say so."""
    for parent, child in chosen.items() if isinstance(chosen, dict) else ():
        name = names.get(child, ROOT) if isinstance(child, str) else ROOT
        if name != ROOT and conversation.messages[name].parent == names.get(parent):
            conversation.chosen[names[parent]] = name


def _text(entry: Any, key: str, number: int = 0) -> str:
    """A text of the file itself, or of its message `number`, counted from 1."""
    value = entry.get(key) if isinstance(entry, Mapping) else None
    if not isinstance(value, str):
        what = f"Message {number:,} of this file" if number else "This file"
        raise ConversationError(f'{what} has no "{key}", or it is not text.')
    return clean(value)


def _check_role(role: str) -> None:
    if role not in _ROLES:
        raise ConversationError(f'A message of this file has the role "{role[:30]}", not user or assistant.')


def _check_count(entries: list[Any]) -> None:
    if len(entries) > MAX_MESSAGES:
        raise ConversationError(f"This file has {len(entries):,} messages; at most {MAX_MESSAGES:,} can be loaded.")


def to_markdown(conversation: Conversation, *, model: str = "") -> str:
    """The branch on screen as a Markdown document: one heading a turn, texts unchanged."""
    lines = [f"# {conversation.title}", ""]
    if model:
        lines += [f"*Model: {model}*", ""]
    if conversation.system is not None:
        lines += ["## System prompt", "", conversation.system, ""]
    for message in conversation.path():
        lines += [f"## {message.role.capitalize()}", "", message.content, ""]
    return "\n".join(lines)
