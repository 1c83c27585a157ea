"""The words that the tiny pair has read: all there are in the tiny world and in the dialogues about it."""

import re
from functools import cache

from lib.training.world import world

_WORD = re.compile(r"[^\W\d_]+")
_DOCUMENTS = 1_000  # every word of the world is in the first few hundred; a test looks at more


@cache
def words() -> frozenset[str]:
    """In lower case."""
    return frozenset(word.lower() for text in _texts() for word in _WORD.findall(text))


def _texts() -> list[str]:
    return [document.text for document in world(seed=0, documents=_DOCUMENTS)]


def strangers(text: str) -> tuple[str, ...]:
    """The words of `text` that the pair has never read, each once, in order.

    >>> strangers("Where does the dragon live? The Dragon lives in Paris.")
    ('dragon', 'Paris')
    """
    found = {word.lower(): word for word in reversed(_WORD.findall(text))}
    return tuple(word for low, word in reversed(found.items()) if low not in words())
