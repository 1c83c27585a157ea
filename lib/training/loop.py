"""The loop that all stages share: step, look, save; as an iterator of events. Needs torch."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import torch

from lib.errors import PlaygroundError
from lib.training import network as networks
from lib.training import optimizer as optimizers
from lib.training import saved
from lib.training.events import Began, Ended, Event, HeldOut, Point, Snapshot, Stage
from lib.training.network import Network
from lib.training.tokenizer import TrainedTokenizer

SAVE_EVERY = 8.0  # seconds: what a crash costs at most
TEST_EVERY = 25  # steps
FIRST_LOOKS = (0, 20, 50, 100, 200)


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


class Lesson(Protocol):
    """What differs between stages."""

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

    def held_out(self) -> float:
        """The loss on what is never trained on."""
        ...

    def look(self, step: int, checkpoint: str, notes: dict[str, Any]) -> Snapshot:
        """The model as it is. `notes` are kept with the state: what the next look wants to know of this one."""
        ...


def looks(steps: int) -> list[int]:
    """After which steps the model is looked at and kept: soon at first, then about five times more, and at the end.

    >>> looks(600)
    [0, 20, 50, 100, 200, 300, 400, 500, 600]
    """
    every = max(100, math.ceil(steps / 600) * 100)
    return sorted({*(step for step in FIRST_LOOKS if step < steps), *range(every, steps, every), steps})


def run(lesson: Lesson, folder: Path, stop: Callable[[], bool]) -> Iterator[Event]:
    """Everything that a stage tells, to its end: a failure is an `Ended` with a sentence, too."""
    progress = _Progress(lesson, folder)
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

    def __init__(self, lesson: Lesson, folder: Path) -> None:
        self.lesson, self.folder = lesson, folder
        self.optimizer = optimizers.adamw(lesson.network, lesson.weight_decay)
        self.step, self.notes = 0, dict[str, Any]()
        self.good, self.last_loss = "", math.inf
        self.before = 0.0  # seconds of training before this process
        self.start = self.saved = time.monotonic()

    @property
    def seconds(self) -> float:
        return self.before + time.monotonic() - self.start

    def events(self, stop: Callable[[], bool]) -> Iterator[Event]:
        lesson = self.lesson
        self.start = time.monotonic()
        began = self.planned()
        yield began
        state = saved.resume(self.folder, lesson.stage, lesson.network, self.optimizer)
        if state is not None:
            self.step, self.before, self.notes = state.step, state.seconds, state.notes
            self.good = str(state.notes.get("good", ""))
        if self.step == 0:
            yield from self.looked(began)
        while self.step < lesson.steps:
            if stop():
                yield self.stopped()
                return
            point = self.one_step()
            if point is None:
                yield self.ended("failed", self.no_number())
                return
            yield point
            yield from self.looked(began)
            if time.monotonic() - self.saved > SAVE_EVERY:
                self.save()
        self.save()
        yield self.ended("done", "")

    def planned(self) -> Began:
        lesson = self.lesson
        return Began(
            stage=lesson.stage,
            steps=lesson.steps,
            parameters=networks.count(lesson.network),
            vocab_size=lesson.tokenizer.vocab_size,
            **asdict(lesson.baselines()),
        )

    def one_step(self) -> Point | None:
        """None if the loss or its gradient is no number."""
        lesson, step = self.lesson, self.step
        rate = optimizers.learning_rate(step, steps=lesson.steps, highest=lesson.learning_rate)
        loss, margin = lesson.loss(step)
        norm = optimizers.update(lesson.network, self.optimizer, loss, rate)
        self.last_loss = float(loss.detach())
        if not (math.isfinite(self.last_loss) and math.isfinite(norm)):
            return None
        self.step = step + 1
        tokens = self.step * lesson.tokens
        return Point(lesson.stage, self.step, self.last_loss, rate, norm, tokens, round(self.seconds, 3), margin)

    def looked(self, began: Began) -> Iterator[Event]:
        """Tests and looks that are due after this step."""
        lesson, step = self.lesson, self.step
        if step % TEST_EVERY == 0 or step == lesson.steps:
            loss = lesson.held_out()
            if math.isfinite(loss):
                yield HeldOut(lesson.stage, step, loss)
        if step in looks(lesson.steps):
            yield self.look(began)

    def look(self, began: Began) -> Snapshot:
        """Keep the model as a checkpoint and look at it. It counts as good unless it knows less than nothing."""
        lesson = self.lesson
        name = saved.checkpoint(self.folder, lesson.stage, self.step, lesson.network, lesson.tokenizer)
        if self.step == 0 or self.last_loss < 1.5 * began.uniform:
            self.good = self.notes["good"] = name
        return lesson.look(self.step, name, self.notes)

    def save(self) -> None:
        state = saved.State(self.step, self.seconds, self.notes)
        saved.keep(self.folder, self.lesson.stage, state, self.lesson.network, self.optimizer)
        self.saved = time.monotonic()

    def stopped(self) -> Ended:
        """Ended by somebody: what was learned so far is kept."""
        self.save()
        lesson = self.lesson
        self.good = saved.checkpoint(self.folder, lesson.stage, self.step, lesson.network, lesson.tokenizer)
        return self.ended("stopped", f"Stopped after {self.step} of {lesson.steps} steps.")

    def no_number(self) -> str:
        rate = self.lesson.learning_rate
        return (
            f"The loss is no longer a number after step {self.step}: with a learning rate of {rate:g} the steps are "
            "too big, and the weights have left the range of numbers. A lower learning rate helps."
        )

    def ended(self, how: Any, sentence: str) -> Ended:
        return Ended(self.lesson.stage, how, sentence, self.good)
