"""What the decoding benchmarks ask of every engine: the same prompts, the same number of tokens, the same labels."""

TOKENS, PROMPT = 48, 32


def prompt(seed: int) -> list[int]:
    """`PROMPT` token ids that every model knows."""
    return [(7 * i + 31 * seed) % 40_000 + 100 for i in range(PROMPT)]


def total_label(count: int) -> str:
    """The name of a speed: what so many requests at once get together."""
    return "one stream, tokens/s" if count == 1 else f"{count} at once, tokens/s in total"
