"""Conversations as files: JSON that can be loaded again, Markdown to hand in. What is loaded is checked first."""

import json
from collections.abc import Mapping
from typing import Any

from lib.chat.conversation import ROOT, Conversation, ConversationError, Message

FORMAT = "llm-playground-chat"
VERSION = 1
MAX_CHARS = 4_000_000
MAX_MESSAGES = 2_000
_ROLES = {"user", "assistant"}


def to_json(conversation: Conversation) -> str:
    """Everything but the inspected tokens: all branches, which one is shown, the system prompt, the measurements."""
    return json.dumps(as_data(conversation), ensure_ascii=False, indent=1)


def as_data(conversation: Conversation) -> dict[str, Any]:
    """A conversation as plain data, in the form that `from_data` reads."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "title": conversation.title,
        "system": conversation.system,
        "messages": [
            {"id": m.id, "parent": m.parent, "role": m.role, "content": m.content, "stats": m.stats}
            for m in conversation.messages.values()
        ],
        "chosen": conversation.chosen,
    }


def from_json(text: str | bytes) -> Conversation:
    """Read a saved conversation, or a plain list of {"role", "content"}. Raises ConversationError with the reason."""
    if len(text) > MAX_CHARS:
        raise ConversationError(f"This file is too large for a conversation (over {MAX_CHARS // 1_000_000} MB).")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConversationError("This is not a JSON file, so there is no conversation in it.") from error
    return from_data(data)


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
    conversation = Conversation()
    _check_count(entries)
    for entry in entries:
        role, content = _text(entry, "role"), _text(entry, "content")
        if role == "system" and not conversation.messages:
            conversation.system = "\n\n".join(filter(None, [conversation.system, content]))
        else:
            _check_role(role)
            conversation.add(role, content)
    return conversation


def _tree(data: Mapping[str, Any]) -> Conversation:
    system = data.get("system")
    entries = data.get("messages")
    if not (system is None or isinstance(system, str)) or not isinstance(entries, list):
        raise ConversationError("The system prompt or the messages of this file are not what they should be.")
    conversation = Conversation(system=system, title=_text(data, "title")[:80])
    _check_count(entries)
    for entry in entries:
        message = Message(_text(entry, "id"), _text(entry, "parent"), _text(entry, "role"), _text(entry, "content"))
        _check_role(message.role)
        if not message.id or message.id in conversation.messages:
            raise ConversationError("Two messages of this file have the same name.")
        if message.parent != ROOT and message.parent not in conversation.messages:
            raise ConversationError("A message of this file answers one that is not there.")
        stats = entry.get("stats")
        message.stats = (
            {str(k): v for k, v in stats.items() if isinstance(v, int | float | str | bool | None)}
            if isinstance(stats, dict)
            else {}
        )
        conversation.messages[message.id] = message
        conversation.chosen[message.parent] = message.id
    chosen = data.get("chosen")
    for parent, child in chosen.items() if isinstance(chosen, dict) else ():
        if isinstance(child, str) and child in conversation.messages and conversation.messages[child].parent == parent:
            conversation.chosen[parent] = child
    return conversation


def _text(entry: Any, key: str) -> str:
    value = entry.get(key) if isinstance(entry, Mapping) else None
    if not isinstance(value, str):
        raise ConversationError(f'A message of this file has no "{key}", or it is not text.')
    return value.encode("utf-8", errors="replace").decode("utf-8")  # half characters become "?"


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
