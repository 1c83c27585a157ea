"""Beam search that shows every step: candidates, what was pruned and kept, finished hypotheses.

The rules are those of `transformers.generate(num_beams=n, do_sample=False, early_stopping=False)`, in float32 and in
the same order, so the same tokens come out: each step ranks the best K = n * max(2, 1 + number of stop ids)
extensions by total log-probability; those among the first n that end in a stop token (or at the last step) become
finished hypotheses, ranked by total / length ** length_penalty; the best n that do not end go on. The search ends
when the best running beam, scored at its present length, cannot beat the worst of n finished hypotheses, or at
`max_new_tokens`. Knows nothing of models: `advance` computes.
"""

from collections.abc import Callable, Iterator

import torch

from lib.engine.base import BeamCandidate, BeamStep, Hypothesis
from lib.errors import PlaygroundError

MAX_BEAMS = 16
Advance = Callable[[list[int], list[int]], torch.Tensor]  # (parent of every beam, its new token) -> (n, V)


def check_knobs(num_beams: int, length_penalty: float, max_new_tokens: int) -> None:
    """Raises PlaygroundError on knobs that make no search."""
    if not (int(num_beams) == num_beams and 1 <= num_beams <= MAX_BEAMS):
        raise PlaygroundError(f"The number of beams must be a whole number from 1 to {MAX_BEAMS}, not {num_beams}.")
    if not -10 <= length_penalty <= 10:  # also catches NaN
        raise PlaygroundError(f"The length penalty must be between -10 and 10, not {length_penalty}.")
    if max_new_tokens < 1:
        raise PlaygroundError("The number of new tokens must be at least 1.")


def search(first: torch.Tensor, advance: Advance, *, num_beams: int, length_penalty: float, max_new_tokens: int,
           stop_ids: frozenset[int]) -> Iterator[BeamStep]:
    """Yield every step. `first`: logits after the prompt, float32 (1, V); `advance` gives (num_beams, V) for the next.

    >>> table = torch.log(torch.tensor([[0.5, 0.4, 0.1], [0.2, 0.2, 0.6], [0.3, 0.3, 0.4]]))  # p(next | last)
    >>> steps = list(search(table[:1], lambda parents, ids: table[ids], num_beams=2, length_penalty=1.0,
    ...                     max_new_tokens=2, stop_ids=frozenset()))
    >>> [beam.ids for beam in steps[0].beams], steps[-1].best.ids  # 0.5 * 0.5 against 0.4 * 0.6
    ([(0,), (1,)], (0, 0))
    """
    vocab = first.shape[-1]
    width = min(num_beams * max(2, 1 + len(stop_ids)), vocab)
    beams, finished = [Hypothesis((), 0.0, 0.0)], list[Hypothesis]()
    totals, logits, improvable = torch.zeros(1), first, True
    for index in range(max_new_tokens):
        logprobs = torch.log_softmax(logits.float(), -1)  # (n, V)
        best, flat = (logprobs + totals[:, None]).reshape(-1).topk(width)  # (K,)
        parents, ids, last = (flat // vocab).tolist(), (flat % vocab).tolist(), index == max_new_tokens - 1
        scores = best / (index + 1) ** length_penalty
        ends = [last or token in stop_ids for token in ids]
        kept = [rank for rank in range(width) if not ends[rank]][:num_beams]
        new = [Hypothesis((*beams[parents[r]].ids, ids[r]), best[r].item(), scores[r].item()) for r in range(width)]
        done_now = {r for r in range(min(num_beams, width)) if ends[r] and improvable}
        finished = sorted([*finished, *(new[r] for r in sorted(done_now))], key=lambda h: -h.score)[:num_beams]
        beams, totals = [new[r] for r in kept], best[kept]
        improvable = improvable and _can_improve(totals, finished, num_beams, (index + 1) ** length_penalty)
        done = last or not improvable or not kept
        yield BeamStep(index, tuple(
            BeamCandidate(parents[r], ids[r], logprobs[parents[r], ids[r]].item(), new[r].total, new[r].score,
                          r in kept, r in done_now) for r in range(width)), tuple(beams), tuple(finished), done)
        if done:
            return
        logits = advance([parents[r] for r in kept], [ids[r] for r in kept])


def _can_improve(totals: torch.Tensor, finished: list[Hypothesis], num_beams: int, length: float) -> bool:
    """Whether the best running beam, at its present length, beats the worst of a full set of finished hypotheses."""
    if len(finished) < num_beams:
        return True
    return bool(totals.numel()) and (totals[0] / length).item() > finished[-1].score
