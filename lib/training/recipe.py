"""What is asked of a training run: the text, the size, and the knobs. Checked here, once."""

from dataclasses import dataclass
from typing import Literal

Text = Literal["world", "alice", "own"]
MAX_TEXT = 1_000_000  # characters of a text of one's own


@dataclass(frozen=True, slots=True)
class Size:
    """The shape of a model: layers, width (d_model) and heads."""

    layers: int
    width: int
    heads: int


SIZES = {"0.2 M": Size(2, 80, 4), "0.9 M": Size(4, 128, 4), "1.9 M": Size(4, 192, 4), "2.8 M": Size(6, 192, 6)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A run of pre-training. `own`: the text where `text` is "own". `family`: transformers' model_type."""

    text: Text = "world"
    own: str = ""
    family: Literal["llama", "gpt2"] = "llama"
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
