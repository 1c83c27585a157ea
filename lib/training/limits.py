"""What a server gives to training: whether at all, how much memory and disk. Asked before a run begins."""

from pathlib import Path

from lib.models.disk import check_space
from lib.models.memory import available_bytes, headroom
from lib.models.trained import root
from lib.settings import settings
from lib.text_format import size
from lib.training.recipe import Recipe, TrainingError, estimate

LIBRARIES = 420 * 10**6  # bytes that a process takes with torch and transformers imported, before any model
CHECKPOINTS = 32  # of a run at most, with the states of three stages (three times the weights, beside the old one)


def room_for_the_process() -> bool:
    """Whether the process may be started ahead: not where models would then lack what it takes."""
    free = available_bytes()
    return settings().training and (free is None or free > LIBRARIES + headroom())


def check(recipe: Recipe, *, warm: bool = False) -> None:
    """Raises PlaygroundError where training is turned off or a run does not fit. `warm`: the process is there."""
    if not settings().training:
        raise TrainingError("Training is turned off on this server (PLAYGROUND_TRAINING=0).")
    step = estimate(recipe).memory
    needed = step + (0 if warm else LIBRARIES)
    free = available_bytes()
    if free is not None and needed > free:
        smaller = "a smaller model, batch size or context length" if step > free / 4 else "another time"
        raise TrainingError(
            f"Training needs {size(needed)} of memory and only {size(free)} is free on this machine. Unload a model "
            f"on Home, or try {smaller}."
        )
    check_space(_existing(root()), disk_bytes(recipe), "This training run")


def disk_bytes(recipe: Recipe) -> int:
    """What a run's folder takes at most: float32 weights many times over."""
    return 4 * estimate(recipe).parameters * CHECKPOINTS + 10 * 10**6


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(one for one in (folder, *folder.parents) if one.exists())
