"""What is asked of a training run: the text, the size, and the knobs. Checked here, once, and estimated."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from lib.errors import PlaygroundError

Text = Literal["world", "alice", "own"]
Family = Literal["llama", "gpt2"]
MAX_TEXT = 1_000_000  # characters of a text of one's own
MIN_TEXT = 200
MAX_TOKENS = 20_000_000  # read in one run: more takes longer than a lesson


class TrainingError(PlaygroundError):
    """A run that cannot be made, or cannot go on; the message says why."""


@dataclass(frozen=True, slots=True)
class Size:
    """The shape of a model: layers, hidden size (d_model) and heads."""

    layers: int
    hidden_size: int
    heads: int


SIZES = {"0.2 M": Size(2, 76, 2), "0.9 M": Size(4, 128, 4), "1.9 M": Size(4, 192, 4), "2.8 M": Size(6, 192, 6)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A run of pre-training. `own`: the text where `text` is "own". `family`: transformers' model_type."""

    text: Text = "world"
    own: str = ""
    family: Family = "llama"
    size: str = "0.9 M"
    steps: int = 600
    batch: int = 12  # rows
    context: int = 128  # tokens in a row, and the model's context length
    learning_rate: float = 7e-3  # at its highest, after the warm-up
    weight_decay: float = 0.3
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """A run of fine-tuning or of preference tuning on top of it. `learning_rate` at its highest."""

    steps: int = 250
    learning_rate: float = 2e-3
    seed: int = 0


# What a tuning is by default. Preference tuning is short and gentle: at three times this rate, after 50 steps, the
# stories that it is to improve fall apart, while the loss and the margin still get better.
TUNINGS = {"finetune": Tuning(), "prefer": Tuning(steps=60, learning_rate=1e-4)}

_WHOLE = {  # name: what it is called, the least and the most
    "steps": ("The number of steps", 1, 20_000),
    "batch": ("The batch size", 1, 64),
    "context": ("The context length", 16, 512),
    "seed": ("The seed", 0, 2**31 - 1),
}
_REAL = {
    "learning_rate": ("The learning rate", 1e-6, 100.0),  # 10 is allowed: seeing it fail is a lesson
    "weight_decay": ("The weight decay", 0.0, 10.0),
}


def checked(asked: Mapping[str, object]) -> Recipe:
    """The recipe that a page, a link or a file asks for; what is left out has its default. Raises TrainingError.

    >>> checked({"steps": "300", "size": "0.2 M"}).steps
    300
    """
    taken = _numbers(asked, Recipe)
    for name, choices in (("text", get_args(Text)), ("family", get_args(Family)), ("size", tuple(SIZES))):
        if name in asked:
            taken[name] = _one_of(asked[name], choices, name)
    taken["own"] = _own(asked.get("own", "")) if taken.get("text") == "own" else ""
    recipe = Recipe(**taken)
    if recipe.steps * recipe.batch * recipe.context > MAX_TOKENS:
        raise TrainingError(
            f"Steps × batch size × context length are the tokens that are read: at most {MAX_TOKENS:,} in one run."
        )
    return recipe


def tuning(asked: Mapping[str, object]) -> Tuning:
    """The same for fine-tuning and preference tuning."""
    return Tuning(**_numbers(asked, Tuning))


def _numbers(asked: Mapping[str, object], kind: type) -> dict[str, Any]:
    known = {field.name for field in fields(kind)}
    if strange := [str(name)[:40] for name in asked if name not in known]:
        raise TrainingError(f"A training run has no setting called “{strange[0]}”.")
    whole = {name: _whole(asked[name], *_WHOLE[name]) for name in asked if name in _WHOLE}
    return whole | {name: _real(asked[name], *_REAL[name]) for name in asked if name in _REAL}


def _whole(value: object, name: str, least: int, most: int) -> int:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,10}", value):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise TrainingError(f"{name} is a whole number from {least:,} to {most:,}.")
    return value


def _real(value: object, name: str, least: float, most: float) -> float:
    if isinstance(value, str) and len(value) < 40:
        try:
            value = float(value)
        except ValueError:
            value = math.nan
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:  # NaN: False
        raise TrainingError(f"{name} is a number from {least:g} to {most:g}.")
    return float(value)


def _one_of(value: object, choices: tuple[str, ...], name: str) -> str:
    if not isinstance(value, str) or value not in choices:
        raise TrainingError(f"The {name} of a training run is one of {', '.join(choices)}.")
    return value


def _own(value: object) -> str:
    """A text of one's own: anything that is text. Words that spell a control token stay words (see `tokenizer`)."""
    if not isinstance(value, str):
        raise TrainingError("A text of your own is text.")
    text = value.replace("\r\n", "\n").strip()
    if not text:
        raise TrainingError("There is no text yet: paste something to learn from.")
    if len(text) < MIN_TEXT:
        raise TrainingError(
            f"This text has {len(text):,} character{'s' * (len(text) > 1)}. To learn from it, and to keep a part of it "
            f"for testing, it takes at least {MIN_TEXT:,}."
        )
    if len(text) > MAX_TEXT:
        raise TrainingError(f"This text has {len(text):,} characters; at most {MAX_TEXT:,} can be used here.")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise TrainingError(
            f"Character {error.start + 1:,} is half of a character (a lone surrogate): it is not text."
        ) from error
    return text


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run takes. `memory` in bytes: within a tenth of what was measured (peak, Linux)."""

    parameters: int  # exact for this vocabulary
    memory: int
    tokens: int  # read in the run


def inner_width(width: int) -> int:
    """Width of Llama's MLP: two thirds of 4 · width (Touvron et al. 2023, section 2.2), a multiple of 8."""
    return 8 * width // 3 // 8 * 8


VOCABULARY = {"world": 710, "alice": 768, "own": 768}  # entries; fewer for a short text of one's own


def estimate(recipe: Recipe, vocab_size: int | None = None) -> Estimate:
    """What a run takes. `vocab_size`: of the trained tokenizer, where it is known already.

    >>> estimate(Recipe()).parameters
    870272
    """
    vocab_size = vocab_size or VOCABULARY[recipe.text]
    size = SIZES[recipe.size]
    d, inner = size.hidden_size, inner_width(size.hidden_size)
    if recipe.family == "llama":
        block = 4 * d * d + 3 * d * inner + 2 * d  # q, k, v, o; gate, up, down; two RMSNorms
        parameters = vocab_size * d + size.layers * block + d
    else:
        block = 12 * d * d + 13 * d  # with biases, and two LayerNorms
        parameters = (vocab_size + recipe.context) * d + size.layers * block + 2 * d
    tokens_a_step = recipe.batch * recipe.context
    kept = size.layers * (34 * d if recipe.family == "llama" else 50 * d) + 4 * vocab_size  # floats a token, to go back
    return Estimate(parameters, 4 * (4 * parameters + kept * tokens_a_step), recipe.steps * tokens_a_step)
