"""The stages of a run as iterators of events. Needs torch; nothing is imported twice in a process that stays.

`folder` is the run's own. A stage that has a state in there goes on from it, with the numbers that it would have had
without the interruption (on as many threads): first `Began` once more, then what comes after the last saved step.
A stage that is over says so again.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from lib.errors import PlaygroundError
from lib.models.memory import available_bytes
from lib.text_format import size
from lib.training import checkpoints, corpus, loop
from lib.training.events import Ended, Event, Stage
from lib.training.finetune import Finetuning
from lib.training.prefer import PreferenceTuning
from lib.training.pretrain import Pretraining
from lib.training.recipe import Recipe, TrainingError, Tuning, estimate

Stop = Callable[[], bool]


def warm() -> None:
    """What the first run would wait for: torch, transformers, and the tiny world as tokens (about a second)."""
    corpus.corpus_of(Recipe())


def pretrain(recipe: Recipe, folder: Path, *, stop: Stop) -> Iterator[Event]:
    """Train a fresh model. `stop` is asked after every step."""

    def objective() -> loop.Objective:
        _check_memory(recipe)
        data = corpus.corpus_of(recipe)
        checkpoints.write_recipe(folder, recipe, data.tokenizer)
        return Pretraining(recipe, data)

    return _stage("pretrain", objective, folder, stop)


def finetune(tuning: Tuning, folder: Path, *, stop: Stop) -> Iterator[Event]:
    """Teach the run's newest base model to answer."""
    return _stage("finetune", lambda: Finetuning(tuning, folder), folder, stop)


def prefer(tuning: Tuning, folder: Path, *, stop: Stop) -> Iterator[Event]:
    """Teach the run's newest chat model to tell stories that end well."""
    return _stage("prefer", lambda: PreferenceTuning(tuning, folder), folder, stop)


def _stage(stage: Stage, objective: Callable[[], loop.Objective], folder: Path, stop: Stop) -> Iterator[Event]:
    """A stage that cannot begin ends with a sentence, as one that cannot go on does."""
    try:
        begun = objective()
    except PlaygroundError as error:
        yield Ended(stage, "failed", str(error), "")
        return
    yield from loop.run(begun, folder, stop)


def _check_memory(recipe: Recipe) -> None:
    needed, free = estimate(recipe).memory, available_bytes()
    if free is not None and needed > free:
        raise TrainingError(
            f"This run needs about {size(needed)} of memory, and {size(free)} are free. "
            "A smaller model, batch size or context length needs less."
        )
