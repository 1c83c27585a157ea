"""Keys and values of many requests in one batch, each row at its own length: a `transformers` Cache for decoding.

A request's prompt is computed with an ordinary DynamicCache of its own; then `join` copies it into a row here, and
every later step feeds one token of every row. Rows stay dense: the last row moves into the place of one that leaves.
Storage grows and shrinks with what is used, not with slots times context. Knows nothing of requests or sampling.
"""

from typing import Any

import torch
from transformers.cache_utils import Cache, CacheLayerMixin, DynamicCache, DynamicLayer

_STEP = 64  # positions by which storage grows at least


class Plan:
    """Where the next token of every row is written; shared by all layers."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.lengths: list[int] = []  # tokens in each row
        self.rows = self.at = torch.zeros(0, dtype=torch.long, device=device)
        self.even = True  # whether all rows have one length

    @property
    def view(self) -> int:
        """Positions that attention looks at in this step: the longest row and its new token."""
        return max(self.lengths, default=0) + 1

    def prepare(self) -> None:
        """Fix rows and positions for one step."""
        self.rows = torch.arange(len(self.lengths), device=self.device)
        self.at = torch.tensor(self.lengths, dtype=torch.long, device=self.device)
        self.even = len(set(self.lengths)) == 1


class SlotLayer(CacheLayerMixin):
    """One layer's keys and values, (capacity rows, heads, capacity positions, head_dim); unused places are zero."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan

    @property
    def storage(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Keys and values, once `resize` has made them."""
        assert self.keys is not None and self.values is not None
        return self.keys, self.values

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        """Nothing to do: `resize` makes the storage."""

    def resize(self, rows: int, positions: int, like: tuple[torch.Tensor, torch.Tensor] | None = None) -> None:
        """Move what is there into storage of another size. `like`: keys and values (1, heads, T, head_dim)."""
        self.keys = _moved(self.keys, rows, positions, like[0] if like else self.keys)
        self.values = _moved(self.values, rows, positions, like[1] if like else self.values)
        self.is_initialized = True

    def update(self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any,
               **kwargs: Any) -> tuple[torch.Tensor, torch.Tensor]:
        """What transformers calls: keys and values of one new token a row, (n, heads, 1, head_dim). See `write`."""
        return self.write(key_states[:, :, 0], value_states[:, :, 0])

    def write(self, k: torch.Tensor, v: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Write one new token a row, (n, heads, head_dim); give back (n, heads, view, head_dim) views."""
        plan, (keys, values), count = self.plan, self.storage, k.shape[0]
        view = plan.view
        if keys.shape[0] != count:
            keys, values = keys.narrow(0, 0, count), values.narrow(0, 0, count)
        if plan.even:
            keys.select(2, view - 1).copy_(k)
            values.select(2, view - 1).copy_(v)
        else:
            keys[plan.rows, :, plan.at] = k
            values[plan.rows, :, plan.at] = v
        return keys.narrow(2, 0, view), values.narrow(2, 0, view)

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        return self.plan.view, 0

    def get_seq_length(self) -> int:
        return self.plan.view - 1

    def get_max_length(self) -> int:
        return -1


def _moved(old: torch.Tensor | None, rows: int, positions: int, like: torch.Tensor | None) -> torch.Tensor:
    assert like is not None
    new = like.new_zeros((rows, like.shape[1], positions, like.shape[3]))
    if old is not None:
        count, length = min(rows, old.shape[0]), min(positions, old.shape[2])
        new[:count, :, :length] = old[:count, :, :length]
    return new


class SlotCache(Cache):
    """All layers, and the comings and goings of rows."""

    def __init__(self, layers: int, device: torch.device) -> None:
        self.plan = Plan(device)
        self.capacity = (0, 0)  # rows, positions
        self.slots = [SlotLayer(self.plan) for _ in range(layers)]
        super().__init__(layers=[*self.slots])

    def join(self, prompt: DynamicCache) -> int:
        """Copy a one-row cache into a new row; gives back the row."""
        length, row = prompt.get_seq_length(), len(self.plan.lengths)
        self._fit(row + 1, max(length + 1, self.plan.view), prompt)
        for layer, (keys, values) in zip(self.slots, _pairs(prompt), strict=True):
            layer.storage[0][row, :, :length] = keys[0]
            layer.storage[1][row, :, :length] = values[0]
        self.plan.lengths.append(length)
        return row

    def leave(self, row: int) -> int:
        """Free a row. The last row takes its place; gives back the number that the moved row had."""
        lengths, last = self.plan.lengths, len(self.plan.lengths) - 1
        if row != last:
            for layer in self.slots:
                for kept in layer.storage:
                    kept[row, :, : lengths[last]] = kept[last, :, : lengths[last]]
            lengths[row] = lengths[last]
        lengths.pop()
        if not lengths:
            self._release()
        return last

    def before_step(self) -> None:
        """Make room for one more token in every row."""
        self._fit(len(self.plan.lengths), self.plan.view)
        self.plan.prepare()

    def after_step(self) -> None:
        """Every row has one more token."""
        self.plan.lengths = [length + 1 for length in self.plan.lengths]

    @property
    def nbytes(self) -> int:
        """Memory held by all layers, bytes."""
        return sum(t.numel() * t.element_size() for layer in self.slots for t in (layer.keys, layer.values)
                   if t is not None)

    def _fit(self, rows: int, positions: int, like: DynamicCache | None = None) -> None:
        have_rows, have_positions = self.capacity
        enough = rows <= have_rows and positions <= have_positions
        if enough and 8 * rows * positions >= have_rows * have_positions:
            return
        self.capacity = (1 << (rows - 1).bit_length(), positions + max(_STEP, positions // 4))
        for layer, pair in zip(self.slots, _pairs(like) if like else [None] * len(self.slots), strict=True):
            layer.resize(*self.capacity, pair)

    def _release(self) -> None:
        self.capacity = (0, 0)
        for layer in self.slots:
            layer.keys = layer.values = None


def _pairs(cache: DynamicCache) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Keys and values of every layer of a request's own cache, (1, heads, T, head_dim)."""
    return [(layer.keys, layer.values) for layer in cache.layers]  # type: ignore[union-attr, misc]


def batchable(module: Any) -> bool:
    """Whether rows of different length may share a batch: every layer attends to everything, by explicit positions.

    Rotary frequencies that depend on the longest row ("dynamic", "longrope") would let one request change another.
    """
    import inspect

    layers = DynamicCache(config=module.config).layers
    plain = bool(layers) and all(type(layer) is DynamicLayer for layer in layers)
    takes = inspect.signature(module.forward).parameters
    plain = plain and not any(getattr(part, "rope_type", "") in {"dynamic", "longrope"} for part in module.modules())
    return plain and "position_ids" in takes and "past_key_values" in takes and bool(
        getattr(module, "_supports_sdpa", False))


def kv_bytes_per_token(module: Any) -> int:
    """Bytes that one token's keys and values take in all layers (an upper bound for layers that keep less)."""
    config = module.config.get_text_config()
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return int(2 * config.num_hidden_layers * heads * width * module.dtype.itemsize)
