"""The top of the tokenizers page, all that answers to typing: the bar, the tokens of every tokenizer, and the tabs.

First the ladder (words, characters, subwords), one text on every step of it; then the tokenizers of real models.
"""

from collections.abc import Callable, Mapping

import streamlit as st

from lib.errors import PlaygroundError
from lib.settings import settings
from lib.tokenization import Comparison, compare
from lib.tokenization.texts import SAMPLES
from lib.ui.components import header, scroll
from lib.ui.components.followed_links import followed
from lib.ui.components.glossary import term
from lib.ui.components.history import came_by_history
from lib.ui.components.link_values import SWITCH, in_link
from lib.ui.components.linked_text import (
    LINK_BYTES,
    at_most,
    for_link,
    keep_in_link,
    keep_text,
    kept_text,
    renamed,
    unlinked,
)
from lib.ui.components.page import escape, explained, page_style
from lib.ui.tokenizers import ladder
from lib.ui.tokenizers.boundaries import boundary_panel
from lib.ui.tokenizers.counts import why_different
from lib.ui.tokenizers.lookup import look_up
from lib.ui.tokenizers.measures import figures
from lib.ui.tokenizers.options import TokenizerOption, choose, chosen_names, title
from lib.ui.tokenizers.take_home import page_menu
from lib.ui.tokenizers.token_view import row_data, set_text, token_rows, typed_text

TEXT = "compare-text"
START = SAMPLES["Tokenization powers"]
LEARN = "Learn"
REAL_TABS = ("Compare", "Where two cut", "IDs to text", "Other counts")  # about the tokenizers of real models
VIEWS = ("Text", "Token IDs")
_TAB = "tab"
_OPEN = "tokenizers-open"  # in the session: the tabs of the last run, and the one that was open
_PROMPT = "tokenizers-prompt"  # in the session: the prompt of all pages when this one was last drawn


@st.fragment
def workbench(more: Mapping[str, Callable[[], None]]) -> None:
    """The page below its title; `more` are tabs with their parts. A key press runs this and the open tab."""
    ladder.open_for_link((*REAL_TABS, "Ids to text"))
    with header.bar():
        typed = _typed()
        header.examples(SAMPLES, key="sample", then=_take_sample)
        with header.settings("Tokenizers"):
            chosen = chosen_names(then=ladder.leave)
    with st.container(key="result", gap=None):
        climbing, view, spaces = _view_row()
        chosen = list(ladder.STEPS) if climbing else chosen
        row = " --row: 6.14rem;" if climbing else ""  # its rows say what each step costs
        page_style(__file__, "page.css", more=f" .st-key-compare-rows {{ --rows: {len(chosen)};{row} }}")
        text = at_most(typed, settings().max_prompt_chars)
        keep_in_link("text", text, START, box=TEXT)
        choices = _choices(chosen)
        result = _compared(text, choices)
        if result is not None:
            _rows(result, choices, view, spaces, climbing=climbing)
            _notes(result, choices)
    _tabs(text, result, choices, more, climbing=climbing)
    page_menu(text, result, choices)


def _typed() -> str:
    linked = st.query_params.get("text")
    if came_by_history():
        set_text(TEXT, unlinked(TEXT, START) if linked is None else linked)
    elif linked is not None and followed(TEXT, linked):
        set_text(TEXT, linked)  # a link was followed, from outside or from another page
    elif (prompt := kept_text("prompt")) is not None and prompt != st.session_state.get(_PROMPT):
        set_text(TEXT, prompt)  # written on another page since this one was left
    text = typed_text(TEXT, label="Your text", default=START)
    if text != START and for_link(text=text):  # a prompt of ordinary length goes along to the other pages
        keep_text("prompt", text)
    st.session_state[_PROMPT] = kept_text("prompt")
    return text


def _take_sample() -> None:
    set_text(TEXT, st.session_state["sample"])


def _view_row() -> tuple[bool, str, bool]:
    """Whether the ladder is shown; how tokens are shown, as "text" or "ids"; whether white space is visible."""
    with st.container(key="view-row", horizontal=True, vertical_alignment="center"):
        climbing = ladder.choice()
        renamed("show", {"Ids": "Token IDs"})
        view = st.segmented_control(
            "Show", VIEWS, default="Text", required=True, key="show", **in_link("show", VIEWS),
            label_visibility="collapsed",
        )  # fmt: skip
        spaces = st.toggle("Visible white space", value=True, key="spaces", **in_link("spaces", SWITCH),
                           help="Spaces, line breaks and tabs as ␣ ⏎ ⇥.")  # fmt: skip
    return climbing, "ids" if view == "Token IDs" else "text", spaces


def _choices(chosen: list[str]) -> list[TokenizerOption]:
    choices = []
    for name in chosen:
        try:
            choices.append(choose(name))
        except PlaygroundError as error:
            st.error(escape(f"{title(name)}: {error}"), icon=":material/error:")
    if not choices:
        st.info("Choose at least one tokenizer.", icon=":material/tune:")
    return choices


