"""The tab Learn: the lessons of the ladder, from words to what production tokenizers do."""

from collections.abc import Callable

import streamlit as st

from lib.ui.components.link_values import left_out
from lib.ui.components.linked_text import keep_choice, linked_choice
from lib.ui.components.page import explained
from lib.ui.tokenizers.bpe import bpe_lesson
from lib.ui.tokenizers.code_pieces import code_lesson
from lib.ui.tokenizers.rivals import rivals_lesson
from lib.ui.tokenizers.words import character_lesson, word_lesson
from lib.ui.tokenizers.world import control_lesson, language_lesson

LESSONS: dict[str, Callable[[], None]] = {
    "Words": word_lesson,
    "Characters": character_lesson,
    "BPE": bpe_lesson,
    "WordPiece and Unigram": rivals_lesson,
    "Languages": language_lesson,
    "Code": code_lesson,
    "Special tokens": control_lesson,
}
_OLD = {"Control tokens": "Special tokens"}  # names in links that were copied before


def learn() -> None:
    """The steps, and the lesson of the chosen one. A link `?learn=BPE` opens that lesson."""
    if (old := st.query_params.get("learn")) in _OLD:
        st.query_params["learn"] = _OLD[old]
    if (missing := linked_choice("learn", list(LESSONS))) is not None:
        left_out("learn", missing, "one of the lessons")
    chosen = st.segmented_control(
        "Lesson", list(LESSONS), required=True, key="learn", label_visibility="collapsed",
        on_change=keep_choice, args=("learn",),
    )  # fmt: skip
    with explained():
        LESSONS[chosen or "Words"]()
