"""Lesson 3 of the ladder: BPE, trained on the page and stepped through in the browser; and its two rivals."""

from typing import Any

import streamlit as st

from lib.errors import PlaygroundError
from lib.figures import tokenizers as figures
from lib.tokenization import Tokenizer, bpe
from lib.tokenization.bpe_tokenizer import BPETokenizer
from lib.tokenization.comparison import compare
from lib.tokenization.display import label, visible
from lib.tokenization.huggingface import HFTokenizer
from lib.tokenization.subwords import train_unigram, train_wordpiece
from lib.ui.components.charts import chart
from lib.ui.components.custom import component
from lib.ui.components.page import escape
from lib.ui.tokenizers.options import FEWEST, MERGES, MOST, merges, trained
from lib.ui.tokenizers.table import small_table
from lib.ui.tokenizers.token_view import asset, row_data, token_rows
from lib.ui.tokenizers.words import corpus_area, lesson_columns

_SENT = 3_000  # words of the corpus that the browser replays the merges on
_STEPPER = component(
    "playground_merge_stepper",
    html='<div class="stepper"></div>',
    css=asset(__file__, "merge_stepper.css"),
    js=asset(__file__, "merge_stepper.js"),
)


def bpe_lesson() -> None:
    """Train, step through, encode, see the tree, download."""
    st.markdown(
        "The middle ground. Start from bytes, so nothing is ever unknown. Count which two neighbours stand together "
        "most often, join them into one new token, count again. Frequent words end as one token, rare ones in pieces."
    )
    left, right = lesson_columns()
    with left:
        corpus = corpus_area(height=260)
        limit = st.slider("Merges to learn", FEWEST, MOST, MERGES, step=10, key="merges", bind="query-params")
        with st.popover("The rules, exactly", icon=":material/gavel:", width="stretch"):
            st.markdown(_RULES)
    steps = _replay(corpus, limit)
    with right:
        if steps is None:
            st.info(
                "No pair of neighbours occurs twice in this corpus: there is nothing to join.", icon=":material/info:"
            )
            return
        _STEPPER(key="stepper", data=steps)
    _encode(trained(corpus, limit))


_RULES = (
    "The text is first cut by GPT-2's pattern into words with their leading space, numbers, punctuation and "
    "white space; no pair crosses a cut. Of equally frequent pairs the one with the smaller left id wins, then "
    "the smaller right id. Ids 0 to 255 are the 256 bytes in GPT-2's order. Training stops when no pair occurs "
    "twice. Same corpus, same merges as the `tokenizers` library's trainer: a test compares them."
)


@st.cache_resource(max_entries=16, show_spinner=False)
def _replay(corpus: str, limit: int) -> dict[str, Any] | None:
    steps = merges(corpus, limit)
    return stepper_data(corpus, steps) if steps else None


@st.fragment
def _encode(tokenizer: BPETokenizer) -> None:
    left, right = lesson_columns()
    with left:
        text = st.text_input(
            "Encode with what was learned", value="The rabbit considered tokenization 🚀", key="bpe-text",
            persist_state="session", live=True,
        )  # fmt: skip
        piece = _piece(text)
        st.download_button(
            "Download tokenizer.json", tokenizer.to_json(), file_name="tokenizer.json", mime="application/json",
            icon=":material/download:", on_click="ignore", width="stretch",
            help="`tokenizers.Tokenizer.from_file('tokenizer.json')` gives the same ids.",
        )  # fmt: skip
    with right:
        row = compare(text, [tokenizer]).rows[0]
        about = f"256 bytes and {tokenizer.vocab_size - 256} learned pieces"
        token_rows("bpe-row", text, [row_data(row, tokenizer, text, title="BPE", about=about)])
        if piece:
            _tree(piece, tokenizer)


def stepper_data(corpus: str, steps: list[bpe.Merge]) -> dict[str, Any]:
    """What the browser needs to replay training: merges, labels, and the first words of the corpus as byte ids."""
    vocab = BPETokenizer(steps).vocab
    pieces = bpe.cut(corpus)
    first = pieces[:_SENT]
    number = {piece: n for n, piece in enumerate(dict.fromkeys(first))}
    size = len(corpus.encode())
    return {
        "tokens": size,
        "bytes": size,
        "words": [bpe.byte_ids(piece) for piece in number],
        "order": [number[piece] for piece in first],
        "labels": [label(piece) for piece in vocab],
        "merges": [
            {
                "ids": [*step.pair, step.new_id],
                "count": step.count,
                "left": step.tokens_left,
                "candidates": [[left, right, count] for (left, right), count in step.candidates],
            }
            for step in steps
        ],
    }


def _piece(text: str) -> str | None:
    pieces = list(dict.fromkeys(bpe.cut(text)))
    if not pieces:
        return None
    longest = max(range(len(pieces)), key=lambda n: len(pieces[n]))
    return st.selectbox("Merge tree of", pieces, index=longest, format_func=visible, key="bpe-piece")


def _tree(piece: str, tokenizer: BPETokenizer) -> None:
    if len(piece.encode()) > 40:
        st.caption("This piece is too long to draw as a tree.")
        return
    nodes = tokenizer.tree(piece)
    chart(figures.merge_tree(nodes), key="bpe-tree", alt=f"How the bytes of {visible(piece)} are joined")
    st.caption(f"{len(piece.encode())} bytes become {len(nodes)} tokens. Point at a join for the number of its merge.")


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
        size = st.slider("Learned entries", 60, 600, 260, step=20, key="rivals", bind="query-params",
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
    small_table("rivals-spelled", {"Piece": words, **spelled})
    st.caption(
        "Every word alone, with a space before it, in the vocabulary's own spelling (Ġ and ▁: a space; ##: inside a "
        "word); above, BPE meets the first word without that space and may cut it otherwise. WordPiece and Unigram "
        "start from the corpus's own characters: one that the corpus lacks, such as 🚀, is unknown. Byte-level BPE has "
        "its bytes."
    )


def _spelled(word: str, tokenizer: Tokenizer) -> str:
    led = " " + word if tokenizer.name == "bpe" else word  # the others mark the start of a word themselves
    return " ".join(map(tokenizer.raw, tokenizer.ids(led)))
