"""Conversations survive a reload: they are kept in the browser tab's own storage, never on the server.

`sessionStorage` belongs to one tab: another tab, another student or a shared link never sees it, and closing the tab
ends it. On the first run of a session the component sends back what it finds; after that it stores what it is given.
"""

import json
from typing import Any

import streamlit as st

from lib.chat import ConversationError, as_data, from_data
from lib.ui.chat.state import workspace
from lib.ui.components.custom import component

_JS = """
export default function ({ data, setStateValue }) {
  const name = "llm-playground-chats";
  try {
    if (data.restore) {
      setStateValue("found", window.sessionStorage.getItem(name) || "");
    } else if (window.sessionStorage.getItem(name) !== data.text) {
      window.sessionStorage.setItem(name, data.text);
    }
  } catch (error) {
    setStateValue("failed", true);
  }
}
"""
_COMPONENT = component("playground_chat_keeper", html="<span hidden></span>", js=_JS)
_KEY = "chat-keeper"


def keep() -> None:
    """Store all conversations in the tab. On a session's first runs takes back what an earlier session left, if any."""
    fresh = not st.session_state.get("chat-restored")

    def found() -> None:
        value = (st.session_state.get(_KEY) or {}).get("found")
        if not st.session_state.get("chat-restored"):
            st.session_state["chat-restored"] = True
            if isinstance(value, str) and value:
                _restore(value)

    result = _COMPONENT(
        key=_KEY, data={"restore": fresh, "text": _as_text()}, on_found_change=found, on_failed_change=lambda: None
    )
    if result.failed:
        st.caption("This browser keeps nothing for this page: a reload will lose the conversation. Save it as a file.")


def _as_text() -> str:
    """All conversations as one JSON text, for the browser tab."""
    space = workspace()
    kept = [{"id": c.id, **as_data(c)} for c in space.conversations.values() if c.messages or c.id == space.current]
    return json.dumps({"current": space.current, "conversations": kept})


def _restore(text: str) -> None:
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
