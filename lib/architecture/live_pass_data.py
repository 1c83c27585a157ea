"""What a live pass (`lib.architecture.live_pass`) gives: plain numpy, so that a page can hold it without torch."""

from dataclasses import dataclass

import numpy as np

from lib.architecture.step_descriptions import Line

TOP = 6  # tokens kept per layer and position by the lens


@dataclass(frozen=True)
class Step:
    """One intermediate: `values` is the real tensor, float32, without the batch dimension; `shape` is with it."""

    key: str
    line: Line
    code: str
    shape: tuple[int, ...]
    values: np.ndarray


@dataclass(frozen=True)
class Lens:
    """What each layer would predict. Layer 0 is the embedding, the last one is the model's own output."""

    top: np.ndarray  # int64 (layers + 1, T, TOP): likeliest ids first
    probs: np.ndarray  # float32 (layers + 1, T, TOP)
    candidates: tuple[np.ndarray, ...]  # by position: every id that is in the top of some layer (U,)
    curves: tuple[np.ndarray, ...]  # by position: their probability at every layer, float32 (layers + 1, U)


NO_LENS = Lens(np.zeros((0, 0, TOP), np.int64), np.zeros((0, 0, TOP), np.float32), (), ())


@dataclass(frozen=True)
class Trace:
    """One pass over `ids` (the part that was computed). L layers, H heads, T tokens, d width, V vocabulary."""

    ids: tuple[int, ...]
    cut: str  # a sentence if the text was longer than what was computed, else ""
    family: str
    embedding: tuple[Step, ...]
    ending: Step  # the final norm of the last block's output
    hidden: np.ndarray  # float32 (L + 1, T, d): the stream before each block, and after the last
    attentions: np.ndarray  # float32 (L, H, T, T), rows sum to 1
    logits: np.ndarray  # float32 (V,): of the last token, by the steps
    shape: tuple[int, int, int]  # (1, T, V): of all logits
    lens: Lens
    difference: float  # largest |steps - the model's own logits| over all positions
    scale: float  # largest |logit| of the model: what the difference is small against
