"""A GGUF file's header, walked once before anything is built of it: a file from outside may promise anything.

The format is ggml's (docs/gguf.md there): magic, version, counts, then metadata (name, type, value) and tensors (name,
shape, type, place). The `gguf` package reads it into an object for every value and trusts what it finds; here only
sizes are read, so that what it is given ends inside the file and is of a size that memory holds.
"""

import mmap
from functools import lru_cache
from pathlib import Path

from lib.models.errors import ModelError
from lib.models.folder_config import file_in_folder

_VERSIONS = (2, 3)
_MAX_KEYS, _MAX_TENSORS = 4_096, 65_536
_MAX_ITEMS = 8_000_000  # of all arrays together; a vocabulary of a million has four of them
_MAX_BYTES = 400_000_000  # of all metadata
_DIMENSIONS = 4  # ggml's own
# Bytes of a value by the number of its type; 8 is a text, 9 a list.
_WIDTHS = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_TEXT, _LIST = 8, 9


def problem(path: Path) -> str | None:
    """What keeps the file from being converted, as far as its header shows it, as a sentence; None if nothing does."""
    try:
        stat = path.stat()
        return _problem(path, stat.st_size, (stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino))
    except OSError as error:
        return f"{file_in_folder(path)} cannot be read here ({(error.strerror or 'no reason').lower()})."


def check(path: Path) -> None:
    """Raises ModelError with `problem`."""
    if (trouble := problem(path)) is not None:
        raise ModelError(trouble)


@lru_cache(maxsize=64)
def _problem(path: Path, size: int, _state: tuple[int, ...]) -> str | None:
    name = file_in_folder(path)
    if not size:
        return f"{name} is no whole GGUF file (it is empty). Delete it and get it again."
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            _Walk(data, size).header()
        except _OddError as odd:
            return f"{name} cannot be read here: {odd}."
        except EOFError:
            return f"{name} is no whole GGUF file (it ends in the middle of its header). Delete it and get it again."
        except _DamageError as damage:
            return f"{name} is no whole GGUF file ({damage}). Delete it and get it again."
    return None


class _DamageError(Exception):
    """A file that cannot be what it says."""


class _OddError(Exception):
    """A file of a kind that is not read here."""


class _Walk:
    """A place in the header that moves on."""

    def __init__(self, data: mmap.mmap, size: int) -> None:
        self.data, self.size, self.at, self.items = data, size, 0, 0

    def header(self) -> None:
        if self.data[:4] != b"GGUF":
            raise _DamageError("it does not begin as one")
        self.skip(4)
        version = self.number(4)
        if version not in _VERSIONS:
            raise _OddError(f"it is of version {version} of the format, and versions 2 and 3 are known")
        tensors, keys = self.number(8), self.number(8)
        if not tensors:
            raise _OddError("it holds a vocabulary and no weights")
        if tensors > _MAX_TENSORS or keys > _MAX_KEYS:
            raise _DamageError(f"it says that it holds {tensors:,} tensors and {keys:,} settings")
        for _ in range(keys):
            self.text()
            self.value(self.number(4))
        for _ in range(tensors):
            self.tensor()

    def number(self, width: int) -> int:
        start = self.at
        self.skip(width)
        return int.from_bytes(self.data[start : self.at], "little")

    def skip(self, count: int) -> None:
        self.at += count
        if self.at > self.size:
            raise EOFError
        if self.at > _MAX_BYTES:
            raise _DamageError("its header has more bytes than any model's")

    def text(self) -> None:
        self.skip(self.number(8))

    def value(self, kind: int) -> None:
        if kind == _TEXT:
            self.text()
        elif kind == _LIST:
            self.list()
        elif kind in _WIDTHS:
            self.skip(_WIDTHS[kind])
        else:
            raise _DamageError(f"it holds a setting of the unknown type {kind}")

    def list(self) -> None:
        kind, count = self.number(4), self.number(8)
        self.items += count
        if kind == _LIST or self.items > _MAX_ITEMS:
            raise _DamageError("it holds a list that is longer than any model's, or lists of lists")
        if kind == _TEXT:
            for _ in range(count):
                self.text()
        else:
            self.skip(count * _WIDTHS.get(kind, self.size))

    def tensor(self) -> None:
        self.text()
        dimensions = self.number(4)
        if dimensions > _DIMENSIONS:
            raise _DamageError(f"it holds a tensor of {dimensions:,} dimensions")
        self.skip(8 * dimensions + 4)
        if self.number(8) > self.size:
            raise _DamageError("a tensor of it begins behind its end")
