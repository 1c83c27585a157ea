"""Which tokens belong together on screen: those that share what a reader sees as one character.

An emoji with joiners, a letter with its accents or a syllable with its vowel sign is one grapheme cluster (Unicode
UAX 29) of several code points; tokenizers cut inside it. Knows tokens and text, nothing of Streamlit.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

import regex

from lib.tokenization.base import Token


def edges(text: str) -> list[int]:
    """Positions where one cluster ends and the next begins, 0 and the end included.

    >>> edges("ae" + chr(0x301) + "🚀")
    [0, 1, 3, 4]
    """
    return [*(match.start() for match in regex.finditer(r"\X", text)), len(text)]


def groups(text: str, tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Ranges (first, after) of `tokens` that must be shown together; most hold one token.

    >>> from lib.tokenization import load
    >>> list(groups("a🌟b", load("gpt2").encode("a🌟b")))
    [(0, 1), (1, 4), (4, 5)]
    """
    borders = edges(text)
    first, reach = 0, -1
    for n, token in enumerate(tokens):
        start = borders[bisect_right(borders, token.start) - 1]  # where the token's first cluster begins
        if n and start >= reach:
            yield first, n
            first = n
        reach = max(reach, borders[bisect_left(borders, token.end)])
    if tokens:
        yield first, len(tokens)
