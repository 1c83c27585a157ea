"""The conversation on screen: messages, buttons, branches, measurements."""

from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lib.chat import Conversation, Message
from lib.ui.chat import state as chat_state
from lib.ui.chat.message_buttons import buttons_html, listen
from lib.ui.chat.message_text import draws_tokens, note, show_tokens, text_html
from lib.ui.chat.reply import stats_line
from lib.ui.chat.state import Workspace
from lib.ui.components.page import page_style

SHOWN = 20  # messages at once: every click sends them all
TALL = 400  # pixels, where the style sheet is not read (it fits the conversation to the window)
VIEWS = ("Rendered", "Literal", "Tokens")
SUGGESTIONS = (
    "What is 2+2? Answer briefly.",
    "What is 7+8? Answer briefly.",
    "Suggest a party theme.",
    "Write a haiku about the sea.",
    "Who are you?",
)


def style() -> None:
    """The page's own style: the conversation and the X-ray fill the window beside each other."""
    page_style(__file__, "chat.css", "message.css", "reply.css")
    listen()


def head(space: Workspace) -> str:
    """One line over the conversation: how replies are shown (given back), and Undo and Stop where they make sense."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="chat-head"):
        st.markdown(
            ":small[Show replies as]",
            width="content",
            help="Rendered: Markdown. Literal: every character as it is. Tokens: each with its probability.",
        )
        view = st.segmented_control(
            "Show replies as", VIEWS, default=VIEWS[0], required=True, key=chat_state.VIEW, label_visibility="collapsed"
        )
        st.space("stretch")
        _undo(space)
        _stop_button(space)
    return str(view)


def history(space: Workspace, view: str) -> None:
    """The newest messages of the branch on screen, or those that were asked for; while a reply is being written, those
    before it."""
    path, writing = _before_task(space), space.task is not None or space.writer is not None
    end = len(path) if space.until is None or writing else min(space.until, len(path))
    begin = max(end - SHOWN, 0)
    if begin:
        _turn_page("earlier", until=begin, first=1, last=begin)
    for index, message in list(enumerate(path))[begin:end]:
        last = index == len(path) - 1 and not writing
        _message(space, message, view, last=last)
    if end < len(path):
        later = end + SHOWN
        _turn_page("later", until=later if later < len(path) else None, first=end + 1, last=len(path))


def _turn_page(where: Literal["earlier", "later"], *, until: int | None, first: int, last: int) -> None:
    """The way to the messages before or after those on screen, `first` to `last`; on paper, that they are not there."""
    count, side = last - first + 1, "before" if where == "earlier" else "after"
    which = f"Message {first:,} is" if count == 1 else f"Messages {first:,} to {last:,} are"
    paper = f"{which} not in this print. Save the conversation as a file to have all of it."
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"chat-{where}"):
        st.button(
            f"Show {where} messages",
            icon=f":material/expand_{'less' if where == 'earlier' else 'more'}:",
            type="tertiary",
            key=f"chat-page-{where}",
            on_click=chat_state.show_until,
            args=(until,),
        )
        st.html(
            f'<p class="pg-note"><span class="pg-screen">{count:,} {side} these</span>'
            f'<span class="pg-paper">{paper}</span></p>',
            width="content",
        )


def _before_task(space: Workspace) -> list[Message]:
    path, task = space.conversation.path(), space.task
    ids = [message.id for message in path]
    if space.writer is not None and space.writer.message.id in ids:
        return path[: ids.index(space.writer.message.id)]
    if task is None:
        return path
    last = task.message if task.kind == "continue" else task.parent
    if last not in ids:
        return path
    return path[: ids.index(last) + (task.kind != "continue")]


def welcome() -> None:
    """What to do with an empty conversation."""
    st.caption("Nothing said yet. Type below, or begin with one of these:")
    with st.container(horizontal=True):
        for index, text in enumerate(SUGGESTIONS):
            st.button(text, key=f"suggest-{index}", on_click=chat_state.send, args=(text,))


def _message(space: Workspace, message: Message, view: str, *, last: bool) -> None:
    """One message: one piece of HTML, unless there are widgets in it."""
    foot = _foot(space.conversation, message, last=last)
    if space.editing == message.id:
        with st.chat_message(message.role), st.container(key="chat-editor"):
            _editor(message)
    elif draws_tokens(message, view):
        with st.chat_message(message.role):
            show_tokens(message)
            st.html(foot)
    else:
        st.html(message_html(message.role, text_html(message, view) + foot))


def message_html(role: str, inside: str) -> str:
    """A message as `st.chat_message` has it: the mark of its role, and beside it what is said."""
    said = f'<div class="pg-said" role="group" aria-label="Chat message from {role}">{inside}</div>'
    return f'<div class="pg-message {role}"><div class="pg-role" aria-hidden="true"></div>{said}</div>'


def _foot(conversation: Conversation, message: Message, *, last: bool) -> str:
    """Measurements and buttons under a message."""
    line = stats_line(message.stats) if message.role == "assistant" else ""
    return (note(line) if line else "") + buttons_html(conversation, message, last=last)


def _editor(message: Message) -> None:
    key = f"edit-text-{message.id}"
    st.text_area("Edit the message", value=message.content, key=key, height=120)
    st.caption(
        "Saving makes a new branch; the old one stays."
        if message.role == "user"
        else "You put words in the model's mouth: it will believe that it said them."
    )
    with st.container(horizontal=True):
        st.button("Save", key=f"save-{message.id}", type="primary", on_click=chat_state.save_edit, args=(message, key))
        st.button("Cancel", key=f"cancel-{message.id}", on_click=chat_state.edit, args=(None,))


def _stop_button(space: Workspace) -> None:
    """The input has a Stop of its own only while it waits for the answer to what was typed there."""
    if space.task is not None or space.writer is not None:
        st.button("Stop", icon=":material/stop:", key="chat-stop", on_click=chat_state.stop)


def _undo(space: Workspace) -> None:
    """The way back from a Delete or Clear, until something else is changed."""
    if space.removed is not None:
        st.button("Undo", icon=":material/undo:", type="tertiary", key="chat-undo", on_click=chat_state.undo)


def reply_spot() -> DeltaGenerator:
    """Where the next reply is painted."""
    with st.chat_message("assistant"):
        spot = st.empty()
        for _ in range(3):  # what stood under an earlier version would stay, pale, until the reply is written
            st.empty()
        return spot
