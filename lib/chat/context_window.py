"""A conversation that has outgrown the context: which turns still fit, oldest dropped first, the system prompt kept."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from lib.chat.provenance import Messages
from lib.chat.rendering import Rendered, checked, render
from lib.chat.templates import ChatTemplate
from lib.templating.sandbox import TemplateError
from lib.tokenization import Tokenizer

_MARKUP = 5  # tokens that a template writes around a message, about


class TooLongError(TemplateError):
    """Even the last message alone does not fit."""


@dataclass(frozen=True)
class Fitted:
    """What goes to the model, and what was left out. `room` is how many tokens the reply can have at most."""

    rendered: Rendered
    messages: tuple[Mapping[str, str], ...]  # those that were rendered
    dropped: tuple[int, ...]  # indices into the conversation, oldest first
    room: int


def fit(
    messages: Messages,
    *,
    template: str | ChatTemplate,
    tokenizer: Tokenizer,
    context: int,
    reserve: int,
    continue_final: bool = False,
    variables: Mapping[str, Any] | None = None,
) -> Fitted:
    """Render as many of the latest turns as leave `reserve` of the `context` tokens for the reply.

    A turn is a user's message with the replies to it. System messages at the beginning always stay. Raises
    TooLongError when the last turn does not fit, TemplateError as `render` does.
    """
    clean = checked(messages, continue_final=continue_final)
    head = next((i for i, message in enumerate(messages) if message["role"] != "system"), len(messages))
    starts = [i for i in range(head, len(messages)) if messages[i]["role"] == "user" or i == head] or [head]

    @cache
    def attempt(turn: int) -> Fitted | None:
        kept = (*messages[:head], *messages[starts[turn] :])
        rendered = render(
            kept, template=template, tokenizer=tokenizer, continue_final=continue_final, variables=variables
        )
        room = context - len(rendered.ids)
        if room < reserve and turn + 1 < len(starts):
            return None
        if room < 1:
            raise TooLongError(_sentence(len(rendered.ids), context))
        return Fitted(rendered, kept, tuple(range(head, starts[turn])), room)

    place = _first_that_fits(_guess(clean, starts, tokenizer, context - reserve), len(starts), attempt)
    fitted = attempt(place)
    assert fitted is not None  # the last turn never gives None
    return fitted


def _guess(messages: Messages, starts: Sequence[int], tokenizer: Tokenizer, room: int) -> int:
    """About the first turn with which the conversation fits, from the lengths of the messages after it."""
    for turn in reversed(range(len(starts))):
        end = starts[turn + 1] if turn + 1 < len(starts) else len(messages)
        room -= sum(len(tokenizer.ids(str(message["content"]))) + _MARKUP for message in messages[starts[turn] : end])
        if room < 0:
            return min(turn + 1, len(starts) - 1)
    return 0


def _first_that_fits(guess: int, count: int, attempt: Callable[[int], object]) -> int:
    """The first of `count` turns with which it fits, looked for around a guess: a long conversation takes long to
    render, and all of it longest."""
    low, high, step = 0, count - 1, 1  # it fits with `high`, and it is not known for those from `low` on
    if attempt(guess) is None:
        low = guess + 1
        while low < high and attempt(min(low + step, high)) is None:
            low, step = min(low + step, high) + 1, 2 * step
        high = min(low + step, high)
    else:
        high = guess
        while high > low and attempt(max(high - step, low)) is not None:
            high, step = max(high - step, low), 2 * step
        low = min(max(high - step, low) + 1, high) if high > low else low
    while low < high:  # the fewest dropped turns that fit
        middle = (low + high) // 2
        low, high = (low, middle) if attempt(middle) else (middle + 1, high)
    return low


def _sentence(needed: int, context: int) -> str:
    return (
        f"This message and its template take {needed:,} tokens, and the model can attend to {context:,} in all. "
        "Shorten the message or the system prompt."
    )
