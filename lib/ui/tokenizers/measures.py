"""The tab Compare: what each tokenizer makes of the text, as numbers and as bars."""

import math
from collections.abc import Callable

import streamlit as st

from lib.design import tokenizer_colour
from lib.tokenization import Comparison
from lib.tokenization.comparison import ComparisonRow
from lib.ui.components.link_values import in_link
from lib.ui.components.page import escape
from lib.ui.tokenizers.bars import tokenizer_bars
from lib.ui.tokenizers.options import TokenizerOption
from lib.ui.tokenizers.table import Cell, small_table

_HELP = {
    "Vocabulary": "Token IDs, special tokens included. A model may have more rows than its tokenizer has tokens: of "
    "Qwen2.5's "
    "151,936 rows 151,665 are tokens, the rest is unused.",
    "Round trip": "Is decode(encode(text)) the text again?",
    "Unknown": "Unknown words, or characters that have no token ID: those are dropped, and the rates leave them out",
}
_MEASURES: dict[str, tuple[Callable[[ComparisonRow], float], int]] = {
    "tokens": (lambda row: row.tokens, 0),
    "characters per token": (lambda row: row.chars_per_token if row.tokens else 0.0, 2),
    "bytes per token": (lambda row: row.bytes_per_token if row.tokens else 0.0, 2),
    "vocabulary size": (lambda row: row.vocab_size, 0),
}


def figures(result: Comparison | None, choices: list[TokenizerOption]) -> None:
    """A table of all figures, what a round trip loses, and one of the figures as bars."""
    if result is None:
        st.caption("Nothing to compare yet.")
        return
    small_table("compare-figures", _columns(result, choices), help=_HELP)
    lost = [
        f"**{escape(choice.title)}**, round trip: {escape(row.error or row.lost)}"
        for row, choice in zip(result.rows, choices, strict=True)
        if not row.kept
    ]
    if lost:
        st.caption("  \n".join(lost))
    if any(row.tokens for row in result.rows):
        measure = st.segmented_control(
            "Compare", list(_MEASURES), default="tokens", required=True, key="measure", **in_link("measure", _MEASURES),
            label_visibility="collapsed",
        )  # fmt: skip
        values, digits = _MEASURES[measure]
        tokenizer_bars(
            "compare-bars",
            [choice.title for choice in choices],
            [values(row) for row in result.rows],
            [tokenizer_colour(row.name) for row in result.rows],
            unit=measure,
            digits=digits,
        )


def _columns(result: Comparison, choices: list[TokenizerOption]) -> dict[str, list[Cell]]:
    return {
        "Tokenizer": [choice.title for choice in choices],
        "Tokens": [row.tokens if not row.error else None for row in result.rows],
        "Characters per token": [_or_none(row.chars_per_token) for row in result.rows],
        "Bytes per token": [_or_none(row.bytes_per_token) for row in result.rows],
        "Vocabulary": [row.vocab_size for row in result.rows],
        "Unknown": [row.unknown for row in result.rows],
        "Round trip": ["cannot" if row.error else "kept" if row.kept else "lost" for row in result.rows],
    }


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value
