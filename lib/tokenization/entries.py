"""The entries of a big vocabulary, kept once and small: id to bytes, and which entries occur in a text.

One array of all bytes and one of where each entry starts, read from a rank file by array arithmetic: 200,000 entries
take 4 MB, where a dictionary of `bytes` takes 26. Knows nothing of `tokenizers`, tiktoken or Streamlit.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
Bytes = NDArray[np.uint8]
Marks = NDArray[np.uint32]
_BITS = 18
_PAIRS = 1 << _BITS  # stretches of three bytes are marked below (by a hash), of two bytes from here on (each its own)
_FOURS = _PAIRS + (1 << 16)  # those of four bytes, by a hash again
_ALWAYS = _FOURS + (1 << _BITS)  # a place that is always marked: entries of one byte belong to every text
_SIXTHS = np.full(256, 64, np.uint8)  # base64's letters as numbers; 64 for "="
_SIXTHS[np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", np.uint8)] = np.arange(64)


class Entries:
    """Entry n of a vocabulary at [n]. Never changed after it is made, so threads may share it.

    >>> entries = Entries.read(b"YQ== 0\\nYg== 1\\nYWI= 2\\n")
    >>> [entries[n] for n in range(len(entries))], entries.joined([2, 0]), entries.occurring(b"ba").tolist()
    ([b'a', b'b', b'ab'], b'aba', [0, 1])
    """

    def __init__(self, data: Bytes, edges: NDArray[np.uint32]) -> None:
        self._data, self._edges = data, edges  # (bytes,), (entries + 1,)
        sizes = np.diff(edges)
        first, last = edges[:-1], edges[1:] - 1
        two, three = sizes == 2, sizes >= 3
        self._head = np.full(len(sizes), _ALWAYS, np.uint32)  # where an entry's first three bytes are marked
        self._tail = self._head.copy()  # and its last three
        self._head[two] = self._tail[two] = _pair(data[first[two]], data[last[two]])
        self._head[three] = _triple(*(data[first[three] + n] for n in (0, 1, 2)))
        self._tail[three] = _triple(*(data[last[three] - n] for n in (2, 1, 0)))

    @classmethod
    def read(cls, file: bytes) -> "Entries":
        """From lines of base64, a space and the rank, in the order of the ranks from 0 on."""
        text = np.frombuffer(file, np.uint8)
        spaces = np.flatnonzero(text == ord(" "))
        lines = np.concatenate(([0], np.flatnonzero(text == ord("\n"))[: len(spaces) - 1] + 1))
        steps = np.zeros(len(text), np.int8)
        steps[lines], steps[spaces] = 1, -1
        letters = _SIXTHS[text[np.cumsum(steps, dtype=np.int8).view(bool)]].reshape(-1, 4)  # (quads, 4)
        a, b, c, d = letters.T
        triples = np.stack((a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d), axis=1)  # (quads, 3)
        real = np.stack((np.ones(len(a), bool), c != 64, d != 64), axis=1)
        padding = (text[spaces - 1] == ord("=")).astype(np.int64) + (text[spaces - 2] == ord("="))
        sizes = (spaces - lines) // 4 * 3 - padding
        return cls(triples[real], np.concatenate(([0], np.cumsum(sizes))).astype(np.uint32))

    def __len__(self) -> int:
        return len(self._edges) - 1

    def __getitem__(self, token_id: int) -> bytes:
        return self._data[self._edges[token_id] : self._edges[token_id + 1]].tobytes()

    def joined(self, ids: Sequence[int]) -> bytes:
        """The bytes of all `ids`, one after the other: what `b"".join` would give, without an object an id."""
        return self._gather(np.asarray(ids, np.int64))[0].tobytes()

    def _gather(self, ids: Ids) -> tuple[Bytes, Ids]:
        """The bytes of `ids` in a row, and where each of them begins there."""
        start = self._edges[ids].astype(np.int64)
        sizes = self._edges[ids + 1] - start
        begins = np.cumsum(sizes) - sizes
        return self._data[np.repeat(start - begins, sizes) + np.arange(sizes.sum())], begins

    def occurring(self, data: bytes) -> Ids:
        """The ids, in order, of all entries that stand somewhere in `data`, and of few that do not.

        Found without searching: an entry can only be there if all its stretches of two, three and four bytes are.
        First its ends are asked for, then, of the entries left, all of it. What occurs in an entry found is found too.
        """
        marked = _stretches(data)
        some = np.flatnonzero(marked[self._head] & marked[self._tail])
        some_bytes, begins = self._gather(some)
        ends = np.append(begins[1:], len(some_bytes))
        real = np.ones(len(some), bool)
        for width in (2, 3, 4):
            lacking = np.concatenate(([0], np.cumsum(~marked[_MARKS[width](*_windows(some_bytes, width))])))
            first = np.minimum(begins, len(lacking) - 1)  # how many stretches `data` lacks before an entry, and with it
            real &= lacking[np.clip(ends - width + 1, first, len(lacking) - 1)] == lacking[first]
        return some[real]


def _stretches(data: bytes, step: int = 1 << 16) -> NDArray[np.bool_]:
    """Marks for all stretches of two to four bytes in `data`. Step by step: little memory, however long it is."""
    marked = np.zeros(_ALWAYS + 1, bool)
    marked[_ALWAYS] = True
    for start in range(0, len(data), step):
        text = np.frombuffer(data[start : start + step + 3], np.uint8)
        for width, mark in _MARKS.items():
            marked[mark(*_windows(text, width))] = True
    return marked


def _windows(data: Bytes, width: int) -> list[Bytes]:
    """The first bytes of all stretches of `width` bytes, the second ones, and so on."""
    count = max(len(data) - width + 1, 0)
    return [data[n : n + count] for n in range(width)]


def _pair(first: Bytes, second: Bytes) -> Marks:
    return np.uint32(_PAIRS) + _wide(first, 8) + second


def _triple(first: Bytes, second: Bytes, third: Bytes) -> Marks:
    return _place(_wide(first, 16) + _wide(second, 8) + third)


def _four(first: Bytes, second: Bytes, third: Bytes, fourth: Bytes) -> Marks:
    code = _wide(first, 24) + _wide(second, 16) + _wide(third, 8) + fourth
    return np.uint32(_FOURS) + _place(code ^ (code >> np.uint32(15)))


_MARKS: dict[int, Callable[..., Marks]] = {2: _pair, 3: _triple, 4: _four}


def _place(code: Marks) -> Marks:
    """A place among 2^18 (Knuth's multiplicative hashing); two stretches in one place only let an entry too many in."""
    return (code * np.uint32(2654435761)) >> np.uint32(32 - _BITS)


def _wide(data: Bytes, bits: int) -> Marks:
    return data.astype(np.uint32) << np.uint32(bits)
