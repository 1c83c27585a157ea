"""What every page has: title and lead, the takeaways, the predict-then-reveal question, and errors as sentences."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lib.design import SIDEBAR, css
from lib.errors import PlaygroundError, for_readers
from lib.ui import housekeeping
from lib.ui.classroom.banner import class_banner
from lib.ui.components import kept_clicks, progress
from lib.ui.components.custom import asset, component
from lib.ui.components.live_updates import new_run
from lib.ui.components.pages import HOME, Page, after, page_called
from lib.ui.components.sidebar import begin_sidebar, next_page, projector, show_sidebar
from lib.ui.course import strip

_STYLE = f"<style>{css()}\n{asset(__file__, 'page.css', 'print.css')}\n{strip.STYLE}</style>"
_PROJECTOR = f"<style>{asset(__file__, 'projector.css')}</style>"
_TABS = f"<script>{asset(__file__, 'tabs.js')}</script>"
_APP = "LLM Playground"  # Home's title
_SHELL_ASKED = "shell-asked"  # in the session: its projector is known, from the tab or from a click
_SHELL = component("playground_shell", html="<span hidden></span>", js=asset(__file__, "history.js", "shell.js"))


def setup_page(title: str, *, icon: str, lead: str) -> None:
    """First call of every page: its title row, the strip of a step, and the sidebar.

    `lead` is our own HTML, one line: what one learns here. With the page's question it stands beside the title, or the
    goal of the step that is open. `icon` is an emoji: the browser would fetch the favicon of a :material/…: name from
    another host.
    """
    new_run()
    page = HOME if title == _APP else page_called(title)
    strip.follow(page.address if page else None)
    if page:
        _leave_out_unknown(page)
    name = title if page is None else page.title
    if st.session_state.get("page-title") != name:
        kept_clicks.forget()
    st.session_state["page-title"] = name
    step = strip.opened(page.address) if page else None
    if step:
        lead = step.goal
    elif page and page.question:
        lead = f"<b>{page.question}</b> {lead}"
    # The sidebar's width is page.css's, told here too: the page would jump when the style comes.
    width = round(SIDEBAR * 16)
    st.set_page_config(page_title=f"{title} · {_APP}", page_icon=icon, layout="wide", initial_sidebar_state=width)
    with st.container(key="top", gap=None):
        st.html(_STYLE + (_PROJECTOR if projector() else ""))
        st.html(_TABS, unsafe_allow_javascript=True)
        begin_sidebar()
        st.html(f'<div class="pg-title"><h1>{title}</h1><p class="lead">{lead}</p></div>')
        _shell()
        progress.keep()
    if step:
        strip.show(step)
    elif page is HOME:
        strip.invite()
    show_sidebar(st.session_state["page-title"])
    housekeeping.begin()
    class_banner(st.session_state["page-title"])


def _leave_out_unknown(page: Page) -> None:
    from lib.ui.components.link_values import leave_out_unknown  # needs what is in this module

    leave_out_unknown(page)


def _shell() -> None:
    """What listens in the whole page. The browser tab keeps whether the projector is on, and a reload asks for it."""

    def found() -> None:
        st.session_state[_SHELL_ASKED] = True
        st.session_state["projector"] = True

    if projector():
        st.session_state[_SHELL_ASKED] = True
    data = {"projector": projector(), "restore": not st.session_state.get(_SHELL_ASKED)}
    _SHELL(key="shell", data=data, on_lit_change=found)


def page_style(module: str, *names: str, more: str = "") -> None:
    """A page's own CSS, from the folder `assets` beside a module (its `__file__`), and `more` of it."""
    st.html(f"<style>{asset(module, *names)}{more}</style>")


# After the backslashes are read, Streamlit looks for icons (:x:), addresses, and arrows and dashes in every piece of
# text. An empty span between two characters makes two pieces of them.
_SPAN = ":small[]"
_PIECES = re.compile(r"(?<=:)(?=[\w/+-])|(?<=@)|(?<=www)(?=\.)|(?<=[<>~=-])(?=[>=-])", re.IGNORECASE)
_INDENT = re.compile(r"^[ \t]+", re.MULTILINE)  # it would be a block of code


