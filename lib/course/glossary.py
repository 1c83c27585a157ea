"""The words of the course, each explained in a sentence or two that use no word explained later than needed.

Sources: Jurafsky and Martin, Speech and Language Processing (3rd edition, draft of 2025) where no other is named beside
a term.
"""

import re
from dataclasses import dataclass

from lib.course.glossary_entries import ENTRIES


@dataclass(frozen=True)
class Entry:
    """A term, what it means (plain text), and the addresses of the pages on which one meets it."""

    name: str
    meaning: str
    pages: tuple[str, ...]

    @property
    def anchor(self) -> str:
        """The part of an address behind #.

        >>> Entry("top-k sampling", "", ()).anchor
        'top-k-sampling'
        """
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")


def entry(name: str) -> Entry:
    """The entry called `name`; KeyError for a word that is not explained here.

    >>> entry("token").pages[0]
    'Tokenizers'
    """
    return GLOSSARY[name]


GLOSSARY: dict[str, Entry] = {name: Entry(name, *ENTRIES[name]) for name in sorted(ENTRIES, key=str.lower)}
