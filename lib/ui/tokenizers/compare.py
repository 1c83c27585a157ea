"""The Compare part of the tokenizers page: type, see the tokens of every tokenizer, their figures and their cuts."""

import math
from collections.abc import Callable

import streamlit as st

from lib.errors import PlaygroundError
from lib.settings import settings
from lib.tokenization import Comparison, compare
from lib.tokenization.comparison import ComparisonRow
from lib.tokenization.texts import SAMPLES
from lib.ui.components.linked_text import LINK_BYTES, at_most, for_link, keep_in_link
from lib.ui.components.page import escape
from lib.ui.tokenizers.bars import tokenizer_bars
from lib.ui.tokenizers.boundaries import boundary_panel
from lib.ui.tokenizers.counts import why_different
from lib.ui.tokenizers.lookup import look_up
from lib.ui.tokenizers.options import DEFAULT, TokenizerOption, choose, names, title
from lib.ui.tokenizers.table import Cell, small_table
from lib.ui.tokenizers.token_view import row_data, set_text, token_rows, typed_text

TEXT = "compare-text"
START = SAMPLES["Tokenization powers"]


def _take_sample() -> None:
    name = st.session_state.get("sample")
    if name:
        set_text(TEXT, SAMPLES[name])
    st.session_state["sample"] = None


@st.fragment
def compare_panel() -> None:
    """Everything that answers to typing, in one fragment: a key press never reruns the lessons below."""
    st.pills("Start from", list(SAMPLES), key="sample", on_change=_take_sample)
    linked = st.query_params.get("text")
    if linked is not None and linked != st.session_state.get(f"linked-{TEXT}"):
        set_text(TEXT, linked)  # a link was followed, from outside or from another page
    text = typed_text(TEXT, label="Your text", default=START)
    text = at_most(text, settings().max_prompt_chars)
    keep_in_link("text", text, START, box=TEXT)
    chosen, view, spaces = _controls()
    choices = _choices(chosen)
    if not choices:
        st.info("Choose at least one tokenizer.", icon=":material/tune:")
        return
    try:
        result = compared(text, choices)
    except PlaygroundError as error:
        st.error(escape(str(error)), icon=":material/error:")
        return
    _rows(result, choices, view, spaces)
    _figures(result, choices)
    if len(choices) > 1:
        boundary_panel(result, choices)
    why_different(text, choices)
    look_up(choices)


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


def _controls() -> tuple[list[str], str, bool]:
    present = names()
    chosen = st.multiselect(
        "Tokenizers",
        present,
        default=[name for name in DEFAULT if name in present],
        format_func=title,
        key="tokenizers",
        bind="query-params",
        placeholder="Choose tokenizers",
    )
    left, right = st.columns([1, 2], vertical_alignment="center")
    view = left.segmented_control(
        "Show", ["Text", "Ids"], default="Text", required=True, key="show", bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    spaces = right.toggle("Visible white space (␣ ⏎ ⇥)", value=True, key="spaces", bind="query-params")
    return chosen, "ids" if view == "Ids" else "text", spaces


def _choices(chosen: list[str]) -> list[TokenizerOption]:
    choices = []
    for name in chosen:
        try:
            choices.append(choose(name))
        except PlaygroundError as error:
            st.error(escape(f"{title(name)}: {error}"), icon=":material/error:")
    return choices


def _rows(result: Comparison, choices: list[TokenizerOption], view: str, spaces: bool) -> None:
    if not result.text:
        st.caption("Nothing typed yet. No text is no tokens, for every tokenizer.")
    shown = result.text[: result.shown]
    rows = [
        row_data(row, choice.tokenizer, shown, title=choice.title, about=choice.about)
        for row, choice in zip(result.rows, choices, strict=True)
    ]
    token_rows("compare-rows", shown, rows, view=view, spaces=spaces)
    size = len(result.text.encode())
    st.caption(
        f"{len(result.text):,} characters, {size:,} bytes in UTF-8. Point at a token: the same characters light up in "
        "every row. Dashed boxes hold pieces of one visible character. Arrow keys move, a click keeps the card open. "
        + _shared(size)
    )
    _control_note(result.text, choices)
    if result.text != result.text.rstrip(" ") and result.text.strip():
        st.caption(
            ":material/space_bar: The text ends with a space. Most vocabularies put the space **before** the next "
            "word, so a model asked to go on from here meets a cut that it rarely saw in training."
        )
    if result.text.strip():
        query = for_link(prompt=result.text)
        st.page_link("pages/3_Next_Token.py", label="What would a model write next?", icon=":material/arrow_forward:",
                     query_params=query)  # fmt: skip


def _shared(size: int) -> str:
    if size > LINK_BYTES:
        return "The page's address keeps the tokenizers and the switches; this text is too long for it."
    return "The page's address keeps the text, the tokenizers and the switches: copy it to share them."


def _control_note(text: str, choices: list[TokenizerOption]) -> None:
    """Says that the spelling of a control token is ordinary text here, where the text holds one."""
    named = {name: None for choice in choices for name in choice.tokenizer.special if name in text}
    if named:
        spelled = ", ".join(escape(name) for name in list(named)[:4]) + (" …" if len(named) > 4 else "")
        st.caption(
            f":material/shield: {spelled}: the spelling of a **control token**, one id that only a program may put in. "
            "What is typed here is ordinary text, so it is cut like any other. See Learn, Control tokens."
        )


def _figures(result: Comparison, choices: list[TokenizerOption]) -> None:
    figures_of: dict[str, list[Cell]] = {
        "Tokenizer": [choice.title for choice in choices],
        "Tokens": [row.tokens if not row.error else None for row in result.rows],
        "Characters per token": [_or_none(row.chars_per_token) for row in result.rows],
        "Bytes per token": [_or_none(row.bytes_per_token) for row in result.rows],
        "Vocabulary": [row.vocab_size for row in result.rows],
        "Unknown": [row.unknown for row in result.rows],
        "Round trip": ["cannot" if row.error else "kept" if row.kept else "lost" for row in result.rows],
    }
    small_table("compare-figures", figures_of, help=_HELP)
    lost = [
        f"**{escape(choice.title)}**, round trip: {escape(row.error or row.lost)}"
        for row, choice in zip(result.rows, choices, strict=True)
        if not row.kept
    ]
    if lost:
        st.caption("  \n".join(lost))
    if any(row.tokens for row in result.rows):
        titles = [choice.title for choice in choices]
        measure = st.segmented_control(
            "Compare", list(_MEASURES), default="tokens", required=True, key="measure", bind="query-params"
        )
        values, digits = _MEASURES[measure]
        tokenizer_bars("compare-bars", titles, [values(row) for row in result.rows], unit=measure, digits=digits)


_HELP = {
    "Vocabulary": "Ids, control tokens included. A model may have more rows than its tokenizer has tokens: Qwen2.5's "
    "151,936 are 151,665 tokens and unused rows.",
    "Round trip": "Is decode(encode(text)) the text again?",
    "Unknown": "Unknown words, or characters that have no id",
}
_MEASURES: dict[str, tuple[Callable[[ComparisonRow], float], int]] = {
    "tokens": (lambda row: row.tokens, 0),
    "characters per token": (lambda row: row.chars_per_token if row.tokens else 0.0, 2),
    "bytes per token": (lambda row: row.bytes_per_token if row.tokens else 0.0, 2),
    "vocabulary size": (lambda row: row.vocab_size, 0),
}


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value
