"""The course on Home: how long it is, how far one is, and its steps, grouped by page; the pages are free to all."""

import streamlit as st

from lib.course.steps import MINUTES, Step
from lib.ui.components import progress
from lib.ui.components.page import switch
from lib.ui.components.pages import COURSE, HOME, Page
from lib.ui.components.take_home import hand_in_button
from lib.ui.course import strip

_LENGTHS = {f"{MINUTES['whole']} minutes": False, f"{MINUTES['short']} minutes": True}
_LENGTH = "course-length"


def course_panel() -> None:
    """The length, the progress, the way in, and a card for each page with its steps."""
    _head()
    pages = (HOME, *COURSE)
    for start in range(0, len(pages), 4):
        for column, page in zip(st.columns(4), pages[start : start + 4], strict=False):
            with column.container(border=True, height="stretch", key=f"card-{page.address or 'Home'}", gap="xsmall"):
                _card(page, [step for step in strip.path() if step.page == page.address])
    st.caption(
        "Every page is open at any time, in the sidebar. Your progress and your answers stay in this browser; this "
        "app's server does not keep them."
    )


def _head() -> None:
    state, learner = st.session_state, progress.learner()
    names = list(_LENGTHS)
    state[_LENGTH] = names[learner.short]
    with st.container(horizontal=True, vertical_alignment="center", key="course-head"):
        switch("Length of the course", names, key=_LENGTH, on_change=_take_length)
        done = sum(step.key in learner.done for step in strip.path())
        st.markdown(f"**{done} of {len(strip.path())}** steps done", width="content")
        step = strip.next_undone()
        if step is not None:
            st.button(
                f"Go on with step {strip.path().index(step) + 1}" if learner.done else "Start",
                icon=":material/arrow_forward:",
                type="primary",
                key="course-go-on",
                on_click=strip.go,
                args=(step,),
            )
        if learner.done or learner.answers:
            st.button(
                "Start over",
                icon=":material/restart_alt:",
                type="tertiary",
                key="course-forget",
                on_click=progress.forget,
                help="Forget the steps done and all answers, in this browser too.",
            )
        hand_in_button()


def _take_length() -> None:
    progress.learner().short = _LENGTHS[st.session_state[_LENGTH]]


def _card(page: Page, steps: list[Step]) -> None:
    st.page_link(page.file, label=f"**{page.title}**", icon=page.icon)
    short = progress.learner().short
    minutes = sum(step.short if short else step.minutes for step in steps)
    st.caption(f"{page.question or 'What does a language model do?'} ({minutes}\N{NO-BREAK SPACE}minutes)")
    for step in steps:
        done = step.key in progress.learner().done
        number = strip.path().index(step) + 1
        st.page_link(
            page.file,
            label=f"{number}. {step.title}",
            icon=":material/check_circle:" if done else ":material/radio_button_unchecked:",
            query_params=strip.query_of(step),
        )
