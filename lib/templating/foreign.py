"""A template that came with a model is rendered in a process of its own, which has bounds of time, memory and length.

The sandbox keeps it away from everything else, but a loop without end is no crime there. What a template writes is at
most three times as long as the conversation, and 200,000 characters more.
"""

import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from lib.bounded_process import Bounded, Limits, TooMuchError
from lib.errors import PlaygroundError
from lib.templating.sandbox import TemplateError

# A real template takes a millisecond; the longest published ones, with tools, are some 30,000 characters.
LIMITS = Limits(cpu_seconds=2, wall_seconds=30, megabytes=300, answer_bytes=30_000_000, idle_seconds=300)
MAX_SOURCE = 200_000
PROCESS = Bounded("lib.templating.process", LIMITS)
_AGAIN = 60.0  # seconds after which a template that took too much is tried again
_MUCH = {
    "time": f"computed for more than {LIMITS.cpu_seconds} seconds",
    "clock": f"had not finished after {LIMITS.wall_seconds:.0f} seconds",
    "memory": f"asked for more than {LIMITS.megabytes} MB of memory",
    "output": "wrote a text without end",
}
_stopped: OrderedDict[str, tuple[float, str]] = OrderedDict()


class StoppedError(TemplateError):
    """The template took too much: there is no use in trying it with other messages now."""


def render(
    source: str, messages: Sequence[Mapping[str, Any]], variables: Mapping[str, Any], stand_ins: Mapping[str, str]
) -> str:
    """The text that a template makes of `messages`, its literals with `stand_ins`. Raises TemplateError."""
    question = {"source": source, "messages": list(messages), "variables": dict(variables), "marks": dict(stand_ins)}
    return str(_ask(source, question))


def looked_for(source: str) -> tuple[str, ...]:
    """`lib.templating.literals.looked_for`. Raises TemplateError."""
    return tuple(_ask(source, {"source": source}))


def _ask(source: str, question: dict[str, Any]) -> Any:
    if len(source) > MAX_SOURCE:
        raise StoppedError(f"This chat template is longer than {MAX_SOURCE:,} characters, so it is not used.")
    until, sentence = _stopped.get(source, (0.0, ""))
    if time.monotonic() < until:  # thirty students shall not wait for it, one after the other
        raise StoppedError(sentence)
    try:
        return PROCESS.ask(question)
    except TooMuchError as error:
        sentence = (
            f"The chat template that came with this model {_MUCH[str(error)]}, so it was stopped. It is tried again "
            "after a minute."
        )
        _stopped[source] = (time.monotonic() + _AGAIN, sentence)
        if len(_stopped) > 64:
            _stopped.popitem(last=False)
        raise StoppedError(sentence) from error
    except PlaygroundError as error:
        raise TemplateError(str(error)) from error
