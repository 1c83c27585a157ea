"""The sidebar: the app's mark, the steps of the course with what has been visited, and the projector switch.

It is the same on every page. Streamlit's own list of pages, off in .streamlit/config.toml, has neither numbers nor
icons.
"""

from contextlib import suppress

import streamlit as st
from streamlit.errors import StreamlitAPIException

from lib.ui.components.course import COURSE, EXTRAS, HOME

_VISITED = "visited-pages"
_MARK = '<div class="pg-mark"><span>LLM Playground</span></div>'
# A check mark behind the pages that have been visited, in the letters' colour.
_CHECK = (
    "content: ''; margin-left: auto; width: 0.8rem; height: 0.8rem; flex: none; background: var(--pg-good); "
    "mask: url(\"data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' "
    "stroke='black' stroke-width='3.5'%3E%3Cpath d='M4 13l5 5L20 6'/%3E%3C/svg%3E\") center / contain no-repeat;"
)


def show_sidebar(title: str) -> None:
    """Fill the sidebar of the page called `title`."""
    visited: set[str] = st.session_state.setdefault(_VISITED, set())
    visited.add(title)
    with st.sidebar:
        st.html(_MARK + _style(title, visited))
        with st.container(key="steps"):
            _links()
        with st.container(key="extras"):
            _extras()
        st.toggle(
            "Projector",
            key="projector",
            persist_state="session",
            help="Everything larger, captions away, the result fills the screen. The arrow keys, or a presenter's "
            "Page Up and Page Down, go from step to step.",
        )


def projector() -> bool:
    """Whether the projector switch is on."""
    return bool(st.session_state.get("projector", False))


def _links() -> None:
    for number, step in enumerate((HOME, *COURSE)):
        label = f"{number}. {step.title}" if number else step.title
        try:
            st.page_link(step.file, label=label, icon=step.icon, width="stretch")
        except StreamlitAPIException:  # the page was started on its own
            return


def _extras() -> None:
    for page in EXTRAS:
        with suppress(StreamlitAPIException):  # the page was started on its own
            st.page_link(page.file, label=page.title, icon=page.icon, width="stretch")


def _style(title: str, visited: set[str]) -> str:
    """Which of the links is this page, and which have been visited."""
    link = ':is(.st-key-steps, .st-key-extras) a[href="{}"]'
    done = [link.format(step.address) + "::after" for step in COURSE if step.title in visited]
    here = [link.format(step.address) for step in (HOME, *COURSE, *EXTRAS) if step.title == title]
    rules = [f"{', '.join(done)} {{ {_CHECK} }}"] if done else []
    rules += [
        f"{one} {{ font-weight: 650; background: color-mix(in srgb, var(--pg-accent) 15%, transparent); }}"
        for one in here
    ]
    return f"<style>{' '.join(rules)}</style>"
