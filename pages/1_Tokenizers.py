"""Lesson: text has to become numbers, and every way of cutting it has a price."""

import streamlit as st

from lib.ui.components.page import predict, setup_page, takeaways
from lib.ui.tokenizers.compare import LEARN, workbench
from lib.ui.tokenizers.lessons import learn
from lib.ui.tokenizers.questions import QUESTIONS

setup_page(
    "Tokenizers", icon="✂️", lead="A model never sees letters: text is cut into tokens, and every token has a number."
)


def questions() -> None:
    """What to think about before looking."""
    for question in QUESTIONS:
        predict(question.key, question.text, question.options, question.answer)


def in_short() -> None:
    """The lesson, and how to read the rows above."""
    takeaways(
        "**Words** are simple but brittle: what was not in the corpus is `[UNK]`, and the list never ends.",
        "**Characters** are robust but long: several times as many steps for the same text.",
        "**BPE** is the middle ground: frequent words are one token, rare ones a few pieces, and with bytes nothing is "
        "unknown.",
        "**tiktoken** and `tokenizers` run BPE in production: the same algorithm, made fast, the same ids.",
        "Ids belong to one vocabulary. The same id means something else to another model.",
    )
    st.markdown(
        "**To read the rows**\n"
        "- Modern vocabularies are made of **bytes**. A letter of English is one byte, most other letters are two or "
        "three, most emoji four or more, so a token can be a part of a character. Such pieces are shown as their "
        "byte values, e.g. ⟨F0 9F⟩.\n"
        "- A token usually carries the **space before** the word. Vocabularies write that space as **Ġ** (GPT-2, Qwen) "
        "or **▁** (SentencePiece), and a newline as **Ċ**, so that every entry can be printed.\n"
        "- **Round trip**: decoding the ids should give the text back. Qwen first brings accents to Unicode's normal "
        "form C, so `e` + a separate accent comes back as one `é`: same look, other characters."
    )


workbench({LEARN: learn, "Questions": questions, "In short": in_short})
