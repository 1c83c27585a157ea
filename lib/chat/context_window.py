"""A conversation that has outgrown the context: which turns still fit, oldest dropped first, the system prompt kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lib.chat.provenance import Messages
from lib.chat.rendering import Rendered, checked, render
from lib.chat.templates import ChatTemplate
from lib.templating.sandbox import TemplateError
from lib.tokenization import Tokenizer


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
    checked(messages, continue_final=continue_final)
    head = next((i for i, message in enumerate(messages) if message["role"] != "system"), len(messages))
    starts = [i for i in range(head, len(messages)) if messages[i]["role"] == "user" or i == head] or [head]

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

    low, high = 0, len(starts) - 1
    while low < high:  # the fewest dropped turns that fit
        middle = (low + high) // 2
        low, high = (low, middle) if attempt(middle) else (middle + 1, high)
    fitted = attempt(low)
    assert fitted is not None  # the last turn never gives None
    return fitted


def _sentence(needed: int, context: int) -> str:
    return (
        f"This message and its template take {needed:,} tokens, and the model can attend to {context:,} in all. "
        "Shorten the message or the system prompt."
    )
