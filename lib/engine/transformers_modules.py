"""transformers' own modules and caches: for models that our short pass does not know, and to look inside of any model.

The only file of this room that computes with transformers, whose import is slow and large: import it late.
"""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from threading import get_ident
from typing import Any

import torch
from torch import nn
from torch.nn.modules.module import register_module_module_registration_hook
from transformers.cache_utils import Cache, CacheLayerMixin, DynamicCache, DynamicLayer

from lib.engine import loading, own_kernels
from lib.engine.batching.kv_cache import SlotCache, SlotLayer
from lib.engine.weight_tree import WeightModule, WeightTree


def load_module(source: loading.Source, tensors: list[loading.Stored], *, dtype: str, device: str) -> Any:
    """The transformers model of a folder in evaluation mode, without gradients. Raises ModelError."""
    config = loading.read_config(source.folder)
    check_size(source, config, tensors)
    if dtype != "int8":
        module = loading.load_module(source, config, dtype=dtype, device=device)
    else:
        module = unfilled(config, torch.bfloat16)
        loading.complete(source, own_kernels.fill_int8(module, tensors, device=device))
    with _as_described(source):
        prompt_cache(module)  # whose layers are made of the configuration too
    return module.to(device)


def around(source: loading.Source, skeleton: WeightTree) -> Any:
    """transformers' module with the layers of a skeleton: the same objects, so that nothing is held twice, whichever of
    the two moves its weights later. Raises ModelError."""
    module = unfilled(loading.read_config(source.folder), skeleton.dtype)
    for name, part in skeleton.named_modules():
        if not isinstance(part, WeightModule | WeightTree | nn.ModuleList):
            module.set_submodule(name, part)
        elif isinstance(part, WeightModule):  # RMSNorm, which computes in ways of its own
            for leaf, weight in part.named_parameters(recurse=False):
                module.get_submodule(name).register_parameter(leaf, weight)
    return module.to(skeleton.device)


def unfilled(config: Any, dtype: torch.dtype, *, buffers: bool = True) -> Any:
    """A model without memory for its weights; `buffers` that no file holds (rotary frequencies, say) are there."""
    from transformers import AutoModelForCausalLM

    with torch.device("meta"):
        module = AutoModelForCausalLM.from_config(config, dtype=dtype, attn_implementation="sdpa")
    module.eval().requires_grad_(False)
    for part in module.modules() if buffers else ():
        empty = {name: buffer for name, buffer in part.named_buffers(recurse=False) if buffer.is_meta}
        if empty:
            for name, buffer in empty.items():
                part._buffers[name] = torch.empty_like(buffer, device="cpu")
            module._init_weights(part)
    return module


def check_size(source: loading.Source, config: Any, tensors: list[loading.Stored]) -> None:
    """Build the model without memory first, and stop as soon as it is bigger than its weights: whatever a configuration
    asks for, under whatever name, costs no more than that. Raises ModelError."""
    stored = sum(tensor.count for tensor in tensors)
    most = 1_000 + 20 * len(tensors)  # modules; those of transformers have two or three for each tensor
    try:
        with _at_most(most), _as_described(source):
            module = unfilled(config, torch.bfloat16, buffers=False)
    except _TooManyError:
        raise loading.ModelError(
            f"“{source.name}” has a config.json that describes more than {most:,} parts, and its files hold "
            f"{len(tensors):,} tensors. Get the model again."
        ) from None
    described = sum(weight.numel() for weight in module.parameters())
    kept = sum(buffer.numel() for buffer in module.buffers())
    if described > 2 * stored + 1_000_000 or kept > stored + 100_000_000:
        raise loading.ModelError(
            f"“{source.name}” has a config.json that describes {max(described, kept):,} numbers, and its files hold "
            f"{stored:,}. Get the model again."
        )


@contextmanager
def _as_described(source: loading.Source) -> Iterator[None]:
    """What transformers raises on values that it cannot build with, of any kind, as a ModelError."""
    try:
        yield
    except _TooManyError:
        raise
    except Exception as error:
        reason = loading.first_line(error)
        raise loading.ModelError(f"“{source.name}” could not be built from its config.json: {reason}") from error


class _TooManyError(Exception):
    """More parts than a model of these weights has."""


@contextmanager
def _at_most(most: int) -> Iterator[None]:
    """While this thread builds: _TooManyError at the module after so many."""
    built, mine = itertools.count(1), get_ident()

    def count(*_: Any) -> None:
        if get_ident() == mine and next(built) > most:
            raise _TooManyError

    handle = register_module_module_registration_hook(count)
    try:
        yield
    finally:
        handle.remove()


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
