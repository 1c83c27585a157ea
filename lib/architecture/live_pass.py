"""A live pass: every step of a loaded model on a text, its attention maps, and the logit lens.

Takes any engine with `.module` (a transformers model) and `.lock`; changes nothing about either. Results are numpy.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from lib.architecture.block_forward import RawStep, StepwiseForward
from lib.architecture.errors import ArchitectureError
from lib.architecture.live_pass_data import NO_LENS, TOP, Lens, Step, Trace
from lib.architecture.step_descriptions import STORY

MAX_TOKENS = 48  # attention maps of more tokens cannot be read, and their number grows with the square


def trace(engine: Any, ids: Sequence[int], *, max_tokens: int = MAX_TOKENS, lens: bool = True) -> Trace:
    """Compute everything for `ids` (without `lens`, all but the lens: see `logit_lens`, the slowest part).

    A longer text keeps its last tokens and says so in `cut`.

    Raises ArchitectureError on an empty text, ids outside the vocabulary, or a family that cannot be taken apart.
    """
    forward = StepwiseForward(engine.module)
    kept, cut = fit(forward, ids, max_tokens)
    with lock_of(engine), torch.inference_mode():
        tokens = torch.tensor([kept], device=forward.embed.weight.device)
        start = list(forward.embedding(tokens))
        x = start[-1].tensor
        stream, maps = [x], []
        for index in range(len(forward.layers)):
            for step in forward.block(index, x):
                x = step.tensor
                if step.key == "weights":
                    maps.append(x[0].float().cpu())
            stream.append(x)
        ending = _step(RawStep("final_norm", forward.last_norm(x), f"model.{forward.names.final}"))
        mine = forward.logits(x)[0].float()
        reference = engine.module(tokens, use_cache=False).logits[0].float()
        hidden = torch.cat(stream)  # (L + 1, T, d)
    traced = Trace(
        ids=kept,
        cut=cut,
        family=forward.family,
        embedding=tuple(_step(raw) for raw in start),
        ending=ending,
        hidden=hidden.float().cpu().numpy(),
        attentions=torch.stack(maps).numpy(),
        logits=mine[-1].cpu().numpy(),
        shape=(1, *reference.shape),
        lens=NO_LENS,
        difference=float((mine - reference).abs().max()),
        scale=float(reference.abs().max()),
    )
    return replace(traced, lens=logit_lens(engine, traced)) if lens else traced


def without_lens(engine: Any, ids: Sequence[int]) -> Trace:
    """All but the lens."""
    return trace(engine, ids, lens=False)


def block_steps(engine: Any, traced: Trace, block: int) -> tuple[Step, ...]:
    """The steps of one block of a traced pass, computed again from the stream that entered it."""
    forward = StepwiseForward(engine.module)
    if not 0 <= block < len(forward.layers):
        raise ArchitectureError(f"This model has blocks 0 to {len(forward.layers) - 1}, not {block}.")
    weight = forward.embed.weight
    with lock_of(engine), torch.inference_mode():
        x = torch.from_numpy(traced.hidden[block][None]).to(device=weight.device, dtype=_format(forward))
        return tuple(_step(raw) for raw in forward.block(block, x))


def fit(forward: StepwiseForward, ids: Sequence[int], most: int) -> tuple[tuple[int, ...], str]:
    """The last `most` ids, or fewer if the model's context is shorter, and a sentence if that is not all.

    Raises ArchitectureError on an empty text and on ids outside the vocabulary.
    """
    if not ids:
        raise ArchitectureError("There is no text to look at. Type a few words.")
    vocabulary = forward.embed.weight.shape[0]
    if any(not 0 <= int(i) < vocabulary for i in ids):
        raise ArchitectureError(f"Some of these ids are outside this model's vocabulary of {vocabulary:,} tokens.")
    context = int(getattr(forward.config, "max_position_embeddings", most))
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
    forward, lock = StepwiseForward(engine.module), lock_of(engine)
    weight = forward.embed.weight
    hidden = torch.from_numpy(traced.hidden).to(device=weight.device, dtype=_format(forward))  # (L + 1, T, d)
    count = max(1, 128 // len(hidden))
    tops, probs, ids, curves = [], [], [], []
    for first in range(0, hidden.shape[1], count):
        with lock, torch.inference_mode():
            chances = forward.logits(hidden[:, first : first + count]).float().softmax(-1)  # (L + 1, count, V)
            best = chances.topk(min(TOP, chances.shape[-1]), dim=-1)
        for column in range(chances.shape[1]):
            union = best.indices[:, column].unique()
            tops.append(best.indices[:, column].cpu().numpy())
            probs.append(best.values[:, column].cpu().numpy())
            ids.append(union.cpu().numpy())
            curves.append(chances[:, column, union].cpu().numpy())
    return Lens(np.stack(tops, axis=1), np.stack(probs, axis=1), tuple(ids), tuple(curves))


def _format(forward: StepwiseForward) -> torch.dtype:
    """What the stream is computed in: that of the norms, as an int8 model's embedding is int8."""
    found = (weight.dtype for weight in forward.layers[0].parameters() if weight.is_floating_point())
    return next(found, torch.float32)


def lock_of(engine: Any) -> AbstractContextManager[Any]:
    """The lock under which an engine's module computes; of an object without one, nothing."""
    return getattr(engine, "lock", None) or nullcontext()


def _step(raw: RawStep) -> Step:
    return Step(raw.key, STORY[raw.key], raw.code, tuple(raw.tensor.shape), raw.tensor[0].float().cpu().numpy())
