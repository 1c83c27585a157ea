"""transformers' own caches: of one text, and our rows as its pass wants them; and which modules may share a batch.

Its import is slow and large: import it late.
"""

from typing import Any

import torch
from transformers.cache_utils import Cache, CacheLayerMixin, DynamicCache, DynamicLayer

from lib.engine.batching.kv_cache import SlotCache, SlotLayer


class RowsLayer(CacheLayerMixin):
    """A layer of a `SlotCache`, as transformers' own pass wants it: one new token a row."""

    def __init__(self, slot: SlotLayer) -> None:
        super().__init__()
        self.slot, self.is_initialized = slot, True

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        """Nothing to do: `SlotLayer.resize` makes the storage."""

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Keys and values of one new token a row, (n, heads, 1, head_dim). See `SlotLayer.write`."""
        return self.slot.write(torch.cat((key_states, value_states), 1)[:, :, 0])

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        return self.slot.plan.view, 0

    def get_seq_length(self) -> int:
        return self.slot.plan.view - 1

    def get_max_length(self) -> int:
        return -1


def rows_cache(cache: SlotCache) -> Cache:
    """The same rows for transformers' own pass."""
    return Cache(layers=[RowsLayer(slot) for slot in cache.slots])


def prompt_cache(module: Any) -> DynamicCache:
    """An empty cache for one text."""
    return DynamicCache(config=module.config)


def layer_count(module: Any) -> int:
    """How many layers have keys and values."""
    return len(prompt_cache(module).layers)


def batchable(module: Any) -> bool:
    """Whether rows of different length may share a batch: every layer attends to everything, by explicit positions.

    Rotary frequencies that depend on the longest row ("dynamic", "longrope") would let one request change another.
    """
    import inspect

    layers = prompt_cache(module).layers
    plain = bool(layers) and all(type(layer) is DynamicLayer for layer in layers)
    takes = inspect.signature(module.forward).parameters
    plain = plain and not any(getattr(part, "rope_type", "") in {"dynamic", "longrope"} for part in module.modules())
    return (
        plain
        and "position_ids" in takes
        and "past_key_values" in takes
        and bool(getattr(module, "_supports_sdpa", False))
    )
