"""A session's conversations and what is to be done next. Buttons call these functions before the page runs again."""

from dataclasses import dataclass, field, replace
from typing import Literal

import streamlit as st

from lib.chat import Conversation, Message
from lib.engine import Step
from lib.ui.chat import focus
from lib.ui.chat.growing_reply import GrowingReply
from lib.ui.components import scroll

_KEY = "chat-workspace"
MENU = "chat-files"  # the menu of conversations, a popover
VIEW = "chat-view"  # how replies are shown
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
    writer: GrowingReply | None = None  # the reply that is being written
    removed: Conversation | None = None  # what a Delete or Clear can take back
    editing: str = ""  # the message that is being edited
    until: int | None = None  # how many messages from the first on are behind what is shown; None: up to the newest
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


def _changing() -> Workspace:
    """Before any change: a reply that is being written ends as it is, and what was to be done is dropped."""
    space = workspace()
    if space.writer is not None:
        space.writer.stop()
    space.task, space.writer, space.editing, space.removed, space.until = None, None, "", None, None
    focus.ask("chat-input")
    return space


def new(conversation: Conversation | None = None) -> None:
    """Begin a conversation (or take in a loaded one); the oldest goes when there are too many."""
    space: Workspace = st.session_state[_KEY]
    fresh = conversation or Conversation()
    _close_menu()
    if conversation is None and space.current and not space.conversation.messages:
        return  # the one on screen is still empty
    if space.current:
        _changing()
    space.conversations[fresh.id] = fresh
    space.current = fresh.id
    while len(space.conversations) > MAX_CONVERSATIONS:
        space.conversations.pop(next(iter(space.conversations)))


def switch(conversation_id: str) -> None:
    """Show another conversation."""
    _close_menu()
    _changing().current = conversation_id


def _close_menu() -> None:
    """What was chosen in the menu of conversations is behind it."""
    if st.session_state.get(MENU):
        st.session_state[MENU] = False


def show_tokens() -> None:
    """Show replies token by token, with their probabilities."""
    st.session_state[VIEW] = "Tokens"


def remove() -> None:
    """Delete the conversation on screen."""
    space = _changing()
    gone = space.conversations.pop(space.current, None)
    if space.conversations:
        space.current = next(reversed(space.conversations))
    else:
        space.current = ""
        new()
    space.removed = gone


def stop() -> None:
    """End the reply that is being written; what has come stays."""
    space = workspace()
    space.task = None
    if space.writer is not None:
        space.writer.stop()


def send(text: str) -> None:
    """A user's message, to be answered."""
    if not text.strip():
        return
    space = _changing()
    message = space.conversation.add("user", text)
    space.task = Task("answer", parent=message.id)


def submit(key: str) -> None:
    """`on_submit` of the chat input."""
    send(str(st.session_state.get(key) or ""))


def regenerate(message: Message) -> None:
    """Another reply beside this one, or a first reply to a user's message."""
    _changing().task = Task("answer", parent=message.id if message.role == "user" else message.parent)


def go_on(message: Message) -> None:
    """Let the model write more of a reply that was cut off."""
    _changing().task = Task("continue", parent=message.parent, message=message.id)


def branch(message: Message, index: int, token_id: int) -> None:
    """Another reply that shares the first `index` tokens and then takes `token_id`."""
    other = next((a for a in message.tokens[index].alternatives if a.id == token_id), None)
    if other is not None:
        forced = [
            *message.tokens[:index],
            replace(message.tokens[index], id=token_id, logprob=other.logprob, prob=other.prob),
        ]
        _changing().task = Task(
            "branch",
            parent=message.parent,
            message=message.id,
            forced=forced,
            prefill=str(message.stats.get("prefill", "")),
        )


def edit(message: Message | None) -> None:
    """Open a message for editing; None closes."""
    workspace().editing = message.id if message else ""
    focus.ask("chat-editor" if message else "chat-input", at_once=message is not None)
    if message is not None:
        scroll.ask("chat-editor")


def save_edit(message: Message, key: str) -> None:
    """Keep the edited text as a new branch; a user's message is then answered."""
    text = str(st.session_state.get(key) or "")
    space = _changing()
    if text.strip() and text != message.content:
        changed = space.conversation.edit(message.id, text)
        if message.role == "user":
            space.task = Task("answer", parent=changed.id)


def delete(message: Message) -> None:
    """Remove a message and what follows it."""
    space = _changing()
    space.removed = _copy(space.conversation)
    space.conversation.delete(message.id)


def clear() -> None:
    """Empty the conversation on screen."""
    space = _changing()
    space.removed = _copy(space.conversation)
    space.conversation.clear()


def step(message: Message, by: int) -> None:
    """Show another version of a message."""
    until = workspace().until
    space = _changing()
    space.conversation.step(message.id, by)
    space.until = until
    pressed, other = ("earlier", "later") if by < 0 else ("later", "earlier")  # off at the end of the versions
    focus.ask_button(space.conversation.chosen[message.parent], pressed, other)


def show_until(until: int | None) -> None:
    """Show those messages of a long conversation that end with number `until`; None: the newest."""
    workspace().until = until


def undo() -> None:
    """Take back the last Delete or Clear."""
    space = workspace()
    before = space.removed
    if before is not None:
        _changing()
        space.conversations[before.id] = before
        space.current = before.id


def _copy(conversation: Conversation) -> Conversation:
    """The same messages in a tree of its own."""
    return replace(conversation, messages=dict(conversation.messages), chosen=dict(conversation.chosen))
