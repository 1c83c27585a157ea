"""Requests that decode together, one row each. A batch is as long as its longest row, so similar lengths share one.

Knows how rows and requests belong together; nothing of threads or sampling.
"""

from collections.abc import Callable

import torch
from transformers.cache_utils import DynamicCache

from lib.engine.cache import SlotCache
from lib.engine.requests import Request

_SHORTEST = 1024  # lanes are for final lengths up to 1,024, 4,096, 16,384, ...


def lane_size(final_length: int) -> int:
    """The lane for a request, by the length it may reach: one long text does not make room for itself in every row.

    >>> [lane_size(n) for n in (5, 1024, 1025, 5000)]
    [1024, 1024, 4096, 16384]
    """
    size = _SHORTEST
    while size < final_length:
        size *= 4
    return size


class Lane:
    """Requests that decode together, and their rows; `requests[i]` is row i."""

    def __init__(self, layers: int, device: torch.device) -> None:
        self.requests: list[Request] = []
        self.cache = SlotCache(layers, device)

    def join(self, request: Request, prompt: DynamicCache) -> None:
        """A new row, with a copy of its prompt's keys and values."""
        self.cache.join(prompt)
        self.requests.append(request)

    def drop(self, gone: Callable[[Request], bool]) -> None:
        for row in range(len(self.requests) - 1, -1, -1):
            if gone(self.requests[row]):
                self.requests[row] = self.requests[self.cache.leave(row)]
                self.requests.pop()

    def mask(self, dtype: torch.dtype) -> torch.Tensor | None:
        """What each row may not see, (n, 1, 1, view), after `cache.before_step`; None if all have one length."""
        plan = self.cache.plan
        if plan.even:
            return None
        hidden = torch.arange(plan.view, device=plan.device)[None] > plan.at[:, None]  # (n, view)
        zero = torch.zeros(hidden.shape, dtype=dtype, device=plan.device)
        return zero.masked_fill_(hidden, torch.finfo(dtype).min)[:, None, None]
