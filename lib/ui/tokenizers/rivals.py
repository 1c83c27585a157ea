"""Lesson 4 of the ladder: WordPiece and Unigram, BPE's two rivals, trained on the same corpus."""

import streamlit as st

from lib.errors import PlaygroundError
from lib.numbers import Number
from lib.tokenization import Tokenizer
from lib.tokenization.comparison import compare
from lib.tokenization.huggingface import HFTokenizer
from lib.tokenization.subwords import train_unigram, train_wordpiece
from lib.ui.components.link_values import in_link
from lib.ui.components.page import escape
from lib.ui.tokenizers.options import trained
from lib.ui.tokenizers.table import small_table
from lib.ui.tokenizers.token_view import row_data, token_rows
from lib.ui.tokenizers.words import corpus_area, lesson_columns


@st.cache_resource(max_entries=16, show_spinner="Training WordPiece and Unigram …")
def _rivals(corpus: str, size: int) -> list[HFTokenizer]:
    return [train_wordpiece(corpus, vocab_size=size), train_unigram(corpus, vocab_size=size)]


_WHY = {
    "bpe": "replays its merges in the order they were learned",
    "wordpiece": "takes the longest entry that fits, from the left; ## continues a word",
    "unigram": "takes the most probable split of all; ▁ is a space",
}


def rivals_lesson() -> None:
    """BPE, WordPiece and Unigram on the same corpus, asked for the same number of learned entries."""
    st.markdown(
        "Two other ways to learn pieces, trained here by the `tokenizers` library. **WordPiece** (BERT) takes the "
        "longest entry that fits, from the left; a word with a character it never saw is `[UNK]` as a whole. "
        "**Unigram** (SentencePiece: T5, ALBERT) gives every piece a probability and takes the most probable split. It "
        "learns the other way round: it begins with many pieces and throws away those that the corpus misses least."
    )
    left, right = lesson_columns()
    with left:
        corpus = corpus_area(height=260)
        size = st.slider("Learned entries", 60, 600, 260, step=20, key="rivals",
                         **in_link("rivals", Number(60, 600, whole=True)),
                         help="BPE learns them on top of its 256 bytes; the other two count the corpus's own "
                         "characters among them. Each stops early where the corpus has no more to teach.")  # fmt: skip
    with right:
        try:
            others = _rivals(corpus, size)
        except PlaygroundError as error:
            st.info(escape(str(error)), icon=":material/info:")
            return
        _cut_side_by_side([trained(corpus, size), *others])


@st.fragment
def _cut_side_by_side(tokenizers: list[Tokenizer]) -> None:
    text = st.text_input(
        "Words to cut", value="considering the rabbit wonderfully 🚀", key="rivals-text", persist_state="session",
        live=True,
    )  # fmt: skip
    result = compare(text, tokenizers)
    titles = ("BPE", "WordPiece", "Unigram")
    rows = [
        row_data(row, tokenizer, text, title=title, about=f"{_WHY[tokenizer.name]}; {tokenizer.vocab_size:,} entries")
        for row, tokenizer, title in zip(result.rows, tokenizers, titles, strict=True)
    ]
    token_rows("rivals-rows", text, rows)
    words = list(dict.fromkeys(text.split()))
    spelled = {title: [_spelled(word, tokenizer) for word in words]
               for tokenizer, title in zip(tokenizers, titles, strict=True)}  # fmt: skip
    small_table("rivals-spelled", {"Word": words, **spelled})
    st.caption(
        "Every word alone, with a space before it, in the vocabulary's own spelling (Ġ and ▁: a space; ##: inside a "
        "word); above, BPE meets the first word without that space and may cut it otherwise. WordPiece and Unigram "
        "start from the corpus's own characters: one that the corpus lacks, such as 🚀, is unknown. Byte-level BPE has "
        "its bytes."
    )


def _spelled(word: str, tokenizer: Tokenizer) -> str:
    led = " " + word if tokenizer.name == "bpe" else word  # the others mark the start of a word themselves
    return " ".join(map(tokenizer.raw, tokenizer.ids(led)))
