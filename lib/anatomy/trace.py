"""A live pass: every step of a loaded model on a text, its attention maps, and the logit lens.

Takes any engine with `.module` (a transformers model) and `.lock`; changes nothing about either. Results are numpy.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from lib.anatomy.errors import AnatomyError
from lib.anatomy.steps import Raw, Walker
from lib.anatomy.story import STORY, Line

MAX_TOKENS = 48  # attention maps of more tokens cannot be read, and their number grows with the square
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
    hidden: np.ndarray  # float32 (L + 1, T, d): the stream before each block, and after the last
    attentions: np.ndarray  # float32 (L, H, T, T), rows sum to 1
    logits: np.ndarray  # float32 (V,): of the last token, by the steps
    shape: tuple[int, int, int]  # (1, T, V): of all logits
    lens: Lens
    difference: float  # largest |steps - the model's own logits| over all positions
    scale: float  # largest |logit| of the model: what the difference is small against


def trace(engine: Any, ids: Sequence[int], *, max_tokens: int = MAX_TOKENS, lens: bool = True) -> Trace:
    """Compute everything for `ids` (without `lens`, all but the lens: see `logit_lens`, the slowest part).

    A longer text keeps its last tokens and says so in `cut`.

    Raises AnatomyError on an empty text, ids outside the vocabulary, or a family that cannot be taken apart.
    """
    walker = Walker(engine.module)
    kept, cut = _fit(walker, ids, max_tokens)
    with _lock(engine), torch.inference_mode():
        tokens = torch.tensor([kept], device=walker.embed.weight.device)
        start = list(walker.embedding(tokens))
        x = start[-1].tensor
        stream, maps = [x], []
        for index in range(len(walker.layers)):
            for step in walker.block(index, x):
                x = step.tensor
                if step.key == "weights":
                    maps.append(x[0].float().cpu())
            stream.append(x)
        mine = walker.logits(x)[0].float()
        own = engine.module(tokens, use_cache=False).logits[0].float()
        hidden = torch.cat(stream)  # (L + 1, T, d)
    traced = Trace(
        ids=kept, cut=cut, family=walker.family, embedding=tuple(_step(raw) for raw in start),
        hidden=hidden.float().cpu().numpy(), attentions=torch.stack(maps).numpy(), logits=mine[-1].cpu().numpy(),
        shape=(1, *own.shape), lens=NO_LENS, difference=float((mine - own).abs().max()), scale=float(own.abs().max()))
    return replace(traced, lens=logit_lens(engine, traced)) if lens else traced


def block_steps(engine: Any, traced: Trace, block: int) -> tuple[Step, ...]:
    """The steps of one block of a traced pass, computed again from the stream that entered it."""
    walker = Walker(engine.module)
    if not 0 <= block < len(walker.layers):
        raise AnatomyError(f"This model has blocks 0 to {len(walker.layers) - 1}, not {block}.")
    weight = walker.embed.weight
    with _lock(engine), torch.inference_mode():
        x = torch.from_numpy(traced.hidden[block][None]).to(device=weight.device, dtype=weight.dtype)
        return tuple(_step(raw) for raw in walker.block(block, x))


def _fit(walker: Walker, ids: Sequence[int], most: int) -> tuple[tuple[int, ...], str]:
    if not ids:
        raise AnatomyError("There is no text to look at. Type a few words.")
    vocabulary = walker.embed.weight.shape[0]
    if any(not 0 <= int(i) < vocabulary for i in ids):
        raise AnatomyError(f"Some of these ids are outside this model's vocabulary of {vocabulary:,} tokens.")
    context = int(getattr(walker.config, "max_position_embeddings", most))
    room = min(most, context)
    kept = tuple(int(i) for i in ids[-room:])
    if len(ids) <= room:
        return kept, ""
    why = f"the model's context holds {context:,} tokens" if context <= most else "maps of more could not be read"
    return kept, f"The text has {len(ids):,} tokens; the last {room} are computed, because {why}."


def logit_lens(engine: Any, traced: Trace) -> Lens:
    """Final norm and head on the stream after every layer of a traced pass, a few positions at a time.

    Never more than about 128 vectors of (V,) exist at once, and the lock is given back in between, so that nobody
    waits long for the model.
    """
    walker, lock = Walker(engine.module), _lock(engine)
    weight = walker.embed.weight
    hidden = torch.from_numpy(traced.hidden).to(device=weight.device, dtype=weight.dtype)  # (L + 1, T, d)
    count = max(1, 128 // len(hidden))
    tops, probs, ids, curves = [], [], [], []
    for first in range(0, hidden.shape[1], count):
        with lock, torch.inference_mode():
            chances = walker.logits(hidden[:, first:first + count]).float().softmax(-1)  # (L + 1, count, V)
            best = chances.topk(min(TOP, chances.shape[-1]), dim=-1)
        for column in range(chances.shape[1]):
            union = best.indices[:, column].unique()
            tops.append(best.indices[:, column].cpu().numpy())
            probs.append(best.values[:, column].cpu().numpy())
            ids.append(union.cpu().numpy())
            curves.append(chances[:, column, union].cpu().numpy())
    return Lens(np.stack(tops, axis=1), np.stack(probs, axis=1), tuple(ids), tuple(curves))


def _lock(engine: Any) -> AbstractContextManager[Any]:
    return getattr(engine, "lock", None) or nullcontext()


def _step(raw: Raw) -> Step:
    return Step(raw.key, STORY[raw.key], raw.code, tuple(raw.tensor.shape), raw.tensor[0].float().cpu().numpy())
