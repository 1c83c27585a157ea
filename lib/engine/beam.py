"""Beam search that shows every step: candidates, what was pruned and kept, finished hypotheses.

The rules are those of `transformers.generate(num_beams=n, do_sample=False, early_stopping=False)`, in float32 and in
the same order, so the same tokens come out: each step ranks the best K = n * max(2, 1 + number of stop ids)
extensions by total log-probability; those among the first n that end in a stop token (or at the last step) become
finished hypotheses, ranked by total / length ** length_penalty; the best n that do not end go on. The search ends
when the best running beam, scored at its present length, cannot beat the worst of n finished hypotheses, or at
`max_new_tokens`. Knows nothing of models: somebody else computes the logits.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import torch

from lib.engine.batching.sampler import largest
from lib.engine.interface import MAX_BEAMS, BeamCandidate, BeamStep, Hypothesis
from lib.engine.sampling import SamplingError
from lib.errors import PlaygroundError


def check_knobs(num_beams: int, length_penalty: float, max_new_tokens: int) -> None:
    """Raises PlaygroundError on knobs that make no search."""
    if not (int(num_beams) == num_beams and 1 <= num_beams <= MAX_BEAMS):
        raise PlaygroundError(f"The number of beams must be a whole number from 1 to {MAX_BEAMS}, not {num_beams}.")
    if not -10 <= length_penalty <= 10:  # also catches NaN
        raise PlaygroundError(f"The length penalty must be between -10 and 10, not {length_penalty}.")
    if max_new_tokens < 1:
        raise PlaygroundError("The number of new tokens must be at least 1.")


class Search:
    """A beam search between two steps. `parents`, `ids`: which beam each running one continues, and by what token."""

    def __init__(self, *, num_beams: int, length_penalty: float, max_new_tokens: int, stop_ids: frozenset[int]) -> None:
        self.num_beams, self.length_penalty = num_beams, length_penalty
        self.max_new_tokens, self.stop_ids = max_new_tokens, stop_ids
        self.parents, self.ids = [0], list[int]()
        self._beams, self._finished = [Hypothesis((), 0.0, 0.0)], list[Hypothesis]()
        self._totals, self._improvable, self._index = torch.zeros(1), True, 0

    def take(self, logits: torch.Tensor) -> BeamStep:
        """The next step, from the logits after every running beam, (n, V) on the CPU; after the prompt, (1, V).

        Raises SamplingError on logits that are no distribution.
        """
        size = (self._index + 1) ** self.length_penalty
        logprobs = torch.log_softmax(logits.float(), -1)
        best, parents, ids = self._best(logprobs)
        scores = (best / size).tolist()
        last, totals = self._index + 1 == self.max_new_tokens, best.tolist()
        new = [
            Hypothesis((*self._beams[parent].ids, token), total, score)
            for parent, token, total, score in zip(parents, ids, totals, scores, strict=True)
        ]
        ends = [last or token in self.stop_ids for token in ids]
        kept = [rank for rank, end in enumerate(ends) if not end][: self.num_beams]
        ended = {rank for rank, end in enumerate(ends[: self.num_beams]) if end and self._improvable}
        self._finished = sorted([*self._finished, *(new[r] for r in sorted(ended))], key=lambda h: -h.score)[
            : self.num_beams
        ]
        self._beams, self._totals = [new[r] for r in kept], best[kept]
        self._improvable = self._improvable and self._can_improve(size)
        step = BeamStep(
            self._index,
            tuple(
                BeamCandidate(
                    parents[r], ids[r], logprobs[parents[r], ids[r]].item(), totals[r], scores[r], r in kept, r in ended
                )
                for r in range(len(ids))
            ),
            tuple(self._beams),
            tuple(self._finished),
            last or not self._improvable or not kept,
        )
        self.parents, self.ids = [parents[r] for r in kept], [ids[r] for r in kept]
        self._index += 1
        return step

    def _best(self, logprobs: torch.Tensor) -> tuple[torch.Tensor, list[int], list[int]]:
        """logprobs (n, V) -> totals (K,), best first, and which beam and token each comes from."""
        vocab = logprobs.shape[-1]
        width = min(self.num_beams * max(2, 1 + len(self.stop_ids)), vocab)
        values, places = largest((logprobs + self._totals[:, None]).view(1, -1), width)
        best, flat = values[0], places[0]
        if not best[0].isfinite():
            raise SamplingError("The model gave logits that are not numbers, so there is nothing to choose from.")
        return best, (flat // vocab).tolist(), (flat % vocab).tolist()

    def _can_improve(self, size: float) -> bool:
        """Whether the best running beam, at its present length, beats the worst of a full set of finished ones."""
        if len(self._finished) < self.num_beams:
            return True
        return bool(self._totals.numel()) and (self._totals[0] / size).item() > self._finished[-1].score


def search(table: torch.Tensor, first: int, **knobs: Any) -> Iterator[BeamStep]:
    """Every step of a search in a model that looks at the last token alone: table (V, V) of logits, `knobs` of Search.

    >>> table = torch.log(torch.tensor([[0.5, 0.4, 0.1], [0.2, 0.2, 0.6], [0.3, 0.3, 0.4]]))
    >>> steps = list(search(table, 0, num_beams=2, length_penalty=1.0, max_new_tokens=2, stop_ids=frozenset()))
    >>> [beam.ids for beam in steps[0].beams], steps[-1].best.ids  # 0.5 * 0.5 against 0.4 * 0.6
    ([(0,), (1,)], (0, 0))
    """
    work = Search(**knobs)
    step = work.take(table[[first]])
    yield step
    while not step.done:
        step = work.take(table[work.ids])
        yield step


def search_table(table: Sequence[Sequence[float]], first: int, num_beams: int, max_new_tokens: int) -> list[BeamStep]:
    """`search` for those who have no tensors: table[i][j] is the log-probability of j after i."""
    return list(
        search(
            torch.tensor(table),
            first,
            num_beams=num_beams,
            length_penalty=1.0,
            max_new_tokens=max_new_tokens,
            stop_ids=frozenset(),
        )
    )
