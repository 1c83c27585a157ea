"""Memory for weights: one behind the other in the order of their use, in huge pages.

A step reads every weight once, and in pages of 4 KB the processor has to look up an address for every few thousand
of them, in pages of 2 MB hardly ever. The narrower the weights, the more it gains: float32 gains next to nothing and
has the most to move, so it stays where it is. Linux gives huge pages to whoever asks; elsewhere, or where they are
switched off, everything works as it is.
"""

import contextlib
import mmap
from typing import Any

import torch

from lib.models.memory import trim_heap

_CHUNK = 1 << 25  # bytes of one mapping, or of the weight if that is larger
_HUGE = 1 << 21  # bytes of a huge page
_SMALL = 1 << 16  # bytes; smaller weights stay in the cache wherever they are
_LINE = 64


class HugePages:
    """Where the weights of one model are put. Their memory ends with the last tensor in it, not with this object."""

    def __init__(self, device: torch.device, dtype: torch.dtype) -> None:
        """Of a model that computes in `dtype` on `device`."""
        self.usable = device.type == "cpu" and dtype is not torch.float32 and hasattr(mmap, "MADV_HUGEPAGE")
        self._room = torch.empty(0, dtype=torch.uint8)
        self._storages: set[int] = set()  # addresses of what has been put

    def put(self, weight: torch.Tensor) -> torch.Tensor:
        """The same values, contiguous, in these pages."""
        if not self.usable:
            return weight.contiguous()
        if weight.nbytes < _SMALL:
            copied = weight.clone(memory_format=torch.contiguous_format)
        else:
            copied = self._place(weight.nbytes).view(weight.dtype).view(weight.shape).copy_(weight)
        self._storages.add(copied.untyped_storage().data_ptr())
        return copied

    def _place(self, size: int) -> torch.Tensor:
        """The next `size` bytes."""
        lines = -(-size // _LINE) * _LINE
        if lines > len(self._room):
            trim_heap()  # what the weights of the last mapping have left, or all would be held twice in the end
            self._room = _mapping(max(lines, _CHUNK))
        place, self._room = self._room.split((lines, len(self._room) - lines))
        return place[:size]

    def settle(self, module: Any) -> None:
        """Put what is elsewhere here too: one tensor left in a mapped file would keep all of the file in memory."""
        if self.usable:
            for weight in module.parameters():
                if weight.untyped_storage().data_ptr() not in self._storages:
                    weight.data = self.put(weight.data)


def _mapping(size: int) -> torch.Tensor:
    """Zeros, uint8 (at least `size`,), from the first byte of a huge page on."""
    private = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    memory = mmap.mmap(-1, -(-size // _HUGE) * _HUGE + _HUGE, flags=private)
    with contextlib.suppress(OSError):  # a kernel without huge pages
        memory.madvise(mmap.MADV_HUGEPAGE)
    whole = torch.frombuffer(memory, dtype=torch.uint8)  # keeps the mapping alive
    return whole[-whole.data_ptr() % _HUGE :]
