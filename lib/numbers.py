"""A number that comes from outside, as text: out of a link, a box or the environment. One reader for all of them.

`float` and `int` of Python read far more than a number that somebody meant: "Infinity", "nan", "1_000" and digits of
every script; and `int` raises for more than 4,300 digits (docs.python.org/3/library/stdtypes.html, "Integer string
conversion length limitation").
"""

import math
import re
from dataclasses import dataclass

_LONGEST = 32  # characters: more than any number that this app writes
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_WHOLE = re.compile(r"[+-]?[0-9]+")


@dataclass(frozen=True)
class Number:
    """Which numbers are taken: from `low` to `high`, both included and finite; only whole ones where `whole` says so.

    >>> Number(0, 2).read("0.7"), Number(0, 2**31 - 1, whole=True).read("42")
    (0.7, 42)
    >>> {Number(0, 9, whole=True).read(text) for text in ("Infinity", "1e400", "nan", "1_0", "٣", "", "9" * 5000)}
    {None}
    """

    low: float
    high: float
    whole: bool = False

    def read(self, text: str) -> float | int | None:
        """The number that a text says; None if it says none, or one that is not taken. Never raises."""
        text = text.strip(" ") if len(text) <= _LONGEST else ""
        if _NUMBER.fullmatch(text) is None:
            return None
        value: float | int = int(text) if _WHOLE.fullmatch(text) else float(text)
        if not math.isfinite(value) or not self.low <= value <= self.high:
            return None
        if not self.whole:
            return float(value)
        return int(value) if value == int(value) else None

    @property
    def words(self) -> str:
        """What a text has to be.

        >>> Number(0, 2).words, Number(1, 2**31 - 1, whole=True).words
        ('a number from 0 to 2', 'a whole number from 1 to 2,147,483,647')
        """
        return f"a {'whole ' * self.whole}number from {_shown(self.low)} to {_shown(self.high)}"


def token_ids(text: str, most: int, separator: str = ",") -> tuple[int, ...] | None:
    """Token IDs joined by `separator`; None for anything else, and for more than `most` of them.

    >>> token_ids("5, 6", 9), token_ids("", 9), token_ids("5,,6", 9), token_ids("5.x", 9, "."), token_ids("1,2", 1)
    ((5, 6), (), None, None, None)
    """
    if not text.strip(" "):
        return ()
    if text.count(separator) >= most:
        return None
    ids = [_ID.read(part) if _DIGITS.fullmatch(part.strip(" ")) else None for part in text.split(separator)]
    return None if None in ids else tuple(int(one) for one in ids if one is not None)


_ID = Number(0, 999_999_999, whole=True)
_DIGITS = re.compile("[0-9]{1,9}")


def _shown(value: float) -> str:
    return f"{value:,}" if value == int(value) and abs(value) >= 1000 else f"{value:g}"
