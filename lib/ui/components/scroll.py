"""Bring a part of the page into view after a click elsewhere started something there."""

import streamlit as st

from lib.ui.components.custom import component

_JS = """
const done = new Map(); // the last count that was carried out, by key: an update may come for other reasons
export default function ({ data }) {
  if ((done.get(data.key) ?? 0) === data.count) return;
  done.set(data.key, data.count);
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const target = document.querySelector(".st-key-" + data.key);
  if (!target) return;
  const strip = document.querySelector(".st-key-course-strip"); // it stays at the top, as the header bar does
  const margin = (strip ? 7 : 4.5) * parseFloat(getComputedStyle(document.documentElement).fontSize);
  target.style.scrollMarginTop = `${margin}px`;
  const { top } = target.getBoundingClientRect();
  if (data.key !== "top" && top >= margin && top < window.innerHeight / 3) return; // in view, and so is what is above
  // To the top at once: another step is another page, and what is drawn meanwhile would stop a slow movement.
  target.scrollIntoView({ behavior: calm || data.key === "top" ? "auto" : "smooth", block: data.block });
}
"""
_COMPONENT = component("playground_scroll", html="<span hidden></span>", js=_JS)


def ask(key: str) -> None:
    """Scroll to the element with this key in the next run (for callbacks)."""
    st.session_state[f"scroll-{key}"] = int(st.session_state.get(f"scroll-{key}", 0)) + 1


def place(key: str, *, block: str = "start") -> None:
    """Where the page listens. `block`: where the element ends up in the window, as in the browser's scrollIntoView."""
    _COMPONENT(
        key=f"scroll-to-{key}", data={"key": key, "count": st.session_state.get(f"scroll-{key}", 0), "block": block}
    )
