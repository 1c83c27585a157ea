"""What the decoding benchmarks ask of every engine: the same prompts, the same number of tokens, the same labels."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

TOKENS, PROMPT = 48, 32


def prompt(seed: int) -> list[int]:
    """`PROMPT` token ids that every model knows."""
    return [(7 * i + 31 * seed) % 40_000 + 100 for i in range(PROMPT)]


def transformers_seconds(folder: Path, dtype: str, *, num_beams: int = 1) -> Callable[[int], float]:
    """tokens -> seconds that `transformers.generate` takes to write so many, on the weights in `folder`."""
    import torch
    from transformers import AutoModelForCausalLM

    automatic: Any = AutoModelForCausalLM
    module = automatic.from_pretrained(folder, dtype=getattr(torch, dtype), local_files_only=True).eval()

    def generate(tokens: int) -> float:
        start, ids = time.perf_counter(), torch.tensor([prompt(0)])
        module.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            do_sample=False,
            num_beams=num_beams,
            max_new_tokens=tokens,
            min_new_tokens=tokens,
            pad_token_id=0,
        )
        return time.perf_counter() - start

    return generate


def total_label(count: int) -> str:
    """The name of a speed: what so many requests at once get together."""
    return "one stream, tokens/s" if count == 1 else f"{count} at once, tokens/s in total"
