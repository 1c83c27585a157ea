"""The sidebar: the app's mark, the pages in the order of the course with what has been visited, the way back to the
step that was left, and the projector switch.

It is the same on every page. Streamlit's own list of pages, off in .streamlit/config.toml, has neither numbers nor
icons.
"""

from contextlib import suppress
from dataclasses import replace

import streamlit as st
from streamlit.errors import StreamlitAPIException

from lib.ui.components.pages import COURSE, EXTRAS, HOME, PAGES, Page
from lib.ui.course import strip

_VISITED = "visited-pages"
_MARK = '<div class="pg-mark"><span>LLM Playground</span></div>'
# Behind a page: a dot where it has been visited, a check mark where a step of the course has been done on it.
_DOT = (
    "content: ''; margin-left: auto; margin-right: 0.2rem; width: 0.4rem; height: 0.4rem; flex: none; "
    "border-radius: 50%; background: var(--pg-quiet);"
)
_CHECK = (
    "content: ''; margin-left: auto; width: 0.8rem; height: 0.8rem; flex: none; background: var(--pg-good); "
    "mask: url(\"data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' "
    "stroke='black' stroke-width='3.5'%3E%3Cpath d='M4 13l5 5L20 6'/%3E%3C/svg%3E\") center / contain no-repeat;"
)


def begin_sidebar() -> None:
    """The app's mark, called before the page's title: an empty sidebar has no room, and the page would jump aside."""
    st.sidebar.html(_MARK)


def show_sidebar(title: str) -> None:
    """Fill the sidebar of the page called `title`, below its mark."""
    visited: set[str] = st.session_state.setdefault(_VISITED, set())
    visited.add(title)
    with st.sidebar:
        st.html(_style(title, visited, strip.done_pages()))
        with st.container(key="steps"):
            for number, page in enumerate((HOME, *COURSE)):
                _link(page, f"{number}. {page.title}" if number else page.title)
        with st.container(key="extras"):
            for page in EXTRAS:
                _link(page, page.title)
            _back(title)
        st.toggle(
            "Projector",
            key="projector",
            persist_state="session",
            help="Everything larger, captions away, the result fills the screen. The arrow keys, or a presenter's "
            "Page Up and Page Down, go from page to page, or from step to step of the course.",
        )


def projector() -> bool:
    """Whether the projector switch is on."""
    return bool(st.session_state.get("projector", False))


def next_page(page: Page) -> None:
    """A line at a page's end that leads to `page`, with the question that it answers."""
    _link(page, f"Next: **{page.title}**. {page.question}" if page.question else f"Back to **{page.title}**")


def _link(page: Page, label: str, query: dict[str, str] | None = None) -> None:
    with suppress(StreamlitAPIException):  # the page was started on its own
        st.page_link(page.file, label=label, icon=page.icon, width="stretch", query_params=query)


def _back(title: str) -> None:
    """The way back to the step that was open last, from anywhere else."""
    step = strip.last_step()
    if (
        step is not None
        and strip.next_undone() is not None
        and (PAGES[step.page].title != title or "step" not in st.query_params)
    ):
        back = replace(PAGES[step.page], icon=":material/school:")
        _link(back, f"Back to {strip.place_of(step).lower()}", strip.query_of(step))


def _style(title: str, visited: set[str], done: set[str]) -> str:
    """Which of the links is this page, and which have been visited or have a step that is done."""
    link = ':is(.st-key-steps, .st-key-extras) a[href="{}"]'
    here = [link.format(step.address) for step in PAGES.values() if step.title == title]
    marks = [(page, _CHECK if page.title in done else _DOT) for page in COURSE if page.title in visited | done]
    rules = [f"{link.format(page.address)}::after {{ {mark} }}" for page, mark in marks]
    rules += [
        f"{one} {{ font-weight: 650; background: color-mix(in srgb, var(--pg-accent) 15%, transparent); }}"
        for one in here
    ]
    return f"<style>{' '.join(rules)}</style>"
