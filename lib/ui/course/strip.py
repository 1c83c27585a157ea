"""The strip of a step: one line under the title with what to do, the question, and the way to the next step.

A link with `step=…` opens it (`&course=45` in the short course), on the page of that step; × leaves the course, and the
sidebar and Home lead back.
"""

from contextlib import suppress

import streamlit as st
from streamlit.errors import StreamlitAPIException

from lib.course.steps import STEPS, Step, course_steps, linked
from lib.ui import available_models
from lib.ui.components import progress, scroll
from lib.ui.components.custom import asset
from lib.ui.components.followed_links import expect_link
from lib.ui.components.linked_text import for_link, kept_text
from lib.ui.components.pages import HOME, PAGES

STYLE = asset(__file__, "strip.css")  # written with the page's: the strip is there before anything else
_HERE, _LAST, _GO, _OWN = "course-here", "course-last", "course-go", "course-own-text"
_SHORT = "45"  # of `course=…` in a link
_WIDGETS = (
    "rows",
    "tab",
    "view",
    "pass",
    "arch",
    "section",
    "train-tab",
)  # keys of widgets that are bound to the parameter of that name
_STANDARD = {step.query[step.text] for step in STEPS if step.text}


def opened(address: str) -> Step | None:
    """The step that the page's link names, if it is one of this page. Called before the page's widgets are made."""
    step = linked(st.query_params.get("step", ""))
    if step is None and "step" in st.query_params:
        _no_such_step()
    if step is None or step.page != address:
        st.session_state.pop(_HERE, None)
        return None
    if st.session_state.get(_HERE) != step.key:
        st.session_state[_HERE] = st.session_state[_LAST] = step.key
        if st.query_params.get("course") == _SHORT:
            progress.learner().short = True
        for name in _WIDGETS:  # on the page itself a widget does not look at the link again
            if name in step.query:
                st.session_state[name] = step.query[name]
        for box in ("prompt", "compare-text"):  # its text is new, even if an earlier link brought the same
            expect_link(box)
        if step.page == "Architecture" and "arch" not in step.query:  # the model that is on this machine
            st.session_state["arch"] = st.session_state.get("chosen-model") or available_models.default("capable")
        scroll.ask("tab" if "learn" in step.query else "top")  # a lesson is further down
    return step


def _no_such_step() -> None:
    from lib.ui.components.link_values import left_out  # needs what the page's shell has

    left_out("step", st.query_params.pop("step"), "a step of the course")


def last_step() -> Step | None:
    """The step that was opened last in this session, for the way back; None where none was."""
    return next((step for step in STEPS if step.key == st.session_state.get(_LAST)), None)


def path() -> tuple[Step, ...]:
    """The steps of the course that the learner has chosen."""
    return course_steps(short=progress.learner().short)


def place_of(step: Step) -> str:
    """ "Step 4 of 17", in the course that the learner has chosen.

    A step that the short course leaves out counts with the one before it."""
    numbers = [other.number for other in path() if other.number <= step.number]
    return f"Step {len(numbers)} of {len(path())}"


def next_undone() -> Step | None:
    """Where to go on: the first step that is not done; None when all are."""
    return next((step for step in path() if step.key not in progress.learner().done), None)


def done_pages() -> set[str]:
    """The titles of the pages on which a step of the course has been done, in this visit or an earlier one."""
    done = progress.learner().done
    return {PAGES[step.page].title for step in STEPS if step.key in done}


def query_of(step: Step) -> dict[str, str]:
    """The parameters that open a step, with the learner's own text where the step takes one."""
    query = {**step.query, "step": step.key}
    own = st.session_state.get(_OWN)
    if own and step.text:
        query.pop(step.text)
        query |= for_link(**{step.text: own})  # a long one is kept in the session
    return query | ({"course": _SHORT} if progress.learner().short else {})


def go(step: Step | None, *, done: Step | None = None) -> None:
    """Callback: open a step, or Home's course after the last one; `done` is the one that ends with that."""
    if done is not None:
        progress.learner().done.add(done.key)
        if done.text == "prompt":
            text = kept_text("prompt")
            st.session_state[_OWN] = None if text in _STANDARD else text
    st.session_state[_GO] = step.key if step else ""


