"""A grid of strategies as a few characters of a link, and back."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from lib.decoding.strategies import KINDS, KNOBS, MAX_COLUMNS, Strategy, tidy

_CODES = {kind.code: name for name, kind in KINDS.items()}
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
    found: list[Strategy] = []
    for part in text.split("~"):
        code, *words = part.split("_")
        if code not in _CODES or len(found) == MAX_COLUMNS:
            continue
        changes: dict[str, Any] = {}
        for word in filter(None, words):
            value = _number(word[1:])
            if word[0] in _LETTERS and value is not None:
                changes[_LETTERS[word[0]]] = value
            elif word[0] == "f":
                changes["forced"] = tuple(int(w) for w in word[1:].split(".")[:512] if re.fullmatch("[0-9]{1,7}", w))
        found.append(replace(Strategy(_CODES[code]), **changes))
    return found


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
