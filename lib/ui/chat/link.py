"""A short conversation in a link: `?chat=…` opens it beside those that are there, and the menu makes such a link."""

from urllib.parse import urlencode

import streamlit as st

from lib.chat import Conversation, ConversationError
from lib.chat.links import decode, encode
from lib.ui.chat import state as chat_state
from lib.ui.chat.state import Workspace
from lib.ui.components.page import escape

_PARAMETER = "chat"


def follow(space: Workspace) -> None:
    """Open the conversation that the page's link brings, once: it is taken out of the address then.

    Those that an earlier session left in the browser come back first, or they would be lost.
    """
    text, state = st.query_params.get(_PARAMETER), st.session_state
    if text is None or not (state.get("chat-restored") or (state.get("chat-keeper") or {}).get("failed")):
        return
    del st.query_params[_PARAMETER]
    try:
        chat_state.new(decode(text))
    except ConversationError as error:
        space.problem = str(error)


def link_panel(conversation: Conversation) -> None:
    """The conversation on screen as a link to copy, or why there is none."""
    if not st.button("Make a link", icon=":material/link:", key="chat-link", disabled=not conversation.messages):
        return
    try:
        query = {_PARAMETER: encode(conversation)}
    except ConversationError as error:
        st.info(escape(str(error)), icon=":material/link_off:")
        return
    st.code(f"{(st.context.url or 'Chat').split('?')[0]}?{urlencode(query)}", language=None, wrap_lines=True)
    st.caption("Whoever opens it has the messages on screen and the system prompt.")
