"""Several conversations, and their way in and out: the list, new, delete, save, load, export."""

from functools import partial

import streamlit as st

from lib import chat
from lib.chat import ConversationError
from lib.ui.chat import state as chat_state
from lib.ui.chat.link import link_panel
from lib.ui.chat.state import Workspace
from lib.ui.components.page import escape

_REFUSED = "chat-load-refused"  # in the session: what was wrong with the file in the box


def conversations(space: Workspace, model: str) -> None:
    """The menu of the header bar, named after the conversation on screen: new, clear, delete, the others, files."""
    title = escape(space.conversation.title)
    with st.popover(
        title, icon=":material/forum:", key=chat_state.MENU, width="stretch", wrap=False, on_change="rerun"
    ):  # it tracks whether it is open, so that a new conversation can close it
        _buttons(space)
        _others(space)
        _files(space, model)


def _buttons(space: Workspace) -> None:
    with st.container(horizontal=True):
        st.button("New", icon=":material/add:", on_click=chat_state.new, key="chat-new")
        st.button(
            "Clear",
            icon=":material/backspace:",
            on_click=chat_state.clear,
            key="chat-clear",
            disabled=not space.conversation.messages,
            help="Remove all messages of this conversation",
        )
        st.button(
            "Delete",
            icon=":material/delete:",
            on_click=chat_state.remove,
            key="chat-remove",
            disabled=len(space.conversations) == 1,
            help="Remove this conversation",
        )


def _others(space: Workspace) -> None:
    """The list of this tab's conversations, newest first."""
    if len(space.conversations) > 1:
        with st.container(gap="xsmall"):
            for key, conversation in reversed(space.conversations.items()):
                st.button(
                    escape(conversation.title),
                    key=f"open-{key}",
                    width="stretch",
                    disabled=key == space.current,
                    icon=":material/chat_bubble:",
                    on_click=chat_state.switch,
                    args=(key,),
                )


def _files(space: Workspace, model: str) -> None:
    """Save as JSON, export as Markdown, load JSON."""
    conversation = space.conversation
    empty = not conversation.messages
    with st.container(horizontal=True):
        st.download_button(
            "Save as JSON",
            partial(chat.to_json, conversation),  # made when somebody presses
            file_name="conversation.json",
            mime="application/json",
            icon=":material/save:",
            disabled=empty,
            on_click="ignore",
            key="chat-save",
        )
        st.download_button(
            "Export as Markdown",
            partial(chat.to_markdown, conversation, model=model),
            file_name="conversation.md",
            mime="text/markdown",
            icon=":material/description:",
            disabled=empty,
            on_click="ignore",
            key="chat-export",
        )
    link_panel(conversation)
    st.file_uploader(
        "Load a conversation",
        type="json",
        key="chat-load",
        on_change=_load,
        help="A file saved here, or a list of messages with role and content.",
    )
    if said := st.session_state.get(_REFUSED):  # here, because the open panel covers the page
        st.error(escape(said), icon=":material/error:")
    st.caption(
        "Conversations stay in this browser tab: they survive a reload and end with the tab. The server "
        "keeps none of them."
    )


def _load() -> None:
    uploaded = st.session_state.get("chat-load")
    st.session_state.pop(_REFUSED, None)
    if uploaded is None:
        return
    try:
        chat_state.new(chat.from_json(uploaded.getvalue()))
    except ConversationError as error:
        st.session_state[_REFUSED] = str(error)


def problem(space: Workspace) -> None:
    """A sentence from a button or an upload, shown once."""
    if space.problem:
        st.error(escape(space.problem), icon=":material/error:")
        space.problem = ""
