"""How a model reads a given text: from the logits of a piece to what stands there. Knows nothing of threads."""

from typing import TYPE_CHECKING

import numpy as np
import torch

from lib.engine.batching.generation_request import ReadRequest
from lib.engine.batching.sampler import largest

if TYPE_CHECKING:
    from lib.engine.batching.prefill import Prompt

_ROWS = 8  # whose copies of (V,) exist at the same time


def score_piece(prompt: "Prompt", logits: torch.Tensor) -> None:
    """Scores of the tokens that follow a piece's own, for all who asked; logits (T, V) after tokens prompt.done on."""
    targets = torch.tensor(prompt.ids[prompt.done + 1 : prompt.done + 1 + len(logits)], dtype=torch.long)
    readings = [request for request in prompt.requests if isinstance(request, ReadRequest)]
    if len(targets):
        scores = score(logits[: len(targets)], targets)
        for reading in readings:
            reading.parts.append(scores)
    for wanted in {reading.rivals for reading in readings if reading.rivals}:
        skipped = max(0, wanted.start - prompt.done)
        if skipped >= len(logits):
            continue
        found = rivals(logits[skipped:], targets[skipped:], wanted.count, wanted.temperatures)
        for reading in readings:
            if reading.rivals == wanted:
                reading.rival_parts.append(found)


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


def rivals(
    logits: torch.Tensor, targets: torch.Tensor, count: int, temperatures: tuple[float, ...]
) -> tuple[np.ndarray, ...]:
    """logits (C, V), targets (C or C-1,) -> likeliest ids and their logits, each (C, count), logits of the targets, and
    ln Z, float64 (C, temperatures)."""
    values, ids = largest(logits, count)
    taken = logits[: len(targets)].gather(1, targets[:, None])[:, 0]
    log_z = torch.cat([_log_z(rows, temperatures) for rows in logits.split(_ROWS)])
    return ids.numpy(), values.numpy(), taken.numpy(), log_z.numpy()


def _log_z(logits: torch.Tensor, temperatures: tuple[float, ...]) -> torch.Tensor:
    """logits (C, V) -> ln sum exp(logits / T), float64 (C, temperatures): one buffer for all temperatures.

    Less the largest first: float32 holds a small distance more exactly than two large logits.
    """
    top = logits.max(-1, keepdim=True).values
    behind, buffer = logits - top, torch.empty_like(logits)
    columns = []
    for temperature in temperatures:
        torch.mul(behind, 1 / temperature, out=buffer)
        columns.append(top[:, 0].double() / temperature + buffer.exp_().sum(-1).double().log())
    return torch.stack(columns, 1)
