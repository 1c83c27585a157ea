r"""Who wrote each character of a rendered chat: the template, or one of the messages.

A template is run twice: with the messages, and with every visible character of message k replaced by one placeholder
character for k. Both texts have the same length, so the second says where each character of the first came from, and
whatever control token can still be read in it was written by the template:

    <|im_start|>user\n<|im_end|> hi<|im_end|>      the text, with a control token typed by the user
    <|im_start|>user\n①①①①①①①①①① ①①<|im_end|>      the shadow: two control tokens, both the template's

Some templates look into the messages (Qwen3 cuts thoughts out at `</think>`) and come out differently for the shadow.
For those the control tokens are replaced by stand-ins in the template's own literals before it runs, and the strings
it looks for stay visible in the shadow. Nothing a message contains can ever become a control token in either way.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, pairwise
from typing import Any

from lib.chat.programs import Program, looked_for, program
from lib.chat.templates import ChatTemplate
from lib.templating.foreign import StoppedError
from lib.templating.literals import any_of, stand_in
from lib.templating.sandbox import TemplateError

TEMPLATE = -1  # provenance of a character that the template wrote
_SHADOW = 0xF0000  # private use: message k's placeholder is chr(_SHADOW + k)
_STAND_IN = 0x100000  # private use: the n-th control token's stand-in
_LIMIT = 0xFF00
_NOTHING = re.compile("(?!)")
_SPACE = re.compile(r"\s")

Messages = Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class Control:
    """A control token written by the template, by its characters in the text."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Traced:
    """A rendered chat with the origin of every character (TEMPLATE or a message's index)."""

    text: str
    origin: tuple[int, ...]  # one entry per character
    controls: tuple[Control, ...]

    @cached_property
    def ends(self) -> dict[int, int]:
        """Where each control token starts, and where it ends."""
        return {control.start: control.end for control in self.controls}


def trace(template: ChatTemplate, messages: Messages, variables: Mapping[str, Any], controls: Sequence[str]) -> Traced:
    """Render `messages` and say who wrote what. `controls` are the texts of all added tokens of the tokenizer."""
    write = program(template.source)
    text = write(messages, variables)
    for visible in (_NOTHING, _SPACE):  # a template that trims messages must see their white space
        shadow = _try(write, _shadowed(messages, visible), variables)
        if shadow is not None and _agrees(text, shadow):
            found = tuple(Control(m.start(), m.end(), m.group()) for m in any_of(controls).finditer(shadow))
            return Traced(text, _origin(shadow, found, visible, messages), found)
    return _trace_marked(template, messages, variables, tuple(controls), text)


def _trace_marked(
    template: ChatTemplate, messages: Messages, variables: Mapping[str, Any], controls: tuple[str, ...], text: str
) -> Traced:
    """The second way: stand-ins for the control tokens in the template's literals."""
    free = _free_stand_ins(len(controls), (template.source, *(m["content"] for m in messages)))
    stand_ins = dict(zip(controls, free, strict=True))
    write = program(template.source, stand_ins)
    marked = {key: stand_in(value, stand_ins) if isinstance(value, str) else value for key, value in variables.items()}
    visible = re.compile("|".join([*map(re.escape, looked_for(template.source)), r"\s"]))
    shadow = _try(write, _shadowed(messages, visible), marked)
    if shadow is not None:
        traced = _unmarked(shadow, stand_ins)
        if _agrees(text, traced.text):
            return Traced(text, _origin(traced.text, traced.controls, visible, messages), traced.controls)
    # The template does more to the messages than can be followed: still safe, but all of it counts as the template's.
    return _unmarked(write(messages, marked), stand_ins)


def _try(write: Program, messages: list[dict[str, Any]], variables: Mapping[str, Any]) -> str | None:
    try:
        return write(messages, variables)
    except StoppedError:
        raise
    except TemplateError:
        return None


