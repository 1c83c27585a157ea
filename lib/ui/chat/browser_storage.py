"""Conversations survive a reload: they are kept in the browser tab's own storage, never on the server.

`sessionStorage` belongs to one tab: another tab, another student or a shared link never sees it, and closing the tab
ends it. On the first run of a session the component sends back what it finds; after that it stores what it is given.
A reply that is being written is stored every second, by itself.
"""

import time
from typing import Any

import streamlit as st

from lib.chat import Message
from lib.chat.storage import from_storage, growing_to_storage, snapshot, to_storage
from lib.ui.chat.state import MAX_CONVERSATIONS, Workspace, workspace
from lib.ui.components.custom import component
from lib.ui.components.last_run import last_answer
from lib.ui.components.replaceable import Replaceable

_JS = """
export default function ({ data, setStateValue }) {
  const names = { text: "llm-playground-chats", growing: "llm-playground-chat-growing" };
  try {
    if (data.restore) {
      const found = Object.entries(names).map(([key, name]) => [key, sessionStorage.getItem(name) || ""]);
      setStateValue("found", Object.fromEntries(found));
      return;
    }
    for (const [key, name] of Object.entries(names)) {
      if (key in data && sessionStorage.getItem(name) !== data[key]) sessionStorage.setItem(name, data[key]);
    }
  } catch (error) {
    setStateValue("failed", true);
  }
}
"""
_COMPONENT = component("playground_chat_keeper", html="<span hidden></span>", js=_JS)
_KEY = "chat-keeper"
_EACH = 1.0  # seconds between two looks at a reply that is being written


class Keeper:
    """The place on the page that stores. It is there in every run."""

    def __init__(self, place: Replaceable[Any]) -> None:
        self._place = place
        self._last = time.monotonic()

    def look(self, space: Workspace, message: Message) -> None:
        """Store the reply that is being written, if the last time is long enough ago."""
        now = time.monotonic()
        if now - self._last >= _EACH and message.content:
            self._last = now
            self._place.show({"restore": False, "growing": growing_to_storage(space.conversation, message)})


def keep() -> Keeper:
    """Store all conversations in the tab. On a session's first runs takes back what an earlier session left, if any."""
    fresh = not st.session_state.get("chat-restored")

    def found() -> None:
        value = (st.session_state.get(_KEY) or {}).get("found")
        if not st.session_state.get("chat-restored"):
            st.session_state["chat-restored"] = True
            if isinstance(value, dict):
                _restore(str(value.get("text") or ""), str(value.get("growing") or ""))

    data = {"restore": True} if fresh else {"restore": False, "text": _as_text(), "growing": ""}

    place = Replaceable(lambda: _COMPONENT(key=_KEY, data=data, on_found_change=found, on_failed_change=lambda: None))
    if place.value.failed:
        st.caption("This browser keeps nothing for this page: a reload will lose the conversation. Save it as a file.")
    return Keeper(place)


def _as_text() -> str:
    """All conversations as one JSON text, for the browser tab."""
    space = workspace()
    kept = [one for one in space.conversations.values() if one.messages or one.id == space.current]
    asked = (space.current, [snapshot(one) for one in kept])
    return last_answer("chat-kept", asked, lambda: to_storage(kept, space.current))


def _restore(text: str, growing: str) -> None:
    """Take back what a reload left behind. Something damaged is left out, not an error."""
    space = workspace()
    if any(one.messages for one in space.conversations.values()):
        return  # somebody was quicker than the browser
    conversations, current = from_storage(text, growing, most=MAX_CONVERSATIONS)
    space.conversations.update(conversations)
    if current and current != space.current:
        space.conversations.pop(space.current, None)
        space.current = current
