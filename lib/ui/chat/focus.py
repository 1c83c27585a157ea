"""Where the keyboard is after a click whose button is gone in the next run: in a text box, where one writes on, or on
the button that has taken its place."""

import streamlit as st

from lib.ui.components.custom import component

_JS = """
let done = 0; // the last count that was carried out: an update may come for other reasons
export default function ({ data }) {
  if (done === data.count) return;
  done = data.count;
  if (!data.count || !matchMedia("(pointer: fine)").matches) return; // a touch screen would open its keyboard
  let frames = 120; // the box may not be drawn yet, the button not be gone
  const stop = () => (frames = 0); // somebody goes elsewhere
  for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, stop, { once: true, capture: true });
  const look = () => {
    const box = data.places.map((place) => document.querySelector(place)).find(Boolean);
    const lost = data.at_once || [document.body, null].includes(document.activeElement);
    if (frames === 0) return;
    if (box && !box.disabled && lost) box.focus({ preventScroll: true });
    else if (--frames > 0) requestAnimationFrame(look);
  };
  look();
}
"""
_COMPONENT = component("playground_chat_focus", html="<span hidden></span>", js=_JS)
_KEY = "chat-focus"
_NOBODY = {"count": 0, "places": [], "at_once": False}


def ask(key: str, *, at_once: bool = False) -> None:
    """For callbacks: in the next run the keyboard is in the text box within the element `key`.

    A button that is still there keeps the keyboard, unless `at_once`.
    """
    _ask([f".st-key-{key} textarea"], at_once=at_once)


def ask_button(message_id: str, *acts: str) -> None:
    """For callbacks: in the next run the keyboard is on the first button of a message that is there and not off."""
    _ask([f'.pg-act[data-message="{message_id}"][data-act="{act}"]:enabled' for act in acts], at_once=True)


def _ask(places: list[str], *, at_once: bool) -> None:
    count = st.session_state.get(_KEY, _NOBODY)["count"]
    st.session_state[_KEY] = {"count": count + 1, "places": places, "at_once": at_once}


def place() -> None:
    """Where the page listens."""
    _COMPONENT(key="scroll-to-focus", data=st.session_state.get(_KEY, _NOBODY))
