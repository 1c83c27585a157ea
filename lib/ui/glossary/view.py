"""The glossary as a page: a box to search in, and every word with its meaning and the pages on which one meets it."""

import streamlit as st

from lib.course.glossary import GLOSSARY, Entry
from lib.ui.components.custom import component
from lib.ui.components.page import escape, page_style
from lib.ui.components.pages import PAGES

# Streamlit scrolls to the word of a link before all of them are drawn.
_JS = """
let done = false;
export default function () {
  const word = location.hash.slice(1);
  if (done || !/^[a-z0-9-]+$/.test(word)) return;
  done = true;
  const go = () => document.getElementById(word)?.scrollIntoView({ block: "start" });
  [100, 500, 1200].forEach((wait) => setTimeout(go, wait));
}
"""
_TO_WORD = component("playground_glossary_word", html="<span hidden></span>", js=_JS)


def glossary_panel() -> None:
    """The box, and the entries that fit what is typed there."""
    page_style(__file__, "glossary.css")
    with st.container(key="header", horizontal=True, vertical_alignment="center"):
        typed = st.text_input(
            "Search", key="word", placeholder="Search a word", label_visibility="collapsed", icon=":material/search:",
            max_chars=80, live=True, bind="query-params",
        )  # fmt: skip
        found = matching(typed or "")
        st.caption(f"{len(found)} of {len(GLOSSARY)} words", width="content")
    with st.container(key="result"):
        if not found:
            st.info(f"The glossary has no entry with “{escape(typed or '')}”.", icon=":material/search_off:")
        with st.container(key="glossary-words"):
            for entry in found:
                _show(entry)
    _TO_WORD(key="scroll-to-word", data={})


def matching(typed: str) -> list[Entry]:
    """The entries that have `typed` in their name; after them those that have it in their meaning.

    >>> [entry.name for entry in matching("SOFTMAX")][0]
    'softmax'
    """
    wanted = " ".join(typed.lower().split())
    named = [entry for entry in GLOSSARY.values() if wanted in entry.name.lower()]
    return named + [entry for entry in GLOSSARY.values() if entry not in named and wanted in entry.meaning.lower()]


def _show(entry: Entry) -> None:
    pages = [PAGES[address] for address in entry.pages if address in PAGES]
    seen = " · ".join(f"[{page.title}]({page.address})" for page in pages)
    with st.container(gap=None):
        st.header(escape(entry.name), anchor=entry.anchor)
        st.markdown(escape(entry.meaning) + (f"  \n:small[Seen on {seen}]" if seen else ""))
