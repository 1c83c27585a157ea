"""A grid of strategies as a few characters of a link, and back."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from lib.decoding.strategies import KINDS, KNOBS, MAX_COLUMNS, Strategy, tidy
from lib.numbers import Number, token_ids

MAX_FORCED = 512  # tokens chosen by hand
_EMPTIED = "nan"  # a knob whose box was emptied: its column says so
_CODES = {kind.code: name for name, kind in KINDS.items()}
_KNOB = Number(-1e9, 1e9)  # what a knob may be is said where it stands: `Strategy.problem`
_LETTERS = {knob.letter: name for name, knob in KNOBS.items()}


def encode(strategies: Sequence[Strategy]) -> str:
    """Columns for a link.

    >>> encode([Strategy("greedy"), Strategy("top_k", top_k=80, temperature=0.7)])
    'greedy_r1~topk_k80_t0.7_r1'
    """
    parts = []
    for strategy in strategies:
        words = [
            KINDS[strategy.kind].code,
            *(KNOBS[name].letter + tidy(value) for name, value in strategy.knobs.items()),
        ]
        if strategy.forced:
            words.append("f" + ".".join(map(str, strategy.forced)))
        parts.append("_".join(words))
    return "~".join(parts)


def decode(text: str) -> list[Strategy]:
    """Columns from a link; what cannot be read is left at its default, unknown kinds are skipped.

    >>> decode("topk_k40~nonsense~beam_b3_lx") == [Strategy("top_k", top_k=40), Strategy("beam", num_beams=3)]
    True
    >>> decode(encode([Strategy("top_p", top_p=2.0, forced=(5, 7))]))[0].problem()
    'top_p is a probability: it must be between 0 and 1, not 2.0.'
    """
    return read(text)[0]


def read(text: str) -> tuple[list[Strategy], list[str]]:
    """The columns, and the parts of the link that could not be used.

    >>> read("topk_k40~nonsense~beam_b3_lInfinity")[1]
    ['nonsense', 'lInfinity']
    """
    found: list[Strategy] = []
    unused: list[str] = []
    for part in filter(None, text.split("~", 4 * MAX_COLUMNS)):
        code, *words = part.split("_")
        if code not in _CODES or len(found) == MAX_COLUMNS:
            unused.append(part)
            continue
        changes: dict[str, Any] = {}
        for word in filter(None, words):
            name, value = _knob(word)
            if value is None:
                unused.append(word)
            else:
                changes[name] = value
        found.append(replace(Strategy(_CODES[code]), **changes))
    return found, unused


def _knob(word: str) -> tuple[str, float | tuple[int, ...] | None]:
    """The field of a strategy that a word of the link is about, and its value; None if it has none."""
    letter, rest = word[0], word[1:]
    if letter == "f":
        return "forced", token_ids(rest, MAX_FORCED, ".") or None
    if letter not in _LETTERS:
        return "", None
    return _LETTERS[letter], math.nan if rest == _EMPTIED else _KNOB.read(rest)