def escape(text: str) -> str:
    """Text that Streamlit's Markdown shows literally: no emphasis, links, HTML, LaTeX, colours, icons or emoji codes.

    >>> escape('$x$ :red[no] <b>')
    '\\\\$x\\\\$ \\\\::small[]red\\\\[no\\\\] \\\\<b\\\\>'
    """
    pieces = _PIECES.split(_INDENT.sub("", for_readers(text)))
    escaped = ("".join("\\" + ch if ch in "\\`*_{}[]()<>#+-.!|$~:^=&" else ch for ch in piece) for piece in pieces)
    return _SPAN.join(escaped)


def code(text: str) -> str:
    """Text as code inside a line of Streamlit's Markdown, whatever back-ticks and line breaks there are in it.

    >>> code("<s>"), code("`![x](http://a.org)")
    ('`<s>`', '`` `![x](http://a.org) ``')
    """
    line = " ".join(text.split())
    ticks = "`" * (max(map(len, re.findall("`+", line)), default=0) + 1)
    return f"{ticks} {line} {ticks}" if "`" in line else f"{ticks}{line}{ticks}"


@contextmanager
def explained() -> Iterator[None]:
    """Show a PlaygroundError raised inside as its sentence instead of a traceback. Nothing typed is lost."""
    try:
        yield
    except PlaygroundError as error:
        st.error(escape(str(error)), icon=":material/error:")


def takeaways(*points: str) -> None:
    """The page's lesson in a few lines, at its end, and where to go next. `points` are Markdown of our own."""
    page = page_called(str(st.session_state.get("page-title", "")))
    with st.container(border=True):
        st.markdown("**Takeaways**")
        st.markdown("\n".join(f"- {point}" for point in points))
        if page is not None:
            next_page(after(page))


def predict(
    key: str, question: str, options: Sequence[str], answer: Callable[[], tuple[int, str]], *, label: str = "Your guess"
) -> None:
    """A predict-then-reveal question. `answer` is computed only on reveal: (index of the right option, why)."""
    widget = f"predict-{key}-choice"
    kept = progress.answers().get(f"predict-{key}")
    if kept is not None and kept.chosen in options and st.session_state.get(widget) is None:
        st.session_state[widget] = kept.chosen  # given before a reload
    with st.container(border=True, key=f"predict-{key}"):
        st.markdown(f"**Predict, then reveal.** {question}")
        choice = st.radio(
            label,
            options,
            index=None,
            key=widget,
            horizontal=len(options) <= 3,
            persist_state="session",  # a guess outlives the tab that it was made in
        )
        if choice is None:
            st.caption("Choose first. The answer is computed when you press Reveal.")
            return
        progress.keep_answer(f"predict-{key}", question, choice)
        if st.button("Reveal", key=f"predict-{key}-reveal") or st.session_state.get(f"predict-{key}-shown"):
            st.session_state[f"predict-{key}-shown"] = True
            right, why = answer()
            progress.keep_answer(f"predict-{key}", question, choice, right=options[right], why=why)
            verdict(options[right], why, correct=options.index(choice) == right)
        elif kept is not None and kept.right and kept.chosen == choice:
            verdict(kept.right, kept.why, correct=bool(kept.correct))


def verdict(right: str, why: str, *, correct: bool) -> None:
    """What is said to an answer. `right` and `why` are Markdown of our own."""
    if correct:
        st.success(f"Yes: “{right}”. {why}", icon=":material/check_circle:")
    else:
        st.warning(f"The answer is “{right}”. {why}", icon=":material/lightbulb:")


def switch(label: str, options: Sequence[str], *, key: str, place: Any = st, **more: Any) -> str:
    """One of several views, the first to begin with; it stays chosen while one is on the page. `label` is for screen
    readers; `more` goes to `segmented_control`."""
    return str(
        place.segmented_control(
            label,
            options,
            default=options[0],
            required=True,
            key=key,
            persist_state="page",
            label_visibility="collapsed",
            **more,
        )
    )


def wide_chart(key: str) -> DeltaGenerator:
    """A place for the chart `key`, which needs room: on a phone it scrolls sideways instead of being squeezed."""
    st.html(f"<style>.st-key-{key}-box {{ overflow-x: auto; }} .st-key-{key} {{ min-width: 44rem; }}</style>")
    box = st.container(key=f"{key}-box")
    box.html('<p class="pg-sideways" tabindex="0">The chart scrolls sideways.</p>')  # a keyboard needs a stop in there
    return box
