"""A live pass without one of its parts: the next token before and after.

The weights stay as they are and no hook is set: the pass is our own walk over the model's layers
(`lib.architecture.block_forward`), so that whoever else uses the model at that moment has the whole one.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from lib.architecture.ablation_data import ONE_BLOCK, PARTS, Ablation, Effect
from lib.architecture.block_forward import StepwiseForward
from lib.architecture.errors import ArchitectureError
from lib.architecture.live_pass import MAX_TOKENS, fit, lock_of


def ablate(engine: Any, ids: Sequence[int], ablation: Ablation) -> Effect:
    """The effect of `ablation` on the token after `ids`; "before" is the model's own forward pass.

    Raises ArchitectureError on an empty text, ids outside the vocabulary, a family that cannot be taken apart, and a
    part, block or head that the model does not have.
    """
    forward = StepwiseForward(engine.module, ablation)
    _check(forward, ablation)
    kept, cut = fit(forward, ids, MAX_TOKENS)
    with lock_of(engine), torch.inference_mode():
        tokens = torch.tensor([kept], device=forward.embed.weight.device)
        before = engine.module(tokens, use_cache=False).logits[0].float()  # (T, V)
        after = _walk(forward, tokens)
        bits = (_bits(before, kept), _bits(after, kept))
    return Effect(kept, cut, before[-1].cpu().numpy(), after[-1].cpu().numpy(), bits)


def _walk(forward: StepwiseForward, tokens: Tensor) -> Tensor:
    """Logits (T, V) of the pass that `forward` takes."""
    x = tokens
    for step in forward.embedding(tokens):
        x = step.tensor
    for index in range(len(forward.layers)):
        for step in forward.block(index, x):
            x = step.tensor
    return forward.logits(x)[0].float()


def _bits(logits: Tensor, ids: Sequence[int]) -> float:
    """Mean -log2 p of ids[1:] under logits (T, V)."""
    if len(ids) < 2:
        return float("nan")
    logprobs = logits[:-1].log_softmax(-1)[torch.arange(len(ids) - 1), torch.tensor(ids[1:])]
    return float(-logprobs.mean() / torch.log(torch.tensor(2.0)))


def _check(forward: StepwiseForward, ablation: Ablation) -> None:
    if ablation.part not in PARTS:
        raise ArchitectureError(f"A part that can be taken out is one of {', '.join(PARTS)}.")
    layers, heads = len(forward.layers), int(forward.config.num_attention_heads)
    if ablation.block is not None and not 0 <= ablation.block < layers:
        raise ArchitectureError(f"This model has blocks 0 to {layers - 1}, not {ablation.block}.")
    if ablation.block is not None and ablation.part not in ONE_BLOCK:
        raise ArchitectureError(f"The {PARTS[ablation.part]} cannot be taken out of one block alone.")
    if not 0 <= ablation.head < heads:
        raise ArchitectureError(f"This model has heads 0 to {heads - 1}, not {ablation.head}.")
