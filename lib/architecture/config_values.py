"""The values of a configuration from outside: each is what its key may hold, or a sentence says what it is instead.

`null` is what transformers' configuration classes make of it: for a few keys something of their own (no window, as
many KV heads as heads), for all others a fault.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

from lib.architecture.errors import ArchitectureError


def shown(value: object) -> str:
    """A value of a configuration for a sentence, as JSON, cut.

    >>> shown(None), shown("nine"), shown(768), shown(10**30)
    ('null', '"nine"', '768', 'a number of 31 digits')
    """
    if isinstance(value, int) and not isinstance(value, bool):
        digits = int(value.bit_length() * math.log10(2)) + 1
        return f"a number of {digits:,} digits" if digits > 15 else f"{value:,}"
    text = _clean(json.dumps(value, ensure_ascii=False, default=str))
    return text if len(text) <= 40 else f"{text[:40]}…"


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


class Values:
    """A family's configuration, key by key."""

    def __init__(self, given: Mapping[str, Any], defaults: Mapping[str, Any], spellings: Mapping[str, tuple[str, ...]]):
        self._values = {**defaults, **given}
        self._spellings = spellings
        self._given = given

    def spelled(self, key: str) -> str:
        """The name under which the configuration, or else the family, has a key."""
        names = self._spellings.get(key, (key,))
        return next((name for name in names if name in self._given), names[-1])

    def get(self, key: str) -> Any:
        """Whatever is there; None where it is null or left out."""
        return self._values.get(self.spelled(key))

    def null(self, key: str) -> bool:
        """Whether a key is null, or there is none and the family's class takes null for that."""
        return self.get(key) is None

    def whole(self, key: str) -> int:
        """A whole number."""
        value = self.get(key)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self._wrong(key, "a whole number")
        return value

    def number(self, key: str) -> float:
        """A number above 0, with or without a decimal point."""
        return self._number(key, self.get(key))

    def _number(self, key: str, value: object) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e300:
            return float(value)
        raise ArchitectureError(f"In this configuration {key} is {shown(value)}; it must be a number above 0.")

    def flag(self, key: str) -> bool:
        """true or false."""
        value = self.get(key)
        if not isinstance(value, bool):
            raise self._wrong(key, "true or false")
        return value

    def word(self, key: str) -> str:
        """The name of something, such as an activation."""
        value = self.get(key)
        if not isinstance(value, str) or not value.replace("_", "a").isalnum() or len(value) > 40:
            raise self._wrong(key, "a name")
        return value

    def rope(self, key: str, *old: str) -> float | None:
        """A number from `rope_parameters` (new) or from one of the `old` keys; None if none of them has it."""
        new = self.get("rope_scaling") or self.get("rope_parameters")  # transformers takes the old key first
        if new is not None and not isinstance(new, Mapping):
            raise self._wrong("rope_parameters", "an object with the numbers of RoPE")
        inner = (new or {}).get("full_attention")  # Gemma 3: one for each kind of layer
        new = inner if isinstance(inner, Mapping) else new or {}
        if key in new:
            return self._number(key, new[key])
        found = next((name for name in old if name in self._values), None)
        return None if found is None else self.number(found)

    def _wrong(self, key: str, right: str) -> ArchitectureError:
        name = self.spelled(key)
        return ArchitectureError(f"In this configuration {name} is {shown(self.get(key))}; it must be {right}.")
