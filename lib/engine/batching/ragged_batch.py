"""What one forward pass is made of: a row of every request that generates, and pieces of new prompts, side by side.

Every matrix product sees all these tokens at once, so the weights are read once for all of them; only attention is
done part by part, each with keys and values of its own. Knows nothing of sampling or threads.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import torch
import torch.nn.functional as F  # noqa: N812

from lib.engine.batching.kv_cache import SlotCache
from lib.engine.batching.prefill import Prompt


class Part(Protocol):
    """Some tokens of a pass. `wanted`: how many of its last tokens need logits."""

    ids: list[int]
    at: torch.Tensor  # (T,) position of every token
    wanted: int

    def attend(self, layer: int, q: torch.Tensor, kv: torch.Tensor, scale: float) -> torch.Tensor:
        """q (T, heads, D), keys and then values (T, 2 kv_heads, D), for that layer's cache -> (T, heads * D)."""
        ...

    def whole(self, module: Any) -> torch.Tensor:
        """The same through transformers' own forward pass: logits (wanted or 1, V)."""
        ...


class Rows:
    """The newest token of every row of a cache. `cache.after_step` is the caller's, once the pass is done."""

    def __init__(self, cache: SlotCache, newest: list[int], dtype: torch.dtype) -> None:
        cache.before_step()
        self.cache, self.mask, self.slots = cache, cache.mask(dtype), cache.slots
        self.ids, self.at, self.wanted = newest, cache.plan.at, len(newest)

    def attend(self, layer: int, q: torch.Tensor, kv: torch.Tensor, scale: float) -> torch.Tensor:
        n, heads, width = q.shape
        keys, values = self.slots[layer].write(kv)  # (n, kv_heads, view, D)
        grouped = q.view(n, keys.shape[1], -1, width)  # heads that share keys attend as one block
        out = F.scaled_dot_product_attention(grouped, keys, values, attn_mask=self.mask, scale=scale)
        return out.view(n, heads * width)

    def whole(self, module: Any) -> torch.Tensor:
        from lib.engine.transformers_caches import rows_cache

        extra: dict[str, Any] = {} if self.mask is None else {"attention_mask": self.mask}
        ids = torch.tensor(self.ids, device=module.device)[:, None]
        return module_pass(module, ids, rows_cache(self.cache), position_ids=self.at[:, None], **extra)


class PromptPiece:
    """The next `count` tokens of a prompt."""

    def __init__(self, prompt: Prompt, count: int, device: torch.device) -> None:
        start = prompt.done
        self.prompt, self.ids = prompt, prompt.ids[start : start + count]
        end = start + len(self.ids)
        self.at = torch.arange(start, end, device=device)
        self.wanted = len(self.ids) if prompt.scored else int(end == len(prompt.ids))
        # Row i sees the tokens up to its own; without a past that is the plain causal mask, which has a kernel.
        self.mask = torch.arange(end, device=device) <= self.at[:, None] if start else None  # (T, end)

    def attend(self, layer: int, q: torch.Tensor, kv: torch.Tensor, scale: float) -> torch.Tensor:
        keys, values = self.prompt.cache.update(*kv.transpose(0, 1)[None].chunk(2, 1), layer)
        out = F.scaled_dot_product_attention(
            q.transpose(0, 1)[None], keys, values, attn_mask=self.mask, is_causal=self.mask is None, scale=scale,
            enable_gqa=q.shape[1] != keys.shape[1])  # fmt: skip
        return out[0].transpose(0, 1).reshape(q.shape[0], -1)

    def whole(self, module: Any) -> torch.Tensor:
        ids, scored = torch.tensor([self.ids], device=module.device), self.prompt.scored
        logits = module_pass(module, ids, self.prompt.cache, keep=0 if scored else 1)
        return logits[0] if scored else logits


def module_pass(module: Any, ids: torch.Tensor, cache: Any, *, keep: int = 1, **extra: Any) -> torch.Tensor:
    """ids (n, q) -> logits of the last position, (n, V), or with keep=0 of all, (n, q, V); fills `cache`."""
    out = module(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=keep, **extra)
    logits: torch.Tensor = out.logits if keep == 0 else out.logits[:, -1]
    return logits


class Pass:
    """Parts laid side by side: ids and positions (T,), and attention that gives every part its own tokens."""

    def __init__(self, parts: Sequence[Part], device: torch.device) -> None:
        self.parts = parts
        self.ids = torch.tensor([token for part in parts for token in part.ids], device=device)
        self.at = torch.cat([part.at for part in parts]) if len(parts) > 1 else parts[0].at
        self.sizes = [len(part.ids) for part in parts]
        ends = [sum(self.sizes[: index + 1]) for index in range(len(parts))]
        kept = [at for part, end in zip(parts, ends, strict=True) for at in range(end - part.wanted, end)]
        everything = len(kept) == len(self.ids)
        self.kept = None if everything else torch.tensor(kept, dtype=torch.long, device=device)

    def attend(self, layer: int, q: torch.Tensor, kv: torch.Tensor, scale: float) -> torch.Tensor:
        """q (T, heads, D), keys and then values (T, 2 kv_heads, D) -> (T, heads * D)."""
        if len(self.parts) == 1:
            return self.parts[0].attend(layer, q, kv, scale)
        pieces = zip(self.parts, q.split(self.sizes), kv.split(self.sizes), strict=True)
        return torch.cat([part.attend(layer, own_q, own_kv, scale) for part, own_q, own_kv in pieces])

    def share(self, logits: torch.Tensor) -> list[torch.Tensor]:
        """Logits of the kept tokens (R, V) -> each part's own (wanted, V)."""
        return list(logits.split([part.wanted for part in self.parts]))
