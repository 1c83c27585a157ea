"""How a reader knows that a text has begun and that it has ended: words on the page, never the end of a script run.

A page may draw a growing text by a timer, by one long run or in any other way; only what is shown counts. The words
are searched in the bytes of a message, so that nothing has to be taken apart for it.
"""

import re
from dataclasses import dataclass, field
from typing import NamedTuple


class Signs(NamedTuple):
    """What stands on the page while a text grows, once it has ended, and in which kinds of elements."""

    grows: re.Pattern[bytes]
    ends: re.Pattern[bytes]
    kinds: frozenset[str]


_CARET = "▌".encode()
COLUMNS = Signs(
    re.compile(rb'"live": ?true(?=.*"tokens": ?\[[\[{])|"tokens": ?\[[\[{](?=.*"live": ?true)|' + _CARET, re.DOTALL),
    re.compile(rb"reached the maximum length|ended its text|the context is full"),
    frozenset({"bidi_component", "markdown", "html", "code"}),
)
CELLS = Signs(
    re.compile(_CARET),
    re.compile(rb"reached the maximum length|ended its turn|the context is full|It ended at once|Nothing was written"),
    frozenset({"markdown", "alert", "bidi_component", "html", "code"}),
)
REPLY = Signs(
    re.compile(_CARET), re.compile(rb"first token after \d"), frozenset({"markdown", "bidi_component", "html"})
)


@dataclass
class Watch:
    """The texts that one press sets going: when each began to be shown and when its end was (time.perf_counter())."""

    signs: Signs
    count: int  # how many there will be
    began: dict[object, float] = field(default_factory=dict)
    ended: dict[object, float] = field(default_factory=dict)

    def look(self, place: object, kind: str, raw: bytes, now: float) -> bool:
        """A message has put an element of that kind in that place. Whether it told something new."""
        if kind not in self.signs.kinds:
            return False
        if self.signs.ends.search(raw):
            new = place not in self.ended
            self.began.setdefault(place, now)
            self.ended.setdefault(place, now)
            return new
        self.ended.pop(place, None)  # what was there was the end of an earlier text
        if place not in self.began and self.signs.grows.search(raw):
            self.began[place] = now
            return True
        return False

    @property
    def over(self) -> bool:
        """Whether all texts have ended."""
        return len(self.ended) >= self.count

    @property
    def first(self) -> float:
        """When the first word of any text was shown."""
        return min(self.began.values())

    @property
    def last(self) -> float:
        """When the last text's end was shown."""
        return max(self.ended.values())
