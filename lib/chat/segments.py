"""A rendered chat in pieces: what each stretch of text is, and whose turn it belongs to. Used to colour and explain."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from lib.chat.provenance import TEMPLATE, Messages, Traced
from lib.templating.foreign import StoppedError
from lib.templating.sandbox import TemplateError

Kind = Literal["template", "content", "generation", "default-system"]
Trace = Callable[[Messages, bool], Traced]


@dataclass(frozen=True)
class Segment:
    """A stretch of the rendered text: `role`'s turn, `kind` of text, message index (-1: no message of ours)."""

    role: str
    kind: Kind
    start: int  # characters of Rendered.text
    end: int
    message: int = -1

    @property
    def span(self) -> tuple[int, int]:
        """Start and end, in characters of the rendered text."""
        return self.start, self.end


def segments_of(
    messages: Messages, whole: Traced, trace: Trace, *, generation: bool
) -> tuple[tuple[Segment, ...], str]:
    """All segments of a rendered chat in order, without gaps, and the default system prompt ("" for none).

    Contents are where the text came from a message; the generation prompt is what `add_generation_prompt` adds; a
    default system prompt is what stands where a system message would stand if there were one.
    """
    end = _generation_start(messages, whole, trace) if generation else len(whole.text)
    default = _default_system(messages, whole, trace)
    parts = [Segment(messages[owner]["role"], "content", a, b, owner) for a, b, owner in _runs(whole, end)]
    if default:
        parts.insert(0, Segment("system", "default-system", *default))
    pieces: list[Segment] = []
    at, role, owner = 0, "system" if default else messages[0]["role"], -1
    for part in parts:
        pieces += _between(whole, at, part.start, before=(role, owner), after=(part.role, part.message), first=at == 0)
        pieces.append(part)
        at, role, owner = part.end, part.role, part.message
    pieces += _between(whole, at, end, before=(role, owner), after=(role, owner), first=False)
    if end < len(whole.text):
        pieces.append(Segment("assistant", "generation", end, len(whole.text)))
    return tuple(pieces), whole.text[slice(*default)] if default else ""


def _runs(whole: Traced, end: int) -> list[tuple[int, int, int]]:
    """(start, end, message) of every stretch that came from one message."""
    runs: list[tuple[int, int, int]] = []
    for index, owner in enumerate(whole.origin[:end]):
        if owner == TEMPLATE:
            continue
        if runs and runs[-1][2] == owner and runs[-1][1] == index:
            runs[-1] = (runs[-1][0], index + 1, owner)
        else:
            runs.append((index, index + 1, owner))
    return runs


def _between(
    whole: Traced, start: int, end: int, *, before: tuple[str, int], after: tuple[str, int], first: bool
) -> list[Segment]:
    """Template text between two contents: an end-of-turn token and white space close the turn before it."""
    if start >= end:
        return []
    cut = start
    if not first:
        closing = whole.ends.get(start, start)
        space = re.compile(r"\s*").match(whole.text, closing, end)
        cut = min(space.end() if space else closing, end)
    pieces = [(before, start, cut), (after, cut, end)]
    return [Segment(role, "template", a, b, owner) for (role, owner), a, b in pieces if a < b]


def _generation_start(messages: Messages, whole: Traced, trace: Trace) -> int:
    closed = trace(messages, False).text
    return len(closed) if whole.text.startswith(closed) else len(whole.text)


def _default_system(messages: Messages, whole: Traced, trace: Trace) -> tuple[int, int] | None:
    """The span that a system message would replace, if the template fills it by itself."""
    if messages[0]["role"] == "system":
        return None
    try:
        given = trace([{"role": "system", "content": "x"}, *messages], False)
    except StoppedError:
        raise
    except TemplateError:
        return None
    spots = [index for index, owner in enumerate(given.origin) if owner == 0]
    if len(spots) != 1:
        return None
    before = given.text[: spots[0]]
    opening = next((c.start for c in given.controls if c.start > spots[0]), None)
    if opening is None or not before.strip() or not whole.text.startswith(before):
        return None
    after = given.text[spots[0] + 1 : opening] + next(c.text for c in given.controls if c.start == opening)
    end = whole.text.find(after, len(before))
    first = next((index for index, owner in enumerate(whole.origin) if owner != TEMPLATE), len(whole.text))
    return (len(before), end) if len(before) < end < first else None
