"""What a text that has no first token yet is waiting for, in one sentence. Knows nothing of Streamlit."""

from lib.engine import Generation

_LONG = 512  # tokens from which a share is worth showing: shorter prompts are read at once


def waiting(generation: Generation | None) -> str:
    """The place in the queue, or how much of the prompt has been read. None: not asked yet."""
    if generation is None:
        return "Reading the prompt …"
    if place := generation.queue_position:
        return f"In the queue: number {place} …"
    tokens, share = generation.prompt_tokens, generation.prompt_share
    if share is None or tokens < _LONG:
        return "Reading the prompt …"
    return f"Reading the prompt: {100 * share:.0f} % of {tokens:,} tokens …"
