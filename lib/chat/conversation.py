"""A conversation as a tree: editing a message or asking again adds a branch, and nothing is overwritten.

Every message knows its parent; the branch on screen is found by walking from the root along the chosen children.
Knows nothing of Streamlit, tokens or models.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lib.errors import PlaygroundError

ROOT = ""


class ConversationError(PlaygroundError):
    """A conversation file that cannot be read, or a message that is not there."""


@dataclass
class Message:
    """One message. `stats` holds what was measured while a reply was generated, `tokens` the engine's steps."""

    id: str
    parent: str  # ROOT for a first message
    role: str  # "user" or "assistant"
    content: str
    stats: dict[str, Any] = field(default_factory=dict)
    tokens: list[Any] = field(default_factory=list)


@dataclass
class Conversation:
    """A tree of messages, the chosen branch, a system prompt (None: the template's own default) and a title."""

    title: str = "New conversation"
    system: str | None = None
    messages: dict[str, Message] = field(default_factory=dict)  # in order of creation
    chosen: dict[str, str] = field(default_factory=dict)  # parent -> the child on screen
    id: str = field(default_factory=lambda: secrets.token_urlsafe(8))

    def path(self) -> list[Message]:
        """The branch on screen, first message first."""
        found: list[Message] = []
        at = self.chosen.get(ROOT)
        while at is not None and at in self.messages:
            found.append(self.messages[at])
            at = self.chosen.get(at)
        return found

    def add(self, role: str, content: str, *, parent: str | None = None) -> Message:
        """Add a message after `parent` (default: at the end of the branch on screen) and show it.

        >>> talk = Conversation()
        >>> first = talk.add("user", "Hi"); again = talk.add("user", "Hello", parent=ROOT)
        >>> [m.content for m in talk.path()], talk.place(again.id)
        (['Hello'], (2, 2))
        """
        if parent is None:
            path = self.path()
            parent = path[-1].id if path else ROOT
        if parent != ROOT and parent not in self.messages:
            raise ConversationError("The message to answer is no longer there.")
        first = self.chosen.get(ROOT) not in self.messages
        message = Message(secrets.token_urlsafe(6), parent, role, content)
        self.messages[message.id] = message
        self.chosen[parent] = message.id
        if first and role == "user":
            self.title = _title(content)
        return message

    def edit(self, message_id: str, content: str) -> Message:
        """A new branch beside a message, with other text. The old branch stays reachable."""
        message = self._get(message_id)
        return self.add(message.role, content, parent=message.parent)

    def siblings(self, message_id: str) -> list[str]:
        """The alternatives at one point of the conversation, oldest first."""
        parent = self._get(message_id).parent
        return [message.id for message in self.messages.values() if message.parent == parent]

    def place(self, message_id: str) -> tuple[int, int]:
        """(which alternative, of how many), counted from 1."""
        siblings = self.siblings(message_id)
        return siblings.index(message_id) + 1, len(siblings)

    def step(self, message_id: str, by: int) -> None:
        """Show the next (by=1) or previous (by=-1) alternative; stops at the ends."""
        siblings = self.siblings(message_id)
        index = min(max(siblings.index(message_id) + by, 0), len(siblings) - 1)
        self.chosen[self._get(message_id).parent] = siblings[index]

    def delete(self, message_id: str) -> None:
        """Remove a message and all that followed it, on every branch; shows its last remaining alternative."""
        parent = self._get(message_id).parent
        doomed = {message_id}
        for message in self.messages.values():  # parents come before their children
            if message.parent in doomed:
                doomed.add(message.id)
        self.messages = {key: message for key, message in self.messages.items() if key not in doomed}
        self.chosen = {key: child for key, child in self.chosen.items() if key not in doomed and child not in doomed}
        left = [message.id for message in self.messages.values() if message.parent == parent]
        if left:
            self.chosen.setdefault(parent, left[-1])

    def clear(self) -> None:
        """Remove all messages; the system prompt stays."""
        self.messages.clear()
        self.chosen.clear()
        self.title = "New conversation"

    def to_model(self, *, until: str | None = None) -> list[Mapping[str, str]]:
        """Role and content of the branch on screen, the system prompt first if there is one; up to before `until`."""
        sent: list[Mapping[str, str]] = []
        if self.system is not None:
            sent.append({"role": "system", "content": self.system})
        for message in self.path():
            if message.id == until:
                break
            sent.append({"role": message.role, "content": message.content})
        return sent

    def _get(self, message_id: str) -> Message:
        if message_id not in self.messages:
            raise ConversationError("That message is no longer there.")
        return self.messages[message_id]


def _title(content: str, longest: int = 40) -> str:
    """The first words of a message.

    >>> _title("What  is\\n2+2?")
    'What is 2+2?'
    """
    words = " ".join(content.split())
    return words if len(words) <= longest else words[: longest - 1].rstrip() + "…"
