"""Lesson: text has to become numbers, and every way of cutting it has a price."""

import streamlit as st

from lib.ui.components.page import explained, predict, setup_page, takeaways
from lib.ui.tokenizers.bpe import bpe_lesson, rivals_lesson
from lib.ui.tokenizers.compare import compare_panel
from lib.ui.tokenizers.questions import QUESTIONS
from lib.ui.tokenizers.words import character_lesson, word_lesson
from lib.ui.tokenizers.world import control_lesson, language_lesson

setup_page(
    "Tokenizers",
    icon="✂️",
    lead="A language model never sees letters. Text is cut into tokens, and every token is a number. "
    "Type anything and see how different models cut it.",
)

compare_panel()

with st.expander("What am I looking at?", icon=":material/school:"):
    st.markdown(
        "- A **token** is an entry of a fixed list, the **vocabulary**; its **id** is its place in that list. "
        "The model works with ids only.\n"
        "- Modern vocabularies are made of **bytes**. A letter of English is one byte, most other letters are two or "
        "three, most emoji four or more, so a token can be a part of a character. Such pieces are shown as their "
        "byte values, e.g. ⟨F0 9F⟩.\n"
        "- A token usually carries the **space before** the word. Vocabularies write that space as **Ġ** (GPT-2, Qwen) "
        "or **▁** (SentencePiece), and a newline as **Ċ**, so that every entry can be printed.\n"
        "- **Round trip**: decoding the ids should give the text back. Qwen first brings accents to Unicode's normal "
        "form C, so `e` + a separate accent comes back as one `é`: same look, other characters."
    )

st.header("Learn", anchor="learn")
lessons = st.tabs(
    ["Words", "Characters", "BPE", "WordPiece and Unigram", "Languages", "Control tokens"],
    key="learn",
    bind="query-params",
)
drawn = (word_lesson, character_lesson, bpe_lesson, rivals_lesson, language_lesson, control_lesson)
for tab, lesson in zip(lessons, drawn, strict=True):
    if tab.open:  # only the open lesson is computed
        with tab, explained():
            lesson()

st.header("Check yourself", anchor="check")
for question in QUESTIONS:
    predict(question.key, question.text, question.options, question.answer)

takeaways(
    "**Words** are simple but brittle: what was not in the corpus is `[UNK]`, and the list never ends.",
    "**Characters** are robust but long: several times as many steps for the same text.",
    "**BPE** is the middle ground: frequent words are one token, rare ones a few pieces, and with bytes nothing is "
    "unknown.",
    "**tiktoken** and `tokenizers` are BPE in production: the same algorithm, made fast, the same ids.",
    "Ids belong to one vocabulary. The same id means something else to another model.",
)
