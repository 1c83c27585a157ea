"""Prompts that are being read: each once, for all the requests that asked for exactly the same tokens.

The columns of the decoding page, twenty samples, or a class that presses Run on one example need the same keys and
values. They take turns with other prompts as one. Knows nothing of sampling or threads.
"""

from collections import deque
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

from lib.engine.batching.generation_request import ReadRequest, Request

_SCORED = 64  # tokens of a piece whose full logits are all held at the same time


class Prompt:
    """Tokens on their way through the model, the cache that they fill, and who waits for them.

    `done`: how many have been computed. The list `ids` may grow: a model whose rows cannot share a batch goes on
    with the text that it wrote itself as with a prompt.
    """

    def __init__(self, ids: list[int], cache: Any, requests: list[Request[Any]]) -> None:
        self.ids, self.cache, self.requests, self.done = ids, cache, requests, 0
        self.scored = _scored(requests[0])  # whether the logits of all its tokens are wanted

    def advance(self, count: int) -> None:
        """So many tokens more have been computed."""
        self.done += count
        for request in self.requests:
            request.read = self.done

    def apart(self) -> "list[Prompt]":
        """One for each request, which grow from here on their own; the first keeps the cache, the others copy it."""
        parts = [
            Prompt(request.ids, deepcopy(self.cache) if at else self.cache, [request])
            for at, request in enumerate(self.requests)
        ]
        for part in parts:
            part.done = self.done
        return parts


class Prompts:
    """All prompts in work, in the order of their turns."""

    def __init__(self) -> None:
        self._turns: deque[Prompt] = deque()

    def __len__(self) -> int:
        """How many requests wait for a prompt."""
        return sum(len(prompt.requests) for prompt in self._turns)

    @property
    def reads(self) -> int:
        """How many prompts are being read."""
        return len(self._turns)

    def __iter__(self) -> Iterator[Request[Any]]:
        return (request for prompt in self._turns for request in prompt.requests)

    def add(self, request: Request[Any], new_cache: Callable[[], Any]) -> None:
        """Wait with the others for the same tokens, or begin them."""
        same = next(
            (prompt for prompt in self._turns if prompt.ids == request.ids and prompt.scored == _scored(request)), None
        )
        if same is None:
            self._turns.append(Prompt(list(request.ids), new_cache(), [request]))
        else:
            same.requests.append(request)

    def next(self, room: int) -> Iterator[tuple[Prompt, int]]:
        """Whose turn it is, and how many of its tokens: `room` in all."""
        for _ in range(len(self._turns)):
            if room <= 0:
                return
            prompt = self._turns[0]
            self._turns.rotate(-1)
            count = min(room, len(prompt.ids) - prompt.done, _SCORED if prompt.scored else room)
            room -= count
            yield prompt, count

    def remove(self, prompt: Prompt) -> None:
        """It has been read."""
        self._turns.remove(prompt)

    def drop(self, gone: Callable[[Request[Any]], bool]) -> None:
        """Forget requests, and prompts that nobody waits for any more."""
        for prompt in self._turns:
            prompt.requests = [request for request in prompt.requests if not gone(request)]
        self._turns = deque(prompt for prompt in self._turns if prompt.requests)

    def clear(self) -> None:
        """Forget all."""
        self._turns.clear()


def _scored(request: Request[Any]) -> bool:
    return isinstance(request, ReadRequest) and request.scored
