"""Lessons 1 and 2 of the ladder: words and characters, on a corpus that can be edited."""

from collections.abc import Sequence
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lib.design import tokenizer_colour
from lib.figures import tokenizers as figures
from lib.tokenization import texts
from lib.tokenization.character import CharacterTokenizer
from lib.tokenization.comparison import compare
from lib.tokenization.word import WordTokenizer, vocabulary, words
from lib.ui.components.charts import chart
from lib.ui.components.linked_text import at_most
from lib.ui.components.page import escape
from lib.ui.tokenizers.options import CORPUS_LIMIT, keep_corpus
from lib.ui.tokenizers.token_view import row_data, token_rows


def lesson_columns() -> tuple[DeltaGenerator, DeltaGenerator]:
    """A narrow column for what is learned from, and a wide one for what comes out."""
    left, right = st.columns([1, 3], gap="medium")
    return left, right


def corpus_area(height: int = 190) -> str:
    """The corpus shared by the lessons, `height` pixels high. Kept while the app is open."""
    text = st.text_area(
        "Corpus to learn from", value=texts.corpus(), height=height, key="corpus", persist_state="session",
        help="Press Ctrl+Enter, or click outside, to learn from what you changed.",
    )  # fmt: skip
    text = at_most(text or "", CORPUS_LIMIT)
    if text != texts.corpus():
        st.button("Restore the corpus", icon=":material/restart_alt:", key="corpus-restore", on_click=_restore)
    keep_corpus(text)
    return text


def _restore() -> None:
    st.session_state["corpus"] = texts.corpus()


def word_lesson() -> None:
    """Vocabulary, encoding with [UNK], decoding, growth, and the mistakes one can make."""
    st.markdown(
        "The first idea: one token ID for every word. List the different words of a corpus, in order, and look words "
        "up. "
        "`[PAD]` fills short texts up to equal length, `[UNK]` stands for every word that was never seen. "
        "A punctuation mark counts as a word of its own."
    )
    left, right = lesson_columns()
    with left:
        text = corpus_area()
        tokenizer = WordTokenizer(vocabulary([text]))
        with st.popover("The vocabulary", icon=":material/list:", on_change="rerun", width="stretch") as box:
            if box.open:
                listed = "\n".join(f"{n:>6}  {word}" for n, word in enumerate(tokenizer.vocab))
                st.code(listed, language=None, height=320)
        with st.popover("Two common mistakes", icon=":material/bug_report:", width="stretch"):
            _mistakes(text)
    with right:
        total = sum(1 for _ in words(text))
        one, two, three = st.columns(3)
        one.metric("Words and marks in the corpus", f"{total:,}")
        two.metric("Different ones", f"{tokenizer.vocab_size - 2:,}")
        three.metric("Vocabulary with [PAD], [UNK]", f"{tokenizer.vocab_size:,}")
        _encode_words(tokenizer)
    _growth(text)


@st.fragment
def _encode_words(tokenizer: WordTokenizer) -> None:
    text = _encode("word", "Alice saw a robot rabbit", tokenizer, "Words", "learned from the corpus")
    unseen = list(dict.fromkeys(word for word, start, _ in words(text) if word not in tokenizer.vocab))
    if unseen:
        said = ", ".join(_quoted(word) for word in unseen)
        st.caption(f"Out of vocabulary: {said}. Each becomes [UNK], and which word it was is gone.")


def _growth(text: str) -> None:
    st.markdown("**More text, more words.** Every page brings new ones, so a word vocabulary is never finished.")
    drawn = _growth_chart(text)
    if drawn:
        chart(drawn, key="word-growth", alt="Different words against words read")


@st.cache_resource(max_entries=32, show_spinner=False)
def _growth_chart(text: str) -> Any:
    read, different, unseen = growth([word for word, _, _ in words(text)])
    return figures.growth(read, different, unseen) if read else None


