"""A session's conversations and what is to be done next. Buttons call these functions before the page runs again."""

import json
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import streamlit as st

from lib.chat import Conversation, ConversationError, Message, as_data, from_data
from lib.engine import Step

_KEY = "chat-workspace"
MAX_CONVERSATIONS = 20


@dataclass
class Task:
    """A reply to be made: answer the branch on screen, or go on with the reply `message`."""

    kind: Literal["answer", "continue", "branch"]
    parent: str = ""  # the message that is answered
    message: str = ""  # the reply that is continued or branched from
    forced: list[Step] = field(default_factory=list)  # the steps the reply begins with
    prefill: str = ""  # words it begins with, before those


@dataclass
class Workspace:
    """All conversations of one browser tab."""

    conversations: dict[str, Conversation] = field(default_factory=dict)
    current: str = ""
    task: Task | None = None
    running: str = ""  # the reply that is being written
    editing: str = ""  # the message that is being edited
    problem: str = ""  # a sentence to show once

    @property
    def conversation(self) -> Conversation:
        """The one on screen."""
        return self.conversations[self.current]


def workspace() -> Workspace:
    """This session's conversations; there is always one."""
    if _KEY not in st.session_state:
        st.session_state[_KEY] = Workspace()
        new()
    found: Workspace = st.session_state[_KEY]
    return found


def new(conversation: Conversation | None = None) -> None:
    """Begin a conversation (or take in a loaded one); the oldest goes when there are too many."""
    space: Workspace = st.session_state[_KEY]
    fresh = conversation or Conversation()
    if conversation is None and space.current and not space.conversation.messages:
        return  # the one on screen is still empty
    space.conversations[fresh.id] = fresh
    space.current, space.task, space.editing = fresh.id, None, ""
    while len(space.conversations) > MAX_CONVERSATIONS:
        space.conversations.pop(next(iter(space.conversations)))


def switch(conversation_id: str) -> None:
    """Show another conversation."""
    space = workspace()
    space.current, space.task, space.editing = conversation_id, None, ""


def remove() -> None:
    """Delete the conversation on screen."""
    space = workspace()
    space.conversations.pop(space.current, None)
    space.task, space.editing = None, ""
    if space.conversations:
        space.current = next(reversed(space.conversations))
    else:
        space.current = ""
        new()


def send(text: str) -> None:
    """A user's message, to be answered."""
    if not text.strip():
        return
    space = workspace()
    message = space.conversation.add("user", text)
    space.task, space.editing = Task("answer", parent=message.id), ""


def submit(key: str) -> None:
    """`on_submit` of the chat input."""
    send(str(st.session_state.get(key) or ""))


def regenerate(message: Message) -> None:
    """Another reply beside this one, or a first reply to a user's message."""
    workspace().task = Task("answer", parent=message.id if message.role == "user" else message.parent)


def go_on(message: Message) -> None:
    """Let the model write more of a reply that was cut off."""
    workspace().task = Task("continue", parent=message.parent, message=message.id)


def branch(message: Message, index: int, token_id: int) -> None:
    """Another reply that shares the first `index` tokens and then takes `token_id`."""
    other = next((a for a in message.tokens[index].alternatives if a.id == token_id), None)
    if other is not None:
        forced = [*message.tokens[:index], replace(message.tokens[index], id=token_id, logprob=other.logprob,
                                                   prob=other.prob)]
        workspace().task = Task("branch", parent=message.parent, message=message.id, forced=forced,
                                prefill=str(message.stats.get("prefill", "")))


def edit(message: Message | None) -> None:
    """Open a message for editing; None closes."""
    workspace().editing = message.id if message else ""


def save_edit(message: Message, key: str) -> None:
    """Keep the edited text as a new branch; a user's message is then answered."""
    space = workspace()
    text = str(st.session_state.get(key) or "")
    space.editing = ""
    if text.strip() and text != message.content:
        changed = space.conversation.edit(message.id, text)
        if message.role == "user":
            space.task = Task("answer", parent=changed.id)


def delete(message: Message) -> None:
    """Remove a message and what follows it."""
    space = workspace()
    space.conversation.delete(message.id)
    space.task, space.editing = None, ""


def clear() -> None:
    """Empty the conversation on screen."""
    space = workspace()
    space.conversation.clear()
    space.task, space.editing = None, ""


def as_text() -> str:
    """All conversations as one JSON text, for the browser tab."""
    space = workspace()
    kept = [{"id": c.id, **as_data(c)} for c in space.conversations.values() if c.messages or c.id == space.current]
    return json.dumps({"current": space.current, "conversations": kept})


def restore(text: str) -> None:
    """Take back what a reload left behind. Something damaged is left out, not an error."""
    try:
        data: Any = json.loads(text)
        entries = data["conversations"]
        current = str(data["current"])
    except (ValueError, KeyError, TypeError):
        return
    space = workspace()
    if any(c.messages for c in space.conversations.values()):
        return  # somebody was quicker than the browser
    for entry in entries if isinstance(entries, list) else []:
        try:
            conversation = from_data(entry)
        except ConversationError:
            continue
        conversation.id = str(entry.get("id") or conversation.id)
        space.conversations[conversation.id] = conversation
    if current in space.conversations and current != space.current:
        space.conversations.pop(space.current, None)
        space.current = current
