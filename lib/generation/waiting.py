"""What a text that has no first token yet is waiting for, in one sentence. Knows nothing of Streamlit."""

from typing import Any

from lib.engine import Running
from lib.text_format import duration

LONG = 512  # tokens from which a share is worth showing: shorter prompts are read at once


def waiting_for(running: Running[Any] | None) -> str:
    """The place in the queue and how long it will take, or how much of the prompt has been read. None: not asked."""
    if running is None:
        return "Reading the prompt …"
    if place := running.queue_position:
        return queued(place, running.queue_seconds)
    return reading(running.prompt_tokens, running.prompt_share)


def queued(place: int, seconds: float | None) -> str:
    """A place in the queue, and about how long it will take if that is known.

    >>> queued(3, None), queued(3, 0.4), queued(3, 11.8), queued(3, 200)
    ('In the queue: number 3 …', 'In the queue: number 3 …', 'In the queue: number 3, about 12 s …', \
'In the queue: number 3, about 3 min …')
    """
    if seconds is None or seconds < 1:
        return f"In the queue: number {place} …"
    return f"In the queue: number {place}, about {duration(seconds)} …"


def reading(tokens: int, share: float | None) -> str:
    """How much of a prompt of so many tokens has been read.

    >>> reading(2000, 0.256), reading(20, 0.5)
    ('Reading the prompt: 26% of 2,000 tokens …', 'Reading the prompt …')
    """
    if share is None or tokens < LONG:
        return "Reading the prompt …"
    return f"Reading the prompt: {share:.0%} of {tokens:,} tokens …"
