"""Keys and values: of one prompt, and of many requests in one batch, each row at its own length.

A request's prompt is computed with a `PromptCache` of its own; then `join` copies it into a row of a `SlotCache`, and
every later step feeds one token of every row. Rows stay dense: the last row moves into the place of one that leaves.
Storage grows and shrinks with what is used, not with slots times context. Knows nothing of requests or sampling.
"""

from math import prod
from typing import Any

import torch

_STEP = 32  # storage has a multiple of so many positions: sizes that come again fit where others were freed


class PromptLayer:
    """One layer's keys and values of a prompt, (1, heads, T, head_dim) each; None before the first tokens."""

    def __init__(self) -> None:
        self.keys: torch.Tensor | None = None
        self.values: torch.Tensor | None = None


class PromptCache:
    """Keys and values of one text in all layers. (Where transformers computes, its DynamicCache is in its place.)"""

    def __init__(self, layers: int) -> None:
        self.layers = [PromptLayer() for _ in range(layers)]

    def update(self, keys: torch.Tensor, values: torch.Tensor, layer: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Add those of new tokens, (1, heads, n, head_dim); gives back those of all, (1, heads, T, head_dim)."""
        stored = self.layers[layer]
        if stored.keys is not None and stored.values is not None:
            keys, values = torch.cat((stored.keys, keys), 2), torch.cat((stored.values, values), 2)
        stored.keys, stored.values = keys, values
        return keys, values

    def get_seq_length(self) -> int:
        """Tokens that the last layer has seen."""
        keys = self.layers[-1].keys
        return 0 if keys is None else keys.shape[2]


class Plan:
    """Where the next token of every row is written; shared by all layers."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.lengths: list[int] = []  # tokens in each row
        self.rows = self.at = torch.zeros(0, dtype=torch.long, device=device)
        self.even, self.seen = True, 0  # whether all rows have one length; `view`, for the layers of this step

    @property
    def view(self) -> int:
        """Positions that attention looks at in this step: the longest row and its new token."""
        return max(self.lengths, default=0) + 1

    def prepare(self) -> None:
        """Fix rows and positions for one step."""
        self.rows = torch.arange(len(self.lengths), device=self.device)
        self.at = torch.tensor(self.lengths, dtype=torch.long, device=self.device)
        self.even, self.seen = len(set(self.lengths)) == 1, self.view


class SlotLayer:
    """One layer's keys and values, (capacity rows, heads of keys and then of values, capacity positions, head_dim).

    Unused places are zero. One tensor holds both: a step writes it once.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.store: torch.Tensor | None = None

    def resize(self, rows: int, positions: int, like: torch.Tensor | None) -> None:
        """Move what is there into storage of another size. `like`: a prompt's keys, (1, heads, T, head_dim)."""
        old = self.store
        have: Any = like if old is None else old
        heads = have.shape[1] * (2 if old is None else 1)
        new = have.new_zeros((rows, heads, positions, have.shape[3]))
        if old is not None:
            count, length = min(rows, old.shape[0]), min(positions, old.shape[2])
            new[:count, :, :length] = old[:count, :, :length]
        self.store = new

    def write(self, kv: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Write one token a row, keys and then values (n, 2 heads, head_dim); give back (n, heads, view, head_dim)."""
        plan, store = self.plan, self.store
        assert store is not None  # `SlotCache.join` made it
        if store.shape[0] != kv.shape[0]:
            store = store.narrow(0, 0, kv.shape[0])
        view = plan.seen
        if plan.even:
            store.select(2, view - 1).copy_(kv)
        else:
            store[plan.rows, :, plan.at] = kv
        keys, values = store.narrow(2, 0, view).chunk(2, 1)
        return keys, values


class SlotCache:
    """All layers, and the comings and goings of rows."""

    def __init__(self, layers: int, device: torch.device) -> None:
        self.plan = Plan(device)
        self.capacity = (0, 0)  # rows, positions
        self.expected = 0  # rows that there will be soon: storage grows for them at once
        self.longest = 1 << 30  # tokens that no row will pass
        self.slots = [SlotLayer(self.plan) for _ in range(layers)]

    def join(self, prompt: Any) -> int:
        """Copy a prompt's keys and values into a new row; gives back the row."""
        length, row = prompt.get_seq_length(), len(self.plan.lengths)
        self._fit(row + 1, max(length + 1, self.plan.view), prompt)
        for layer, stored in zip(self.slots, prompt.layers, strict=True):
            keys, values = layer.store[row].chunk(2)  # type: ignore[index]
            keys[:, :length], values[:, :length] = stored.keys[0], stored.values[0]
        self.plan.lengths.append(length)
        return row

    def copy_of(self, row: int) -> PromptCache:
        """A row as a cache of its own, which can `join` again."""
        length, copy = self.plan.lengths[row], PromptCache(len(self.slots))
        kept: list[Any] = [layer.store for layer in self.slots]
        whole = torch.stack([store[row, :, :length] for store in kept])  # one piece: many would riddle the heap
        for index, layer in enumerate(whole):
            keys, values = layer[None].chunk(2, 1)
            copy.update(keys, values, index)
        return copy

    def reorder(self, parents: list[int], start: int) -> None:
        """Row i goes on from what is row parents[i] now. All rows have one length and the same first `start` tokens."""
        count, length = len(self.plan.lengths), self.plan.lengths[0]
        if length > start and parents != list(range(count)):
            for layer in self.slots:
                stored: Any = layer.store
                stored[: len(parents), :, start:length] = stored[parents, :, start:length]
        self.plan.lengths = [length] * len(parents)

    def mask(self, dtype: torch.dtype) -> torch.Tensor | None:
        """What each row may not see, (n, 1, 1, view), after `before_step`; None if all have one length."""
        plan = self.plan
        if plan.even:
            return None
        hidden = torch.arange(plan.view, device=plan.device)[None] > plan.at[:, None]  # (n, view)
        zero = torch.zeros(hidden.shape, dtype=dtype, device=plan.device)
        return zero.masked_fill_(hidden, torch.finfo(dtype).min)[:, None, None]

    def leave(self, row: int) -> int:
        """Free a row. The last row takes its place; gives back the number that the moved row had."""
        lengths, last = self.plan.lengths, len(self.plan.lengths) - 1
        if row != last:
            for layer in self.slots:
                kept: Any = layer.store
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
        return sum(layer.store.nbytes for layer in self.slots if layer.store is not None)

    def _fit(self, rows: int, positions: int, like: Any = None) -> None:
        rows = max(rows, self.expected)
        room = min(max(2 * _STEP, positions // 4), max(self.longest - positions, 0))
        best = (1 << (rows - 1).bit_length(), -(-(positions + room) // _STEP) * _STEP)
        enough = rows <= self.capacity[0] and positions <= self.capacity[1]
        if enough and 8 * prod(best) >= prod(self.capacity):
            return
        self.capacity = best
        for index, layer in enumerate(self.slots):
            layer.resize(*self.capacity, like.layers[index].keys if like else None)

    def _release(self) -> None:
        self.capacity = (0, 0)
        for layer in self.slots:
            layer.store = None


def kv_bytes_per_token(module: Any) -> int:
    """Bytes that one token's keys and values take in all layers (an upper bound for layers that keep less)."""
    config = module.config.get_text_config()
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return int(2 * config.num_hidden_layers * heads * width * module.dtype.itemsize)