def growth(sequence: Sequence[str], points: int = 60) -> tuple[list[int], list[int], list[float]]:
    """Words read, different words so far, and the percentage of the last 50 words that were new, at some points.

    >>> growth(["a", "b", "a", "c"], points=2)
    ([2, 4], [2, 3], [100.0, 75.0])
    """
    seen: set[str] = set()
    new: list[bool] = []
    read, different, unseen = [], [], []
    every = max(1, len(sequence) // points)
    for n, word in enumerate(sequence, start=1):
        new.append(word not in seen)
        seen.add(word)
        if n % every == 0 or n == len(sequence):
            last = new[-50:]
            read.append(n)
            different.append(len(seen))
            unseen.append(100 * sum(last) / len(last))
    return read, different, unseen


def first_repeat(sequence: Sequence[str]) -> int:
    """Length of the shortest beginning in which a word comes twice, 0 if none does.

    >>> first_repeat(["the", "cat", "the", "dog"])
    3
    """
    seen: set[str] = set()
    for n, word in enumerate(sequence, start=1):
        if word in seen:
            return n
        seen.add(word)
    return 0


def _mistakes(text: str) -> None:
    every = [word for word, _, _ in words(text)]
    n = first_repeat(every)
    example = f" Here it happens at word {n}, {_quoted(every[n - 1])}: {n} entries for {n - 1} words." if n else ""
    st.markdown(
        "Seen in many home-made tokenizers.\n\n"
        "**Duplicates.** Numbering the words as they come, without asking whether they are known, gives the same "
        f"word two IDs, of which only one is ever used.{example}\n\n"
        "**A vocabulary that grows while encoding.** If an unseen word gets the next free ID, two people who "
        "encode the same texts in another order get different IDs, and the model's embedding table has no row for "
        "the new ID. IDs are fixed before the model is trained; what is unknown then is `[UNK]`."
    )


def character_lesson() -> None:
    """The fixed alphabet, what it loses, and how long the sequences get."""
    tokenizer = CharacterTokenizer()
    st.markdown(
        f"The opposite idea: one token ID for every character. This alphabet has {tokenizer.vocab_size} entries: a "
        "to z, "
        "A to Z, the space and the question mark. No word is unknown any more, but what is not in the alphabet has no "
        "ID and is lost."
    )
    st.code(" ".join(f"{char if char != ' ' else '␣'}:{n}" for n, char in enumerate(tokenizer.alphabet)), language=None,
            wrap_lines=True)  # fmt: skip
    left, right = lesson_columns()
    with left:
        text = corpus_area(height=230)
    with right:
        _encode_characters(tokenizer)
        _length(text)


@st.fragment
def _encode_characters(tokenizer: CharacterTokenizer) -> None:
    text = _encode("char", "Hello, is 2+2 = 4? Naïve!", tokenizer, "Characters", f"{tokenizer.vocab_size} entries")
    lost = compare(text, [tokenizer]).rows[0].lost
    if lost:
        st.caption(escape(lost) + " (on red above)")


def _length(text: str) -> None:
    by_word = len(WordTokenizer(vocabulary([text])).ids(text))
    st.markdown(
        "**The price is length.** The corpus with one token for every word, and with one for every character (with "
        "those that the alphabet above lacks):"
    )
    bars = figures.bars(
        ["Words", "Characters"],
        [by_word, len(text)],
        [tokenizer_colour("word"), tokenizer_colour("character")],
        unit="tokens for the whole corpus",
    )
    chart(bars, key="char-bars", alt="Sequence length, words and characters")
    if by_word:
        st.caption(
            f"{len(text) / by_word:.1f} times as long. A model's attention compares every token with every earlier "
            f"one, so that is about {(len(text) / by_word) ** 2:.0f} times the comparisons."
        )


def _encode(key: str, example: str, tokenizer: WordTokenizer | CharacterTokenizer, title: str, about: str) -> str:
    """A text to type, its tokens, its ids and what they decode to; gives back the text."""
    text = st.text_input("Encode", value=example, key=f"{key}-text", persist_state="session", live=True)
    token_rows(
        f"{key}-row", text, [row_data(compare(text, [tokenizer]).rows[0], tokenizer, text, title=title, about=about)]
    )
    ids = tokenizer.ids(text)
    st.markdown(f"Token IDs: `{ids}`. Decoded: {_quoted(tokenizer.decode(ids))}")
    return text


def _quoted(text: str) -> str:
    return f"“{escape(text)}”"