def _compared(text: str, choices: list[TokenizerOption]) -> Comparison | None:
    with explained():
        return compared(text, choices) if choices else None
    return None


def compared(text: str, choices: list[TokenizerOption]) -> Comparison:
    """`compare`, remembered: a click elsewhere on the page, or another student, asks for the same text again."""
    remembered = _compared_short if len(text) <= 1_000 else _compared_long
    return remembered(text, tuple(choice.key for choice in choices), choices)


@st.cache_resource(max_entries=128, show_spinner=False)
def _compared_short(text: str, keys: tuple[str, ...], _choices: list[TokenizerOption]) -> Comparison:
    return compare(text, [choice.tokenizer for choice in _choices])


@st.cache_resource(max_entries=6, show_spinner=False)
def _compared_long(text: str, keys: tuple[str, ...], _choices: list[TokenizerOption]) -> Comparison:
    return compare(text, [choice.tokenizer for choice in _choices])


def _rows(result: Comparison, choices: list[TokenizerOption], view: str, spaces: bool, *, climbing: bool) -> None:
    shown = result.text[: result.shown]
    rows = [
        row_data(
            row, choice.tokenizer, shown, title=choice.title, about=ladder.price(row) if climbing else choice.about
        )
        for row, choice in zip(result.rows, choices, strict=True)
    ]
    token_rows("compare-rows", shown, rows, view=view, spaces=spaces, beside=True)


def _notes(result: Comparison, choices: list[TokenizerOption]) -> None:
    """A line below the rows, and more where the text asks for it."""
    with st.container(key="notes", gap=None):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(_about(result.text), width="content")
            if result.text.strip():
                st.page_link("pages/3_Next_Token.py", label="What would a model write next?",
                             icon=":material/arrow_forward:", query_params=for_link(prompt=result.text))  # fmt: skip
        _control_note(result.text, choices)
        if result.text != result.text.rstrip(" ") and result.text.strip():
            st.caption(
                ":material/space_bar: The text ends with a space. Most vocabularies put the space **before** the next "
                "word, so a model asked to go on from here meets a cut that it rarely saw in training."
            )


def _about(text: str) -> str:
    """The size of a text, and whether it is in the link."""
    if not text:
        return "Nothing typed yet. No text is no tokens, for every tokenizer."
    size = len(text.encode("utf-8", "replace"))
    said = f"{len(text):,} characters, {size:,} bytes in UTF-8. "
    if size > LINK_BYTES:
        return said + "The page's address keeps the tokenizers and the switches; this text is too long for it."
    return said + "To share the text and the switches, copy the page's address."


def _control_note(text: str, choices: list[TokenizerOption]) -> None:
    """Says that the spelling of a special token is ordinary text here, where the text holds one."""
    named = {name: None for choice in choices for name in choice.tokenizer.special if name in text}
    if named:
        spelled = ", ".join(escape(name) for name in list(named)[:4]) + (" …" if len(named) > 4 else "")
        st.caption(
            f":material/shield: {spelled}: the spelling of a **{term('special token')}**. What is typed here is "
            "ordinary "
            "text, so it is cut like any other. See Learn, Special tokens."
        )


def _tabs(
    text: str,
    result: Comparison | None,
    choices: list[TokenizerOption],
    more: Mapping[str, Callable[[], None]],
    *,
    climbing: bool,
) -> None:
    """The rest of the page; only the part of the open tab is computed. The ladder comes with its lessons alone."""
    if "learn" in st.query_params and _TAB not in st.query_params and _TAB not in st.session_state:
        st.session_state[_TAB] = LEARN  # a link to a lesson names the lesson alone
        st.query_params[_TAB] = LEARN
        scroll.ask(_TAB)
    about_real: tuple[Callable[[], None], ...] = (
        lambda: figures(result, choices),
        lambda: boundary_panel(result, choices),
        lambda: look_up(choices),
        lambda: why_different(text, choices),
    )
    real = dict(zip(REAL_TABS, about_real, strict=True))
    parts = dict(more) if climbing else real | dict(more)
    renamed(_TAB, {"Ids to text": "IDs to text"})
    _keep_open(list(parts))
    tabs = st.tabs(list(parts), key=_TAB, on_change="rerun", **in_link(_TAB, (*REAL_TABS, *more)))
    for tab, (name, draw) in zip(tabs, parts.items(), strict=True):
        if tab.open:
            st.session_state[_OPEN] = (list(parts), name)
            if name != LEARN:
                st.query_params.pop("learn", None)
            with tab, explained():
                draw()
    scroll.place(_TAB)


def _keep_open(parts: list[str]) -> None:
    """With other tabs than before the same one is open, if it is still there: to Streamlit they are another widget."""
    before, opened = st.session_state.get(_OPEN, (parts, ""))
    if before == parts:
        return
    if opened in parts:
        st.session_state[_TAB] = opened
    else:
        st.session_state.pop(_TAB, None)
        st.query_params.pop(_TAB, None)
