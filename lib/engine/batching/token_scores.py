"""How a model reads a given text: from the logits of a piece to what stands there. Knows nothing of threads."""

from typing import TYPE_CHECKING

import numpy as np
import torch

from lib.engine.batching.generation_request import ReadRequest

if TYPE_CHECKING:
    from lib.engine.batching.prefill import Prompt

_ROWS = 8  # whose copies of (V,) exist at the same time


def score_piece(prompt: "Prompt", logits: torch.Tensor) -> None:
    """Scores of the tokens that follow a piece's own, for all who asked; logits (T, V) after tokens prompt.done on."""
    targets = prompt.ids[prompt.done + 1 : prompt.done + 1 + len(logits)]
    if targets:
        scores = score(logits[: len(targets)], torch.tensor(targets))
        for request in prompt.requests:
            if isinstance(request, ReadRequest):
                request.parts.append(scores)


def score(logits: torch.Tensor, targets: torch.Tensor) -> tuple[np.ndarray, ...]:
    """logits (C, V), targets (C,) -> logprobs, ranks, guesses, guess probabilities, entropies, each (C,)."""
    parts = [_score(*few) for few in zip(logits.split(_ROWS), targets.split(_ROWS), strict=True)]
    return tuple(torch.cat(column).numpy() for column in zip(*parts, strict=True))


def _score(logits: torch.Tensor, targets: torch.Tensor) -> tuple[torch.Tensor, ...]:
    logprobs = torch.log_softmax(logits, -1)
    chosen = logprobs.gather(1, targets[:, None])  # (C, 1)
    best, guesses = logprobs.max(-1)
    ranks = (logprobs > chosen).sum(-1)
    entropies = -(logprobs.exp() * logprobs.clamp_min(-1e30)).sum(-1)
    return chosen[:, 0], ranks, guesses, best.exp(), entropies
