"""Lesson: text has to become numbers, and every way of cutting it has a price."""

import streamlit as st

from lib.ui.components.glossary import term
from lib.ui.components.page import predict, setup_page, takeaways
from lib.ui.tokenizers.compare import LEARN, workbench
from lib.ui.tokenizers.lessons import learn
from lib.ui.tokenizers.questions import QUESTIONS

setup_page("Tokenizers", icon="✂️", lead="Text is cut into tokens; each has a number, its token ID.")


def questions() -> None:
    """What to think about before looking."""
    for question in QUESTIONS:
        predict(question.key, question.text, question.options, question.answer)


def in_short() -> None:
    """The lesson, and how to read the rows above."""
    takeaways(
        f"**Words** are simple but brittle: what was not in the {term('corpus')} is `[UNK]`, and the list never ends.",
        "**Characters** are robust but long: several times as many tokens for the same text.",
        f"**Subwords** are the middle ground. With {term('byte-pair encoding (BPE)', 'BPE')} frequent words are one "
        "token, rare ones a few pieces, and where it starts from bytes nothing is unknown.",
        "**tiktoken** and `tokenizers` run BPE in production: the same algorithm made fast, the same token IDs.",
        f"A {term('token ID')} belongs to one {term('vocabulary')}. In another vocabulary it means something else; "
        "models that share a vocabulary share the IDs.",
    )
    st.markdown(
        "**To read the rows**\n"
        "- **Byte-level** vocabularies (GPT-2 and GPT-4, Llama 3, Qwen) are made of bytes. A letter of English is one "
        "byte, most other letters are two or three, most emoji four or more, so a token can be a part of a character. "
        "Such pieces are shown as their byte values, e.g. ⟨F0 9F⟩. Others are made of characters and use bytes only "
        "for "
        f"those they lack: {term('byte fallback')} in SentencePiece (Llama 2, Gemma).\n"
        "- A token usually carries the **space before** the word. GPT-2 and Qwen write that space as **Ġ** and a "
        "newline "
        "as **Ċ**, so that every entry can be printed; SentencePiece writes a space as **▁** and has no such sign "
        "for a "
        "newline.\n"
        "- **Round trip**: decoding the token IDs should give the text back. Qwen first brings accents to Unicode's "
        "normal "
        "form C, so `e` + a separate accent comes back as one `é`: same look, other characters."
    )


workbench({LEARN: learn, "Questions": questions, "In short": in_short})
