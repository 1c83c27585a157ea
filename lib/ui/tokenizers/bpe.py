"""Lesson 3 of the ladder: BPE, trained on the page, and the same merges played on a text that one types."""

from typing import Any

import streamlit as st

from lib.figures import tokenizers as figures
from lib.tokenization import bpe
from lib.tokenization.bpe_tokenizer import BPETokenizer
from lib.tokenization.comparison import compare
from lib.tokenization.display import label, visible
from lib.ui.components.charts import chart
from lib.ui.components.custom import component
from lib.ui.components.glossary import term
from lib.ui.components.link_values import in_link
from lib.ui.tokenizers.options import FEWEST, LIMITS, MERGES, MOST, merges, trained
from lib.ui.tokenizers.token_view import asset, row_data, token_rows
from lib.ui.tokenizers.words import corpus_area, lesson_columns

_SENT = 3_000  # words of the corpus that the browser replays the merges on
_STEPPER = component(
    "playground_merge_stepper",
    html='<div class="stepper"></div>',
    css=asset(__file__, "merge_stepper.css"),
    js=asset(__file__, "player.js", "merge_stepper.js"),
)
_PLAYER = component(
    "playground_encode_stepper",
    html='<div class="stepper"></div>',
    css=asset(__file__, "merge_stepper.css"),
    js=asset(__file__, "player.js", "encode_stepper.js"),
)
_PLAYED = 300  # characters of a typed text that the merges are played on


def bpe_lesson() -> None:
    """Train, step through, watch the same merges cut a text, see the tree, download."""
    st.markdown(
        f"The middle ground, {term('byte-pair encoding (BPE)')}. Start from {term('byte', 'bytes')}, so nothing is "
        "ever unknown. Count which two neighbours stand together most often, join them into one new token, count "
        "again. Frequent words end up as one token, rare ones in pieces. **First train:**"
    )
    left, right = lesson_columns()
    with left:
        corpus = corpus_area(height=260)
        limit = st.slider("Merges to learn", FEWEST, MOST, MERGES, step=10, key="merges", **in_link("merges", LIMITS))
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
    st.markdown(
        "**Then encode:** all the merges that were learned, also those that you have not stepped through, cut any text "
        "you type, in the order in which they were learned."
    )
    _encode(trained(corpus, limit))


_RULES = (
    "The text is first cut by GPT-2's pattern into words with their leading space, numbers, punctuation and "
    "white space; no pair crosses a cut. Of equally frequent pairs the one with the smaller left id wins, then "
    "the smaller right id. IDs 0 to 255 are the 256 bytes in GPT-2's order. Training stops when no pair occurs "
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
            "Text to encode", value="The rabbit considered tokenization 🚀", key="bpe-text",
            persist_state="session", live=True,
        )  # fmt: skip
        piece = _piece(text)
        st.download_button(
            "Download tokenizer.json", tokenizer.to_json(), file_name="tokenizer.json", mime="application/json",
            icon=":material/download:", on_click="ignore", width="stretch",
            help="`tokenizers.Tokenizer.from_file('tokenizer.json')` gives the same ids.",
        )  # fmt: skip
    with right:
        _PLAYER(key="player", data=played(text, tokenizer))
        row = compare(text, [tokenizer]).rows[0]
        about = f"256 bytes and {tokenizer.vocab_size - 256} learned pieces"
        token_rows("bpe-row", text, [row_data(row, tokenizer, text, title="BPE", about=about)])
        if piece:
            _tree(piece, tokenizer)


def stepper_data(corpus: str, steps: list[bpe.Merge]) -> dict[str, Any]:
    """What the browser needs to replay training: merges, labels, and the first words of the corpus as byte ids."""
    vocab = BPETokenizer(steps).vocab
    pieces = bpe.pre_tokenize(corpus)
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


def played(text: str, tokenizer: BPETokenizer) -> dict[str, Any]:
    """What the browser needs to play encoding: the text's pieces as byte ids, and the merges that apply to them."""
    short = text[:_PLAYED]
    return {
        "words": [bpe.byte_ids(piece) for piece in bpe.pre_tokenize(short)],
        "labels": [label(piece) for piece in tokenizer.vocab],
        "learned": len(tokenizer.merges),
        "steps": [
            {"number": n, "ids": [*tokenizer.merges[n - 1].pair, tokenizer.merges[n - 1].new_id]}
            for n in tokenizer.applied(short)
        ],
    }


def _piece(text: str) -> str | None:
    pieces = list(dict.fromkeys(bpe.pre_tokenize(text)))
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
