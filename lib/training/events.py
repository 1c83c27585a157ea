"""What a training run tells, as data: every event is a small dataclass that survives JSON. Knows nothing of torch.

>>> event = Point("pretrain", 3, 5.5, 1e-3, 1.25, 4608, 0.4)
>>> from_json(to_json(event)) == event
True
"""

import json
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from lib.models.trained import Stage


@dataclass(frozen=True, slots=True)
class Began:
    """A stage begins. Losses are in nats a token, on the held-out documents, in this run's own tokens."""

    stage: Stage
    steps: int  # that are planned
    parameters: int
    vocab_size: int
    train_tokens: int
    heldout_tokens: int
    uniform: float  # ln V: every token equally likely
    unigram: float
    bigram: float
    trigram: float
    floor: float | None  # the entropy of the tiny world; None for a text whose entropy nobody knows


@dataclass(frozen=True, slots=True)
class Point:
    """One step. `loss`: of its batch, before the update. `tokens`: read so far in this stage; `seconds`: so far."""

    stage: Stage
    step: int  # from 1
    loss: float
    learning_rate: float
    gradient_norm: float  # before clipping
    tokens: int
    seconds: float
    margin: float | None = None  # "prefer": how much more the preferred replies are worth (implicit reward, mean)


@dataclass(frozen=True, slots=True)
class HeldOut:
    """The loss on documents that are never trained on, after so many steps (0: before training)."""

    stage: Stage
    step: int
    loss: float


@dataclass(frozen=True, slots=True)
class Sample:
    """What the model makes of a fixed prompt, greedily. `ended`: it wrote an end token itself."""

    prompt: str
    text: str
    ended: bool


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The model looked at after so many steps, when its folder was saved as `checkpoint` (a folder's name in the run).

    `points`: 2-D coordinates of the token embeddings named by `labels`, (n, 2). `attention`: one head over the tokens
    of a fixed prompt, (T, T), rows sum to 1. `sums`: the table of a + b, [a][b]: the number that it writes after
    "a + b =", "" where none comes; empty for texts without sums. `beliefs`: next-word probabilities where the world's
    true ones are known: {prompt: {word: (model, true)}}.
    """

    stage: Stage
    step: int
    checkpoint: str
    samples: tuple[Sample, ...]
    labels: tuple[str, ...]
    points: tuple[tuple[float, float], ...]
    tokens: tuple[str, ...]
    attention: tuple[tuple[float, ...], ...]
    head: str  # "layer 2, head 3"
    sums: tuple[tuple[str, ...], ...]
    beliefs: dict[str, dict[str, tuple[float, float]]]


@dataclass(frozen=True, slots=True)
class Ended:
    """A stage is over: "done", "stopped" by somebody, or "failed" with a sentence. `checkpoint`: the last good one."""

    stage: Stage
    how: Literal["done", "stopped", "failed"]
    sentence: str
    checkpoint: str


Event = Began | Point | HeldOut | Snapshot | Ended
_KINDS: dict[str, type] = {kind.__name__: kind for kind in (Began, Point, HeldOut, Snapshot, Ended)}


def to_json(event: Event) -> str:
    """One line."""
    return json.dumps({"kind": type(event).__name__, **asdict(event)}, ensure_ascii=False, allow_nan=False)


def from_json(line: str) -> Event:
    """The event of a line. Raises ValueError, KeyError or TypeError on a line that is none."""
    said = json.loads(line)
    kind = _KINDS[said.pop("kind")]
    if said.keys() != {field.name for field in fields(kind)}:
        raise ValueError("an event has other fields")
    if "samples" in said:
        said["samples"] = tuple(Sample(**sample) for sample in said["samples"])
    made: Event = kind(**{name: _frozen(value) for name, value in said.items()})
    return made


def _frozen(value: Any) -> Any:
    """Lists, which JSON has, as tuples, which events have."""
    if isinstance(value, list):
        return tuple(_frozen(one) for one in value)
    if isinstance(value, dict):
        return {name: _frozen(one) for name, one in value.items()}
    return value
