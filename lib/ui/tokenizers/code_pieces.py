"""Why a newer tokenizer needs fewer tokens for code: the pieces that two pre-tokenizers make of it, side by side."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from lib.design import tokenizer_colour
from lib.tokenization import load
from lib.tokenization.display import visible
from lib.tokenization.texts import SAMPLES
from lib.tokenization.tiktokens import pieces
from lib.ui.components.custom import asset, component
from lib.ui.components.glossary import term
from lib.ui.components.linked_text import at_most

_NAMES = {"tiktoken-gpt2": "GPT-2", "cl100k_base": "cl100k_base (GPT-4)"}
_LONGEST = 3_000  # characters
_RUNS = 200  # spaces: no vocabulary here has a token for every run up to that
_PIECES = component(
    "playground_pieces",
    html='<div class="rows"></div>',
    css=asset(__file__, "pieces.css"),
    js=asset(__file__, "pieces.js"),
)


def code_lesson() -> None:
    """A text, the pieces of both patterns with the tokens of each, and what the difference is."""
    st.markdown(
        f"Before BPE a {term('pre-tokenizer')}, a pattern, cuts the text into pieces, and no token crosses the border "
        "between two pieces. Below are the pieces of two patterns. A number says that a piece takes more than one "
        "token."
    )
    text = at_most(
        st.text_area("Code", value=SAMPLES["Code"], key="code-text", height=150, persist_state="session") or "",
        _LONGEST,
    )
    rows = [row(name, text) for name in _NAMES]
    _PIECES(key="code-pieces", data={"rows": rows})
    st.markdown(why(rows))


def row(name: str, text: str) -> dict[str, Any]:
    """The pieces of one encoding: their labels and tokens, and how many tokens go to white space alone."""
    encoding = load(name)
    cut = pieces(name, text)
    counts = [len(encoding.ids(piece)) for piece in cut]
    return {
        "name": _NAMES[name],
        "colour": tokenizer_colour("gpt2" if name == "tiktoken-gpt2" else name),
        "pieces": [[visible(piece), count] for piece, count in zip(cut, counts, strict=True)],
        "tokens": sum(counts),
        "blank": sum(count for piece, count in zip(cut, counts, strict=True) if piece.isspace()),
        "run": longest_run(name),
    }


@st.cache_data(max_entries=8, show_spinner=False)
def longest_run(name: str) -> int:
    """The number of spaces up to which every run of them is one token."""
    encoding = load(name)
    return next(n for n in range(1, _RUNS) if len(encoding.ids(" " * (n + 1))) > 1)


def why(rows: Sequence[dict[str, Any]]) -> str:
    """The difference in words, with the numbers of the text."""
    old, new = rows
    return (
        f"**{old['name']}** puts a line break and the spaces after it into one piece, and its vocabulary has no token "
        f"of two spaces or more: **{old['blank']} of its {old['tokens']} tokens** here are white space alone. "
        f"**{new['name']}** ends a piece at the line break and keeps the run of spaces that follows together, and its "
        f"vocabulary has a token for every run of up to {new['run']} spaces: an indentation is one token, even a "
        f"deep one. White space takes **{new['blank']} of {new['tokens']}**. (The last space of an indentation "
        "belongs to "
        "the next word in both.)"
    )
