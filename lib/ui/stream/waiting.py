"""What a text that has no first token yet is waiting for, in one sentence. Knows nothing of Streamlit."""

from typing import Any

from lib.engine import Running

_LONG = 512  # tokens from which a share is worth showing: shorter prompts are read at once


def waiting(generation: Running[Any] | None) -> str:
    """The place in the queue, or how much of the prompt has been read. None: not asked yet."""
    if generation is None:
        return "Reading the prompt …"
    if place := generation.queue_position:
        return f"In the queue: number {place} …"
    return reading(generation.prompt_tokens, generation.prompt_share)


def reading(tokens: int, share: float | None) -> str:
    """How much of a prompt of so many tokens has been read.

    >>> reading(2000, 0.256), reading(20, 0.5)
    ('Reading the prompt: 26 % of 2,000 tokens …', 'Reading the prompt …')
    """
    if share is None or tokens < _LONG:
        return "Reading the prompt …"
    return f"Reading the prompt: {100 * share:.0f} % of {tokens:,} tokens …"
