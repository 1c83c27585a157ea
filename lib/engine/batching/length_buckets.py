"""Requests that decode together, one row each. A batch is as long as its longest row, so similar lengths share one.

Knows how rows and requests belong together; nothing of threads or sampling.
"""

from collections.abc import Callable
from typing import Any

import torch

from lib.engine.batching.generation_request import TextRequest
from lib.engine.batching.kv_cache import SlotCache

SHORTEST = 1024  # buckets are for final lengths up to 1,024, 4,096, 16,384, ...


def bucket_length(final_length: int) -> int:
    """The bucket for a request, by the length it may reach: one long text does not make room for itself in every row.

    >>> [bucket_length(n) for n in (5, 1024, 1025, 5000)]
    [1024, 1024, 4096, 16384]
    """
    size = SHORTEST
    while size < final_length:
        size *= 4
    return size


class LengthBucket:
    """Requests that decode together, and their rows; `requests[i]` is row i."""

    def __init__(self, layers: int, device: torch.device) -> None:
        self.requests: list[TextRequest] = []
        self.cache = SlotCache(layers, device)

    def join(self, request: TextRequest, prompt: Any) -> None:
        """A new row, with a copy of its prompt's keys and values."""
        self.cache.join(prompt)
        self.requests.append(request)

    def drop(self, gone: Callable[[TextRequest], bool]) -> None:
        for row in range(len(self.requests) - 1, -1, -1):
            if gone(self.requests[row]):
                self.requests[row] = self.requests[self.cache.leave(row)]
                self.requests.pop()

    def newest(self) -> list[int]:
        """The last token of every row."""
        return [request.ids[-1] for request in self.requests]
