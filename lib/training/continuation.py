"""Texts that a model in training writes, many at a time, with a KV cache. Needs torch."""

from collections.abc import Callable, Sequence

import torch
from transformers.cache_utils import DynamicCache

from lib.training.network import Network

Choose = Callable[[torch.Tensor], torch.Tensor]  # logits (n, V) -> ids (n,)


def greedy(logits: torch.Tensor) -> torch.Tensor:
    """The likeliest token of every row."""
    return logits.argmax(-1)


def sampler(seed: int) -> Choose:
    """Draws from the model's distribution at T = 1."""
    generator = torch.Generator().manual_seed(seed)

    def draw(logits: torch.Tensor) -> torch.Tensor:
        return torch.multinomial(logits.softmax(-1), 1, generator=generator)[:, 0]

    return draw


@torch.no_grad()
def continued(
    network: Network,
    prompts: Sequence[Sequence[int]],
    *,
    most: int,
    ends: Sequence[int],
    pad: int = 0,
    choose: Choose = greedy,
) -> list[list[int]]:
    """What comes after each prompt: up to `most` ids, up to and with the first of `ends`. Prompts are padded on the
    left; a padded place is attended to by nobody. Of a prompt that is too long, the end is read.
    """
    room = network.config.max_position_embeddings
    prompts = [prompt[-(room - 1) :] for prompt in prompts]
    longest = max(map(len, prompts))
    most = min(most, room - longest)
    ids = torch.tensor([[pad] * (longest - len(prompt)) + list(prompt) for prompt in prompts])
    mask = torch.tensor([[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts])
    positions = (mask.cumsum(-1) - 1).clamp(min=0)
    cache = DynamicCache(config=network.config)
    written: list[torch.Tensor] = []
    over = torch.zeros(len(prompts), dtype=torch.bool)
    stops = torch.tensor(list(ends))
    for _ in range(most):
        out = network(
            ids, attention_mask=mask, position_ids=positions, past_key_values=cache, use_cache=True, logits_to_keep=1
        )
        chosen = choose(out.logits[:, -1].float())
        written.append(chosen)
        over |= torch.isin(chosen, stops)
        if bool(over.all()):
            break
        ids, positions = chosen[:, None], positions[:, -1:] + 1
        mask = torch.cat([mask, torch.ones_like(ids)], 1)
    rows = torch.stack(written, 1).tolist() if written else [[] for _ in prompts]
    return [_until(row, ends) for row in rows]


def _until(row: list[int], ends: Sequence[int]) -> list[int]:
    at = next((n for n, token in enumerate(row) if token in ends), len(row) - 1)
    return row[: at + 1]
