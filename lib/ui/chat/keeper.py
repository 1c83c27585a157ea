"""Conversations survive a reload: they are kept in the browser tab's own storage, never on the server.

`sessionStorage` belongs to one tab: another tab, another student or a shared link never sees it, and closing the tab
ends it. On the first run of a session the component sends back what it finds; after that it stores what it is given.
"""

from collections.abc import Callable

import streamlit as st

from lib.ui.component import component

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


def keep(text: str, *, restore: Callable[[str], None]) -> None:
    """Store `text` in the tab. On a session's first runs calls `restore` with what an earlier session left, if any."""
    fresh = not st.session_state.get("chat-restored")

    def found() -> None:
        value = (st.session_state.get(_KEY) or {}).get("found")
        if not st.session_state.get("chat-restored"):
            st.session_state["chat-restored"] = True
            if isinstance(value, str) and value:
                restore(value)

    result = _COMPONENT(key=_KEY, data={"restore": fresh, "text": text}, on_found_change=found,
                        on_failed_change=lambda: None)
    if result.failed:
        st.caption("This browser keeps nothing for this page: a reload will lose the conversation. Save it as a file.")
