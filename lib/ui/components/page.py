"""What every page has: title and lead, the takeaways, the predict-then-reveal question, and errors as sentences."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lib.errors import PlaygroundError
from lib.ui import housekeeping
from lib.ui.components.live_updates import new_run

# Streamlit writes what is chosen in the primary colour: dark enough for a button under white letters, and so too dark
# for letters on a dark page. Axes of charts get a grey of contrast 3.7. These colours have 4.5 and more.
# The rule for details: a closed expander hides its content with content-visibility: hidden, and Chromium's editing then
# costs time for every line of every text area: select-all in a megabyte of lines took 63 s. With display: none, 0.2 s.
_CSS = """
<style>
.block-container { max-width: 1240px; padding-top: 2.6rem; padding-bottom: 4rem; }
.block-container h1 { font-size: 2.1rem; letter-spacing: -0.02em; padding-bottom: 0.1rem; }
.lead { font-size: 1.08rem; line-height: 1.55; opacity: 0.82; max-width: 46rem; margin: 0 0 1.1rem 0; }
[data-variant="segmented_control"][data-selected], [data-variant="pills"][data-selected],
[data-testid="stTab"][data-selected] { color: light-dark(#4338ca, #a5b4fc) !important; }
.stPlotlyChart :is([class$="tick"] text, text[class$="title"], .legendtext) {
  fill: light-dark(#4c4f63, #c6c8d8) !important;
}
details:not([open])::details-content { content-visibility: visible; display: none; }
@media (max-width: 640px) {
  .block-container { padding: 2.6rem 1rem 3rem 1rem; }
  .block-container h1 { font-size: 1.6rem; }
}
</style>
"""


def setup_page(title: str, *, icon: str, lead: str) -> None:
    """First call of every page. `lead` is our own text (one or two sentences: what one learns here).

    `icon` is an emoji: the browser would fetch the favicon of a :material/…: name from another host.
    """
    new_run()
    st.set_page_config(page_title=f"{title} · LLM Playground", page_icon=icon, layout="wide")
    st.html(_CSS)
    st.title(title)
    st.html(f'<p class="lead">{lead}</p>')
    housekeeping.begin()


def escape(text: str) -> str:
    """Text that Streamlit's Markdown shows literally: no emphasis, links, HTML, LaTeX, colours, icons or emoji codes.

    >>> escape('$x$ :red[no] <b>')
    '\\\\$x\\\\$ \\\\:red\\\\[no\\\\] \\\\<b\\\\>'
    """
    return "".join("\\" + ch if ch in "\\`*_{}[]()<>#+-.!|$~:^=&" else ch for ch in text)


@contextmanager
def explained() -> Iterator[None]:
    """Show a PlaygroundError raised inside as its sentence instead of a traceback. Nothing typed is lost."""
    try:
        yield
    except PlaygroundError as error:
        st.error(escape(str(error)), icon=":material/error:")


def takeaways(*points: str) -> None:
    """The page's lesson in a few lines, at its end. `points` are Markdown of our own."""
    with st.container(border=True):
        st.markdown("**Takeaways**")
        st.markdown("\n".join(f"- {point}" for point in points))


def predict(
    key: str, question: str, options: Sequence[str], answer: Callable[[], tuple[int, str]], *, label: str = "Your guess"
) -> None:
    """A predict-then-reveal question. `answer` is computed only on reveal: (index of the right option, why)."""
    with st.container(border=True, key=f"predict-{key}"):
        st.markdown(f"**Predict, then reveal.** {question}")
        choice = st.radio(label, options, index=None, key=f"predict-{key}-choice", horizontal=len(options) <= 3)
        if choice is None:
            st.caption("Choose first; the answer is computed when you do.")
            return
        if st.button("Reveal", key=f"predict-{key}-reveal") or st.session_state.get(f"predict-{key}-shown"):
            st.session_state[f"predict-{key}-shown"] = True
            right, why = answer()
            if options.index(choice) == right:
                st.success(f"Yes: “{options[right]}”. {why}", icon=":material/check_circle:")
            else:
                st.warning(f"The answer is “{options[right]}”. {why}", icon=":material/lightbulb:")


def wide_chart(key: str) -> DeltaGenerator:
    """A place for the chart `key`, which needs room: on a phone it scrolls sideways instead of being squeezed."""
    st.html(f"<style>.st-key-{key}-box {{ overflow-x: auto; }} .st-key-{key} {{ min-width: 44rem; }}</style>")
    return st.container(key=f"{key}-box")
