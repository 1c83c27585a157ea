"""From the logits of a whole batch to one chosen token a row, with what the inspector shows.

The distribution is `lib.engine.sampling.distribution`'s; this file only avoids work on ids that cannot be chosen.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch

from lib.engine.interface import Alternative
from lib.engine.sampling import Sampling, SamplingError, distribution, draw, penalise

_SMALL = 4096  # a top-k up to this is filtered before the softmax instead of after it
_HEAD = 1024  # nearly every nucleus lies inside the likeliest thousand
_BLOCK = 128  # logits that `largest` looks at together
_FEW = 4


@dataclass(frozen=True)
class SampledToken:
    """A chosen token: the parts of a Step that do not depend on the clock."""

    id: int
    logprob: float
    prob: float
    alternatives: tuple[Alternative, ...]


def largest(logits: torch.Tensor, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The `count` largest of each row of (n, V), largest first, and their places: `logits.topk(count)`, only faster.

    The blocks with the `count` largest maxima hold them all, so topk, slow for a whole row, sees a few blocks of it.

    >>> values, ids = largest(torch.arange(9999.0)[None], 2)
    >>> values.tolist(), ids.tolist()
    ([[9998.0, 9997.0]], [[9998, 9997]])
    """
    rows, whole = logits.shape[0], logits.shape[1] // _BLOCK * _BLOCK
    if whole < 32 * count * _BLOCK:  # a short row is quicker to go through
        return logits.topk(count)
    blocks = logits[:, :whole].unflatten(1, (-1, _BLOCK))
    best = blocks.amax(-1).topk(count).indices  # (n, count)
    inside = blocks.gather(1, best[..., None].expand(-1, -1, _BLOCK)).flatten(1)
    values, at = torch.cat((inside, logits[:, whole:]), 1).topk(count)
    ids = best[..., None] * _BLOCK + torch.arange(_BLOCK)  # (n, count, _BLOCK)
    rest = torch.arange(whole, logits.shape[1]).expand(rows, -1)
    return values, torch.cat((ids.flatten(1), rest), 1).gather(1, at)


class BatchSampler:
    """The logits of one step, (n, V) float32 on the CPU, and what is computed once for all rows."""

    def __init__(self, logits: torch.Tensor, alternatives: int) -> None:
        self.logits = logits
        # ln sum exp, one a row; of a few rows at a time, whose copies stay in the processor's cache
        self.normaliser = [value for rows in logits.split(_FEW) for value in torch.logsumexp(rows, -1).tolist()]
        values, ids = largest(logits, min(max(alternatives, 1), logits.shape[-1]))  # (n, A)
        self.top_values, self.top_ids = values.tolist(), ids.tolist()

    def sample(
        self, row: int, sampling: Sampling, seen: Iterable[int], rng: np.random.Generator, alternatives: int
    ) -> SampledToken:
        """Draw the next token of one row. Raises SamplingError if the model gave no distribution."""
        raw = self.logits[row].numpy()
        if not np.isfinite(self.normaliser[row]):
            raise SamplingError("The model gave logits that are not numbers, so there is nothing to choose from.")
        ids, probs = filtered(penalise(raw, seen, sampling.repetition_penalty), sampling)
        where = int(draw(probs, rng)[0])
        chosen = where if ids is None else int(ids[where])
        ranked = sorted(zip(self.top_values[row], self.top_ids[row], strict=True), key=lambda pair: (-pair[0], pair[1]))
        others = tuple(
            Alternative(i, value - self.normaliser[row], _prob(i, ids, probs)) for value, i in ranked[:alternatives]
        )
        return SampledToken(chosen, float(raw[chosen]) - self.normaliser[row], float(probs[where]), others)


def filtered(logits: np.ndarray, sampling: Sampling) -> tuple[np.ndarray | None, np.ndarray]:
    """Candidates (ids ascending, or None for all) and their probabilities, equal to `distribution` on all ids.

    Each filter keeps the likeliest tokens and renormalises, so once the first one has been applied here,
    `distribution` may be asked about what it left, with the knobs of the others.
    """
    if sampling.temperature == 0:
        return np.array([int(logits.argmax())]), np.ones(1)
    knobs = sampling.filters
    ids: np.ndarray | None = None
    if sampling.top_k is not None and sampling.top_k <= min(_SMALL, logits.size - 1):
        lowest = torch.from_numpy(logits).topk(int(sampling.top_k)).values[-1].item()
        ids = np.flatnonzero(logits >= lowest)  # ties with the k-th stay, as in `distribution`
        knobs["top_k"] = None
    elif sampling.top_k is None and sampling.top_p is not None and sampling.top_p < 1:
        ids = _nucleus(logits, sampling.temperature, sampling.top_p)
        knobs["top_p"] = sampling.top_p if ids is None else None
    elif sampling.top_k is None and sampling.min_p:
        least = logits.max() + sampling.temperature * math.log(sampling.min_p)
        ids = np.flatnonzero(logits >= least - 1e-4 * (1 + abs(least)))  # a few too many: `distribution` decides
    if ids is None:
        return None, distribution(logits, **knobs).probs
    return ids, distribution(logits[ids], **knobs).probs


def _nucleus(logits: np.ndarray, temperature: float, top_p: float) -> np.ndarray | None:
    """The ids that top-p keeps, ascending, from the likeliest `_HEAD` alone; None if those do not decide it."""
    scaled = torch.from_numpy(logits).double() / temperature
    top = scaled.topk(min(_HEAD, logits.size))
    values, ids = top.values.numpy(), top.indices.numpy()
    order = np.lexsort((ids, -values))[::-1]  # least likely first; among equals higher ids first
    probs = np.exp(values[order] - torch.logsumexp(scaled, 0).item())
    drop = 1 - probs.sum() + np.cumsum(probs) <= 1 - top_p
    drop[-1] = False
    first = int(drop.argmin())  # the least likely that stays
    if not drop[0] or values[order[first]] == values[order[0]]:
        return None
    return np.sort(ids[order[first:]])


def _prob(token: int, ids: np.ndarray | None, probs: np.ndarray) -> float:
    if ids is None:
        return float(probs[token])
    at = int(np.searchsorted(ids, token))
    return float(probs[at]) if at < ids.size and ids[at] == token else 0.0
