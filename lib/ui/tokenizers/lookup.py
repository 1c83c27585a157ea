"""From ids back to text: the same numbers read by every chosen tokenizer."""

import re
from collections.abc import Sequence

import streamlit as st

from lib.tokenization import TokenizationError, Tokenizer
from lib.tokenization.display import label, visible
from lib.ui.tokenizers.options import TokenizerOption
from lib.ui.tokenizers.table import small_table

_MOST = 2_000  # ids
_BEYOND = 999_999_999  # stands for an id of more digits than any vocabulary needs


def read_ids(text: str) -> list[int]:
    """The whole numbers in what somebody pasted, e.g. a Python list.

    >>> read_ids("[3118, 6667] 11203")
    [3118, 6667, 11203]
    >>> read_ids("9" * 5000 + " ٣ 7")  # no vocabulary has the first, and the second is no ASCII digit
    [999999999, 7]
    """
    found = re.findall(r"-?[0-9]+", text)[:_MOST]
    return [int(number[:10]) if len(number) < 10 else _BEYOND for number in found]


def look_up(choices: Sequence[TokenizerOption]) -> None:
    """The tab: paste ids, read what they mean to each tokenizer."""
    st.markdown(
        "A token ID is only a place in one vocabulary's list. Read the same IDs with another vocabulary and see."
    )
    pasted = st.text_input(
        "Token IDs", value="3118, 6667, 11203, 540, 11241, 1634, 5635, 0", key="ids", persist_state="page", live=True,
        max_chars=20_000,
    )  # fmt: skip
    ids = read_ids(pasted or "")
    rows = [meaning(choice.tokenizer, ids) for choice in choices]
    columns = {
        "Tokenizer": [choice.title for choice in choices],
        "Text": [text for text, _ in rows],
        "Tokens": [pieces for _, pieces in rows],
    }
    small_table("looked-up", columns)


def meaning(tokenizer: Tokenizer, ids: list[int]) -> tuple[str, str]:
    """The decoded text, made visible, and the tokens one by one; or why there is none."""
    try:
        return visible(tokenizer.decode(ids)) if ids else "", " | ".join(label(tokenizer.token_bytes(i)) for i in ids)
    except TokenizationError as error:
        return "–", str(error)
