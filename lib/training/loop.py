"""The loop that all stages share: step, evaluate, save; as an iterator of events. Needs torch."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import torch

from lib.errors import PlaygroundError
from lib.training import checkpoints
from lib.training import network as networks
from lib.training import optimizer as optimizers
from lib.training.events import Began, Ended, Event, HeldOut, Point, Snapshot, Stage
from lib.training.network import Network
from lib.training.tokenizer import TrainedTokenizer

SAVE_EVERY = 8.0  # seconds: what a crash costs at most
EVALUATE_EVERY = 25  # steps
FIRST_CHECKPOINTS = (0, 20, 50, 100, 200)


@dataclass(frozen=True)
class Baselines:
    """How much there is to read, and the losses that need no network: in nats a token, of what is held out."""

    train_tokens: int
    heldout_tokens: int
    uniform: float
    unigram: float
    bigram: float
    trigram: float
    floor: float | None = None  # the entropy of the text, where it is known


class Objective(Protocol):
    """All that differs between stages: what is trained, on what, and what is measured."""

    stage: Stage
    steps: int
    learning_rate: float  # at its highest
    weight_decay: float
    network: Network
    tokenizer: TrainedTokenizer
    tokens: int  # read in a step

    def baselines(self) -> Baselines:
        """What the losses are held against."""
        ...

    def loss(self, step: int) -> tuple[torch.Tensor, float | None]:
        """The loss of a step's batch, from 0, and its margin where there is one."""
        ...

    def held_out_loss(self) -> float:
        """The loss on what is never trained on."""
        ...

    def snapshot(self, step: int, checkpoint: str, notes: dict[str, Any]) -> Snapshot:
        """What the model is like after a step. `notes` are kept with the state, for the next snapshot."""
        ...


def checkpoint_steps(steps: int) -> list[int]:
    """After which steps a checkpoint is kept: often at first, then about five times more, and at the end.

    >>> checkpoint_steps(600)
    [0, 20, 50, 100, 200, 300, 400, 500, 600]
    """
    every = max(100, math.ceil(steps / 600) * 100)
    return sorted({*(step for step in FIRST_CHECKPOINTS if step < steps), *range(every, steps, every), steps})


def run(objective: Objective, folder: Path, stop: Callable[[], bool]) -> Iterator[Event]:
    """Everything that a stage tells, to its end: a failure is an `Ended` with a sentence, too."""
    progress = _Progress(objective, folder)
    try:
        yield from progress.events(stop)
    except PlaygroundError as error:
        yield progress.ended("failed", str(error))
    except (MemoryError, torch.OutOfMemoryError):
        yield progress.ended("failed", NO_MEMORY)
    except RuntimeError as error:
        if "memory" not in str(error):  # torch: "DefaultCPUAllocator: can't allocate memory"
            raise
        yield progress.ended("failed", NO_MEMORY)


NO_MEMORY = "There is not enough memory for this run here. A smaller model, batch size or context length needs less."


class _Progress:
    """One stage as it goes on."""

    def __init__(self, objective: Objective, folder: Path) -> None:
        self.objective, self.folder = objective, folder
        self.optimizer = optimizers.adamw(objective.network, objective.weight_decay)
        self.step, self.notes = 0, dict[str, Any]()
        self.good, self.last_loss = "", math.inf
        self.before = 0.0  # seconds of training before this process
        self.start = self.saved = time.monotonic()

    @property
    def seconds(self) -> float:
        return self.before + time.monotonic() - self.start

    def events(self, stop: Callable[[], bool]) -> Iterator[Event]:
        objective = self.objective
        self.start = time.monotonic()
        began = self.planned()
        yield began
        state = checkpoints.restore_state(self.folder, objective.stage, objective.network, self.optimizer)
        if state is not None:
            self.step, self.before, self.notes = state.step, state.seconds, state.notes
            self.good = str(state.notes.get("good", ""))
        if self.step == 0:
            yield from self.evaluated(began)
        while self.step < objective.steps:
            if stop():
                yield self.stopped()
                return
            point = self.one_step()
            if point is None:
                yield self.ended("failed", self.no_number())
                return
            yield point
            yield from self.evaluated(began)
            if time.monotonic() - self.saved > SAVE_EVERY:
                self.save()
        self.save()
        yield self.ended("done", "")

    def planned(self) -> Began:
        objective = self.objective
        return Began(
            stage=objective.stage,
            steps=objective.steps,
            parameters=networks.parameter_count(objective.network),
            vocab_size=objective.tokenizer.vocab_size,
            **asdict(objective.baselines()),
        )

    def one_step(self) -> Point | None:
        """None if the loss or its gradient is no number."""
        objective, step = self.objective, self.step
        rate = optimizers.learning_rate(step, steps=objective.steps, highest=objective.learning_rate)
        loss, margin = objective.loss(step)
        norm = optimizers.update(objective.network, self.optimizer, loss, rate)
        self.last_loss = float(loss.detach())
        if not (math.isfinite(self.last_loss) and math.isfinite(norm)):
            return None
        self.step = step + 1
        tokens = self.step * objective.tokens
        return Point(objective.stage, self.step, self.last_loss, rate, norm, tokens, round(self.seconds, 3), margin)

    def evaluated(self, began: Began) -> Iterator[Event]:
        """What is due after this step: the held-out loss, a checkpoint."""
        objective, step = self.objective, self.step
        if step % EVALUATE_EVERY == 0 or step == objective.steps:
            loss = objective.held_out_loss()
            if math.isfinite(loss):
                yield HeldOut(objective.stage, step, loss)
        if step in checkpoint_steps(objective.steps):
            yield self.keep_checkpoint(began)

    def keep_checkpoint(self, began: Began) -> Snapshot:
        """Keep the model as a checkpoint and look at it. It is good unless its loss is far above chance."""
        name = self.save_checkpoint()
        if self.step == 0 or self.last_loss < 1.5 * began.uniform:
            self.good = self.notes["good"] = name
        return self.objective.snapshot(self.step, name, self.notes)

    def save_checkpoint(self) -> str:
        this = self.objective
        return checkpoints.save_checkpoint(self.folder, this.stage, self.step, this.network, this.tokenizer)

    def save(self) -> None:
        state = checkpoints.TrainingState(self.step, self.seconds, self.notes)
        checkpoints.save_state(self.folder, self.objective.stage, state, self.objective.network, self.optimizer)
        self.saved = time.monotonic()

    def stopped(self) -> Ended:
        """Ended by somebody: what was learned so far is kept."""
        self.save()
        self.good = self.save_checkpoint()
        return self.ended("stopped", f"Stopped after {self.step} of {self.objective.steps} steps.")

    def no_number(self) -> str:
        rate = self.objective.learning_rate
        return (
            f"The loss is no longer a number after step {self.step}: with a learning rate of {rate:g} the steps are "
            "too big, and the weights have left the range of numbers. A lower learning rate helps."
        )

    def ended(self, how: Any, sentence: str) -> Ended:
        return Ended(self.objective.stage, how, sentence, self.good)
