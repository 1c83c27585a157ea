"""A library's tokenizer that holds only the entries which texts need: same ids, a tenth of the memory.

BPE joins two neighbours only if the result is in the vocabulary, and the result is a piece of the text. So entries that
occur nowhere in a text cannot change how it is cut, and tiktoken or `tokenizers` need not hold them: 41 MB for all of
o200k_base. The most frequent entries and those of short texts are kept together; a text that needs others gets a
tokenizer of its own. Knows entries and texts; how a tokenizer is made from entries is told by its user.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from lib.tokenization.entries import Entries, Ids

T = TypeVar("T")
FIRST = 8_000  # entries to start with: BPE learns the frequent ones first
SHORT = 2_000  # new entries that one text may add to those kept, and that wait before the tokenizer is made anew
MAX_ENTRIES = 32_000  # entries kept; about 230 bytes each inside the libraries


@dataclass(frozen=True)
class _Made(Generic[T]):
    has: NDArray[np.bool_]  # (entries,)
    tokenizer: T


class PartialTokenizer(Generic[T]):
    """Gives, for a text, a tokenizer that has all entries the text can need. Thread-safe; `make` may run in threads.

    >>> entries = Entries.read(b"YQ== 0\\nYg== 1\\nYWI= 2\\nYWFh 3\\n")
    >>> PartialTokenizer(entries, lambda ids: ids.tolist(), first=0).of(b"abab")
    [0, 1, 2]
    """

    def __init__(self, entries: Entries, make: Callable[[Ids], T], *, first: int | None = None) -> None:
        self._entries, self._make, self._first = entries, make, FIRST if first is None else first
        self._common: _Made[T] | None = None
        self._last: _Made[T] | None = None  # of the last text that needed more: it is often asked for again
        self._waiting = np.zeros(len(entries), bool)
        self._lock = threading.Lock()

    def of(self, data: bytes) -> T:
        """A tokenizer for a text with the bytes `data`."""
        ids = self._entries.occurring(data)
        for made in (self._common or self._start(), self._last):
            if made and made.has[ids].all():
                return made.tokenizer
        return self._more(ids)

    def _start(self) -> _Made[T]:
        with self._lock:  # a class that opens the page at once makes one
            return self._common or self._anew()

    def _more(self, ids: Ids) -> T:
        """A tokenizer for entries of which the common one lacks some; they may join it."""
        with self._lock:
            common = self._common or self._anew()
            new = ids[~common.has[ids]]
            if len(new) <= SHORT:
                self._waiting[new] = True
                if np.count_nonzero(self._waiting) >= SHORT:
                    return self._anew().tokenizer
        pruned = self._made(ids)
        if len(ids) <= MAX_ENTRIES:
            self._last = pruned
        return pruned.tokenizer

    def _anew(self) -> _Made[T]:
        """The common tokenizer with what has been waiting; without what it had before, where that would be too much."""
        has = self._waiting.copy()
        has[: self._first] = True
        if self._common and np.count_nonzero(has | self._common.has) <= MAX_ENTRIES:
            has |= self._common.has
        self._waiting[:] = False
        self._common = made = self._made(np.flatnonzero(has))
        return made

    def _made(self, ids: Ids) -> _Made[T]:
        has = np.zeros(len(self._entries), bool)
        has[ids] = True
        return _Made(has, self._make(ids))