def _shadowed(messages: Messages, visible: re.Pattern[str]) -> list[dict[str, Any]]:
    """The messages with their characters hidden, except what `visible` matches."""
    return [
        {**message, "content": _hide(message["content"], visible, chr(_SHADOW + index % _LIMIT))}
        for index, message in enumerate(messages)
    ]


def _hide(content: str, keep: re.Pattern[str], placeholder: str) -> str:
    parts, at = [], 0
    for match in keep.finditer(content):
        parts += [placeholder * (match.start() - at), match.group()]
        at = match.end()
    return "".join([*parts, placeholder * (len(content) - at)])


def _is_shadow(char: str) -> bool:
    return _SHADOW <= ord(char) < _SHADOW + _LIMIT


def _agrees(text: str, shadow: str) -> bool:
    """Whether the shadow lies exactly over the text."""
    return len(text) == len(shadow) and all(s == t or _is_shadow(s) for s, t in zip(shadow, text, strict=True))


def _origin(shadow: str, controls: Sequence[Control], visible: re.Pattern[str], messages: Messages) -> tuple[int, ...]:
    """Message index of every character. What was left visible between or around a message's characters is its own."""
    origin = [ord(char) - _SHADOW if _is_shadow(char) else TEMPLATE for char in shadow]
    if visible is _NOTHING:
        return tuple(origin)
    between = re.compile(f"(?:{visible.pattern})*+")  # +: what may be cut in many ways is not tried in all of them
    written = {index for control in controls for index in range(control.start, control.end)}

    def claim(start: int, end: int, owner: int) -> None:
        free = all(origin[index] == TEMPLATE for index in range(start, end)) and written.isdisjoint(range(start, end))
        if 0 <= start < end <= len(shadow) and free:
            origin[start:end] = [owner] * (end - start)

    for owner, places in _places(origin).items():
        for left, right in pairwise(places):
            if left + 1 < right and between.fullmatch(shadow, left + 1, right):
                claim(left + 1, right, owner)
        head, tail = _visible_ends(messages[owner]["content"], visible)
        if head and shadow.endswith(head, 0, places[0]):
            claim(places[0] - len(head), places[0], owner)
        if tail and shadow.startswith(tail, places[-1] + 1):
            claim(places[-1] + 1, places[-1] + 1 + len(tail), owner)
    return tuple(origin)


def _places(origin: Sequence[int]) -> dict[int, list[int]]:
    """Where each message's characters are."""
    places: dict[int, list[int]] = {}
    for index, owner in enumerate(origin):
        if owner != TEMPLATE:
            places.setdefault(owner, []).append(index)
    return places


def _visible_ends(content: str, visible: re.Pattern[str]) -> tuple[str, str]:
    """What stays visible at the beginning and the end of a message."""
    hidden = _hide(content, visible, chr(_SHADOW))
    head, tail = hidden.find(chr(_SHADOW)), hidden.rfind(chr(_SHADOW))
    return content[: max(head, 0)], content[tail + 1 :]


def _free_stand_ins(count: int, texts: Iterable[str]) -> list[str]:
    """`count` private-use characters that occur in none of the texts."""
    used = set().union(*texts)
    free = list(islice((chr(n) for n in range(_STAND_IN, _STAND_IN + 0xFFFD) if chr(n) not in used), count))
    if len(free) < count:
        raise TemplateError("This tokenizer has more special tokens than a chat template can be followed with.")
    return free


def _unmarked(marked: str, stand_ins: Mapping[str, str]) -> Traced:
    """Stand-ins back to control tokens, remembering where they are."""
    names = {stand_in: text for text, stand_in in stand_ins.items()}
    parts: list[str] = []
    controls: list[Control] = []
    at = 0
    for char in marked:
        part = names.get(char, char)
        if char in names:
            controls.append(Control(at, at + len(part), part))
        parts.append(part)
        at += len(part)
    return Traced("".join(parts), (TEMPLATE,) * at, tuple(controls))
