"""Whether a page's link was followed, or the browser's address is only late.

A page writes what is shown into its address, and a parameter that says something else was brought by a link. But the
browser sends its address along with every click, and for a moment it is still the one before: on a busy server, who
typed a text and clicked soon after would get the old text back.
"""

import time

import streamlit as st

LATE = 5.0  # seconds in which a browser may not have heard of its new address


def followed(name: str, link: str | None) -> bool:
    """Whether `link`, what the address says of `name`, is neither what this page wrote last nor, for a while, what was
    there before."""
    if link is None or link == st.session_state.get(f"linked-{name}"):
        return False
    before, until = st.session_state.get(f"linked-before-{name}", (None, 0.0))
    return link != before or time.monotonic() > until


def wrote(name: str, link: str | None) -> None:
    """This page has made its address say `link` of `name`, or nothing."""
    before = st.session_state.get(f"linked-{name}")
    if link != before:
        st.session_state[f"linked-before-{name}"] = before, time.monotonic() + LATE
    st.session_state[f"linked-{name}"] = link


def expect_link(name: str) -> None:
    """What the address says of `name` is new, even if it said the same before."""
    for kind in ("linked", "linked-before"):
        st.session_state.pop(f"{kind}-{name}", None)
