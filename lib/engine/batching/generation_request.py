"""Running requests as the worker knows them: texts, readings of a given text, and (`searches`) beam searches.

What comes of one goes to its outlet (`lib.engine.running_request`). Knows nothing of models.
"""

import time
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any, Generic

import numpy as np

from lib.engine.batching.sampler import SampledToken
from lib.engine.interface import Rivals, Step, TokenScores
from lib.engine.running_request import FinishReason, Inbox, Item, Outlet, Progress
from lib.engine.sampling import Sampling


@dataclass(eq=False, kw_only=True)
class Request(Generic[Item]):
    """What the worker knows. `room`: how many tokens may be generated before the context is full.

    `owner`: whose it is. Slots are dealt out evenly among owners; a request without one stands for itself.
    `when_idle`: nobody waits for it, so it waits for everybody.
    """

    ids: list[int]
    max_new_tokens: int
    room: int
    stop_ids: frozenset[int]
    owner: Hashable = None
    when_idle: bool = False
    read: int = 0  # prompt tokens computed
    made: int = 0  # tokens generated
    cancelled: bool = False
    finished: bool = False
    clock: float = field(default_factory=time.perf_counter)
    out: Outlet[Item] = field(default_factory=Inbox)
    final_length: int = field(init=False)  # of the text, prompt included, if nothing stops it early

    def __post_init__(self) -> None:
        self.final_length = len(self.ids) + min(self.max_new_tokens, self.room)

    @property
    def cached(self) -> int:
        """Tokens whose keys and values it may hold."""
        return self.final_length

    @property
    def left(self) -> int:
        """Tokens that it may still generate."""
        return max(0, min(self.max_new_tokens, self.room) - self.made)

    def lap(self) -> float:
        """Seconds since the last call; at first, since the request."""
        before, self.clock = self.clock, time.perf_counter()
        return self.clock - before

    def full(self) -> FinishReason | None:
        """Why there is no room for another token, if there is none."""
        if self.made >= self.max_new_tokens:
            return "length"
        return "context" if self.made >= self.room else None

    def give(self, item: Item, reason: FinishReason | None) -> None:
        """Hand the asker the newest item; with a reason it is the last."""
        self.finished = reason is not None
        self.out.give(item, reason)

    def end(self, reason: FinishReason | None, error: BaseException | None = None) -> None:
        """Nothing more."""
        self.finished = True
        self.out.end(reason, error)

    def tell(self, place: int, seconds: float | None = None) -> None:
        """It still waits, in the queue or for its prompt."""
        self.out.tell(Progress(place, seconds, self.read))


@dataclass(eq=False, kw_only=True)
class TextRequest(Request[Step]):
    """A text that is drawn token by token; `ids` grows with it. `seen`: what the repetition penalty applies to."""

    sampling: Sampling
    alternatives: int
    rng: np.random.Generator
    seen: set[int] = field(default_factory=set)
    made_at_admission: int = 0  # `made` when it got its slot
    parked: Any = None  # its keys and values, while it waits for another turn

    @property
    def since_admitted(self) -> int:
        """Tokens generated since it got its slot."""
        return self.made - self.made_at_admission

    def take(self, choice: SampledToken) -> None:
        """Hand the next token to the asker, and finish if it is the last."""
        self.ids.append(choice.id)
        self.seen.add(choice.id)
        self.made += 1
        step = Step(choice.id, choice.logprob, choice.prob, choice.alternatives, self.lap())
        self.give(step, "stop" if choice.id in self.stop_ids else self.full())


@dataclass(frozen=True)
class WantedRivals:
    """How many likeliest tokens to keep of every place from `start` on, and at which temperatures ln Z is wanted."""

    count: int
    temperatures: tuple[float, ...]
    start: int = 0


@dataclass(eq=False, kw_only=True)
class ReadRequest(Request[TokenScores]):
    """A given text that is only read: logits after its last token, and with `scored` the scores of all its tokens.

    It holds no slot: it is over after a pass or two. `rivals` needs `scored`.
    """

    max_new_tokens: int = 0
    room: int = 0
    stop_ids: frozenset[int] = frozenset()
    scored: bool = False
    rivals: WantedRivals | None = None
    parts: list[tuple[np.ndarray, ...]] = field(default_factory=list)  # of the pieces read so far
    rival_parts: list[tuple[np.ndarray, ...]] = field(default_factory=list)

    def take(self, next_logits: np.ndarray) -> None:
        """The end has been read: next_logits float32 (V,)."""
        empty = [np.zeros(0, t) for t in (np.float32, np.int64, np.int64, np.float32, np.float32)]
        columns = [np.concatenate(column) for column in zip(*self.parts, strict=True)] if self.parts else empty
        ids = np.array(self.ids[1:] if self.scored else [], dtype=np.int64)
        logprobs, ranks, guesses, chances, entropies = columns
        self.give(TokenScores(ids, logprobs, ranks, guesses, chances, entropies, next_logits), "stop")

    def found_rivals(self) -> Rivals:
        """Once it is over, if they were asked for."""
        ids, logits, taken, log_z = (np.concatenate(column) for column in zip(*self.rival_parts, strict=True))
        return Rivals(ids, logits, taken, log_z)