def follow(address: str | None) -> None:
    """Carry out what `go` asked for, on the page at `address`: a page's first call, before anything is drawn."""
    key = st.session_state.pop(_GO, None)
    if key is None:
        return
    step = next((step for step in STEPS if step.key == key), None)
    if step is None:
        st.switch_page(HOME.file)
    if step.page != address:
        st.switch_page(PAGES[step.page].file, query_params=query_of(step))
    _change_link(query_of(step))  # on the same page: nothing flashes


def _change_link(query: dict[str, str]) -> None:
    """Put other parameters into the page's link. Those of widgets are the widgets' own: `opened` sets them."""
    for name in list(st.query_params):
        with suppress(StreamlitAPIException):
            if name not in query:
                del st.query_params[name]
    for name, value in query.items():
        if name not in _WIDGETS:
            st.query_params[name] = value


def leave() -> None:
    """Callback: the page goes on without the course."""
    for name in ("step", "course"):
        st.query_params.pop(name, None)


def show(step: Step) -> None:
    """The strip of an open step."""
    from lib.ui.course.question import show_question  # needs what the page's shell has

    scroll.place("top")
    with _line("course-strip"):
        st.html(
            f'<p class="course-do"><span>{place_of(step)}</span> <b>{step.title}.</b> {step.do}</p>', width="stretch"
        )
        answered = f"course-{step.key}" in progress.answers()
        icon = ":material/check_circle:" if answered else ":material/help:"
        with (
            st.container(key="course-question", width="content"),
            st.popover("Question", icon=icon, key=f"course-question-{step.key}", wrap=False),
            st.container(key="course-asked"),
        ):  # a popover for each step: the answer of another one is never in it while this one's is computed
            show_question(step)
        _ways_on(step)


def _ways_on(step: Step) -> None:
    """Back, Next and out."""
    before = [other for other in path() if other.number < step.number]
    after = [other for other in path() if other.number > step.number]
    st.button(
        "Back",
        icon=":material/arrow_back:",
        key="course-back",
        disabled=not before,
        on_click=go,
        args=(before[-1] if before else None,),
        wrap=False,
    )
    st.button(
        "Next" if after else "Finish",
        icon=":material/arrow_forward:",
        icon_position="right",
        type="primary",
        key="course-next",
        on_click=go,
        args=(after[0] if after else None,),
        kwargs={"done": step},
        wrap=False,
    )
    st.button(
        "Leave the course",
        icon=":material/close:",
        type="tertiary",
        key="course-leave",
        on_click=leave,
        help="Leave the course. The sidebar and Home lead back to this step.",
    )


def invite() -> None:
    """On Home, where no step is open: how to begin, or to go on."""
    from lib.ui.components.take_home import hand_in_button  # needs what the page's shell has

    step, done = next_undone(), progress.learner().done
    with _line("course-invite"):
        if not done:
            said = f"<b>New here?</b> {len(STEPS)} steps from the first token to a chat, in 90 or 45 minutes."
        elif step is not None:
            said = f"<b>The course.</b> Next is {place_of(step).lower()}: {step.title}."
        else:
            missing = [str(n) for n, one in enumerate(path(), 1) if f"course-{one.key}" not in progress.answers()]
            more = f" Not answered: step{'s' * (len(missing) > 1)} {', '.join(missing)}." if missing else ""
            said = (
                f"<b>The course.</b> All {len(path())} steps are done.{more} Your worksheet has your answers: "
                "download it, and give it to your teacher."
            )
        st.html(f'<p class="course-do">{said}</p>', width="stretch")
        if step is None:
            hand_in_button("finish", primary=True)
        else:
            st.button(
                "Go on" if done else "Start the course",
                icon=":material/arrow_forward:",
                icon_position="right",
                type="primary" if not done else "secondary",
                key="course-start",
                on_click=go,
                args=(step,),
                wrap=False,
            )


def _line(key: str) -> st.delta_generator.DeltaGenerator:
    return st.container(key=key, horizontal=True, vertical_alignment="center", gap="small")
