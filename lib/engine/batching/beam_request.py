"""Beam searches among a model's requests: they join the same passes as texts, every beam as a row.

Knows how a search and its keys and values belong together; the rules of the search are in `lib.engine.beam`.
"""

from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from lib.engine.batching.generation_request import Request
from lib.engine.batching.kv_cache import SlotCache
from lib.engine.batching.ragged_batch import module_pass
from lib.engine.beam import Search
from lib.engine.interface import BeamStep, FinishReason


@dataclass(eq=False, kw_only=True)
class BeamRequest(Request[BeamStep]):
    """A beam search. `cache`: keys and values of the beams, once the prompt is read."""

    num_beams: int
    length_penalty: float
    cache: Any = None  # SlotCache, or a DynamicCache where rows cannot share a batch
    search: Search = field(init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.search = Search(
            num_beams=self.num_beams,
            length_penalty=self.length_penalty,
            max_new_tokens=min(self.max_new_tokens, self.room),
            stop_ids=self.stop_ids,
        )

    @property
    def cached(self) -> int:
        return self.final_length * self.num_beams

    def newest(self) -> list[int]:
        """The last token of every running beam."""
        return self.search.ids

    def begin(self, prompt: Any, rows: SlotCache | None) -> None:
        """The prompt has been read. `rows`: an empty cache, if rows of this model can share a batch."""
        self.cache = deepcopy(prompt) if rows is None else rows
        if rows is not None:
            rows.expected, rows.longest = self.num_beams, self.final_length
            for _ in range(self.num_beams):
                rows.join(prompt)

    def take(self, logits: torch.Tensor) -> None:
        """Hand the next step to the page, from the logits after every running beam, (n, V); order the cache by it."""
        step = self.search.take(logits)
        self.made += 1
        reason: FinishReason | None = None
        if step.done:
            reason = "stop" if step.best.ids[-1] in self.stop_ids else self.full() or "length"
            self.cache = None
        elif isinstance(self.cache, SlotCache):
            self.cache.reorder(self.search.parents, len(self.ids))  # the prompt is the same in all rows
        else:
            self.cache.batch_select_indices(torch.tensor(self.search.parents))
        self.give(replace(step, seconds=self.lap()), reason)


def alone(request: BeamRequest, module: Any) -> torch.Tensor:
    """A pass of its own for the beams of a model whose rows cannot share a batch: logits (n, V)."""
    return module_pass(module, torch.tensor(request.search.ids, device=module.device)[:, None], request.cache)
