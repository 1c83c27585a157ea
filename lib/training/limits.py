"""What a server gives to training: whether at all, how much memory and disk. Asked before a run begins."""

from pathlib import Path

from lib.errors import PlaygroundError
from lib.models.disk import check_space
from lib.models.memory import available_bytes
from lib.models.trained import root
from lib.settings import settings
from lib.text_format import size
from lib.training.recipe import SIZES, Recipe

LIBRARIES = 420 * 10**6  # bytes that a process takes with torch and transformers imported, before any model
CHECKPOINTS = 16  # of a run at most, resume state (weights and two moments, written beside the old one) included
VOCABULARY = 1024  # rows of the embedding, at most


def check(recipe: Recipe, *, warm: bool = False) -> None:
    """Raises PlaygroundError where training is turned off or a run does not fit. `warm`: the process is there."""
    if not settings().training:
        raise PlaygroundError("Training is turned off on this server (PLAYGROUND_TRAINING=0).")
    needed = memory_bytes(recipe) + (0 if warm else LIBRARIES)
    free = available_bytes()
    if free is not None and needed > free:
        smaller = "a smaller model, batch size or context length" if memory_bytes(recipe) > free / 4 else "another time"
        raise PlaygroundError(
            f"Training needs {size(needed)} of memory and only {size(free)} is free on this machine. Unload a model "
            f"on Home, or try {smaller}."
        )
    check_space(_existing(root()), disk_bytes(recipe), "This training run")


def parameters(recipe: Recipe) -> int:
    """About how many, for a bound: 12 * width² a layer, and the embedding once."""
    shape = SIZES[recipe.size]
    return 12 * shape.layers * shape.width**2 + VOCABULARY * shape.width


def memory_bytes(recipe: Recipe) -> int:
    """About what a step takes in float32: weights, gradients, AdamW's two moments, and what the backward pass keeps.

    That is about 30 vectors a layer and 4 rows of logits of each token, and attention's weights where it is not fused.
    """
    shape = SIZES[recipe.size]
    tokens = recipe.batch * recipe.context
    kept = tokens * (30 * shape.layers * shape.width + 4 * VOCABULARY)
    attention = 2 * shape.layers * shape.heads * tokens * recipe.context
    return 4 * (4 * parameters(recipe) + kept + attention)


def disk_bytes(recipe: Recipe) -> int:
    """What a run's folder takes at most: float32 weights many times over."""
    return 4 * parameters(recipe) * CHECKPOINTS + 10 * 10**6


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(one for one in (folder, *folder.parents) if one.exists())
