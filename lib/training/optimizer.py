"""AdamW and the learning rate of every step, in plain sight. Needs torch."""

import math

import torch

from lib.training.network import Network

WARM_UP = 30  # steps
BETAS = (0.9, 0.95)  # as in GPT-3 (Brown et al. 2020, appendix B)
CLIP = 1.0  # the gradient is never longer than this


def adamw(network: Network, weight_decay: float) -> torch.optim.AdamW:
    """AdamW (Loshchilov and Hutter 2019). Matrices decay towards zero; vectors (norms, biases) do not."""
    matrices = [weight for weight in network.parameters() if weight.dim() > 1]
    vectors = [weight for weight in network.parameters() if weight.dim() <= 1]
    groups = [{"params": matrices, "weight_decay": weight_decay}, {"params": vectors, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=0.0, betas=BETAS, fused=True)


def learning_rate(step: int, *, steps: int, highest: float) -> float:
    """The learning rate of a step, from 0: it rises in a straight line for 30 steps, and falls along a cosine to a
    tenth.

    >>> round(learning_rate(0, steps=600, highest=0.03), 4), round(learning_rate(600, steps=600, highest=0.03), 4)
    (0.001, 0.003)
    """
    warmth = min(1.0, (step + 1) / WARM_UP)
    cosine = 0.5 * (1 + math.cos(math.pi * step / steps))
    return highest * warmth * (0.1 + 0.9 * cosine)


def update(network: Network, optimizer: torch.optim.AdamW, loss: torch.Tensor, rate: float) -> float:
    """One step down the gradient of `loss`; gives back the gradient's norm before clipping (NaN: nothing is changed).

    The gradients stay in `weight.grad` until the next step.
    """
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    norm = float(torch.nn.utils.clip_grad_norm_(network.parameters(), CLIP))
    if math.isfinite(norm):
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.step()
    return norm
