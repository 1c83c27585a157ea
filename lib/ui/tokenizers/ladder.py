"""The ladder of the tokenizers page: words, characters, subwords. It comes first, the real tokenizers second."""

from collections.abc import Sequence

import streamlit as st

from lib.tokenization.comparison import ComparisonRow
from lib.ui.components.link_values import in_link
from lib.ui.tokenizers.options import OWN

STEPS = ("word", "character", OWN)
LADDER, REAL = VIEWS = ("The ladder", "Real tokenizers")
_KEY = "rows"


def open_for_link(real_tabs: Sequence[str]) -> None:
    """A link that names tokenizers, or a tab about them, shows them and not the ladder."""
    query = st.query_params
    if _KEY not in st.session_state and _KEY not in query and ("tokenizers" in query or query.get("tab") in real_tabs):
        st.session_state[_KEY] = REAL


def leave() -> None:
    """Somebody chose tokenizers: show them."""
    st.session_state[_KEY] = REAL


def choice() -> bool:
    """The switch between the two; True for the ladder."""
    chosen = st.segmented_control(
        "Tokenizers shown", VIEWS, default=LADDER, required=True, key=_KEY, **in_link(_KEY, VIEWS),
        label_visibility="collapsed",
    )  # fmt: skip
    return chosen == LADDER


def price(row: ComparisonRow) -> str:
    """What a step of the ladder costs, on the text that stands there.

    >>> price(ComparisonRow("word", 4, [], 20, 20, 300, unknown=1))
    '1 of 4 is [UNK], unknown: not in the corpus'
    """
    if row.name == "word":
        are = "is" if row.unknown == 1 else "are"
        return (
            f"{row.unknown:,} of {row.tokens:,} {are} [UNK], unknown: not in the corpus"
            if row.unknown
            else "all of them are in the corpus; other words would be [UNK], unknown"
        )
    if row.name == "character":
        lost = f"{row.unknown:,} more are not in the alphabet: lost" if row.unknown else "all are in the alphabet"
        return f"as many tokens as characters; {lost}"
    return "pieces learned from the corpus; nothing is unknown, nothing is lost"
