"""The header of a safetensors file, checked as the format's own reader checks it: names, types, shapes, places.

The format: 8 bytes with the header's length, a JSON header, and the tensors' bytes without a gap
(https://huggingface.co/docs/safetensors). Weights are not read.
"""

import json
import math
from functools import lru_cache
from pathlib import Path
from typing import Any

_MOST = 100_000_000  # bytes of a header, safetensors' own limit
_DIMENSIONS = 8
# Bits of a value, by safetensors' own names of types.
_BITS = {
    "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32,
    "C64": 64, "F64": 64, "I64": 64, "U64": 64,
}  # fmt: skip

Header = dict[str, dict[str, Any]]  # tensor -> {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}


class HeaderError(ValueError):
    """A file that is not whole; the words follow "is damaged"."""


def header(path: Path) -> Header:
    """Names, types, shapes and places of all tensors; never to be changed. Raises HeaderError; OSError where it cannot
    be read.

    Kept while the file stays as it is: whoever asks what models are here asks for all headers.
    """
    stat = path.stat()
    return _header(path, stat.st_size, (stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino))


@lru_cache(maxsize=64)
def _header(path: Path, size: int, _state: tuple[int, ...]) -> Header:
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or not 2 <= length <= min(_MOST, size - 8):
            raise HeaderError("its header is not there")
        text = file.read(length)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise HeaderError("its header cannot be read") from None
    if not isinstance(found, dict):
        raise HeaderError("its header cannot be read")
    found.pop("__metadata__", None)
    places = sorted(_place(name, entry) for name, entry in found.items())
    end = 0
    for start, stop, name in places:
        if start != end:
            raise HeaderError(f"its header cannot be true (of {_short(name)})")
        end = stop
    if size != 8 + length + end:
        raise HeaderError(f"it has {size:,} bytes instead of {8 + length + end:,}")
    return found


def _place(name: str, entry: Any) -> tuple[int, int, str]:
    """(first byte, end, name) of one tensor, whose size is that of its shape and type."""
    if isinstance(entry, dict):
        bits: Any = entry.get("dtype")
        shape: Any = entry.get("shape")
        place: Any = entry.get("data_offsets")
        width = _BITS.get(bits) if isinstance(bits, str) else None
        if width and _whole(shape, _DIMENSIONS) and _whole(place, 2) and len(place) == 2:
            start, stop = place
            if 8 * (stop - start) == math.prod(shape) * width:
                return start, stop, name
    raise HeaderError(f"its header cannot be true (of {_short(name)})")


def _whole(values: Any, most: int) -> bool:
    """A list of at most so many whole numbers, none below 0 or beyond what a file holds."""
    return isinstance(values, list) and len(values) <= most and all(type(n) is int and 0 <= n < 2**63 for n in values)


def _short(name: str) -> str:
    return name.encode("utf-8", "replace").decode()[:80]
