"""How much memory a model needs, and how much this machine (or the container it runs in) has left for it.

The one place that answers "does it fit?": the engine asks before loading, the model shelf before offering.
"""

import contextlib
import ctypes
import gc
import sys
from pathlib import Path

import psutil

from lib.models.catalog import ModelSpec
from lib.models.store import spec

SMALL = 1100 * 10**6  # bytes: a machine or container with no more than this is small
BYTES_PER_WEIGHT = {"float32": 4, "bfloat16": 2, "float16": 2, "int8": 1}

CGROUPS = (  # (limit, used) in bytes; version 2 first
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)


def small_host() -> bool:
    """Whether this machine has so little memory that models are kept in few bits by default."""
    return total_bytes() <= SMALL


def headroom() -> int:
    """Bytes kept free for activations, the KV cache and the app itself: 300 MB, on a small machine a tenth of all."""
    return min(300 * 2**20, total_bytes() // 10)


def needed_bytes(model: ModelSpec, dtype: str = "bfloat16") -> int:
    """Memory to load and run a model: its weights in `dtype` (a tied head once) and the headroom."""
    return model.parameters * BYTES_PER_WEIGHT[dtype] + headroom()


def fits(model: ModelSpec | str, dtype: str = "bfloat16") -> tuple[int, int | None]:
    """(bytes needed, bytes available) for a model or its id; available is None where it cannot be known.

    bfloat16 is the least that gives the model's own numbers, so it is what "fits" means by default.
    """
    return needed_bytes(spec(model) if isinstance(model, str) else model, dtype), available_bytes()


def total_bytes() -> int:
    """Memory of the machine, or of the container if that is less."""
    return min(size for size in (_machine()[0], _cgroup()[0]) if size)


def available_bytes() -> int | None:
    """Memory that a new model may take now without swapping; None where it cannot be known."""
    sizes = [size for size in (_machine()[1], _cgroup()[1]) if size is not None]
    return min(sizes) if sizes else None


def resident_bytes(pid: int | None = None) -> int | None:
    """Resident memory of a process, or of this one; None where it cannot be known."""
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:  # it has ended, or is somebody else's
        return None


def give_memory_back() -> None:
    """Collect garbage, and hand what it freed back to the system, which glibc would keep."""
    gc.collect()
    trim_heap()


def trim_heap() -> None:
    """Ask the C library to return freed pages to the system (glibc only; elsewhere nothing happens)."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL("libc.so.6").malloc_trim(0)


def _cgroup() -> tuple[int | None, int | None]:
    """(limit, still free) of the container in bytes, which psutil does not know; (None, None) without a limit."""
    for limit_file, used_file in CGROUPS:
        try:
            limit, used = (
                int(Path(limit_file).read_text(encoding="utf-8")),
                int(Path(used_file).read_text(encoding="utf-8")),
            )
        except (OSError, ValueError):  # not there, or "max"
            continue
        if limit < 1 << 60:
            return limit, max(limit - used + _reclaimable(Path(used_file).with_name("memory.stat")), 0)
    return None, None


def _reclaimable(stat: Path) -> int:
    """File pages that the kernel gives back when asked: they count as used but are free to take."""
    try:
        fields = dict(line.split() for line in stat.read_text(encoding="utf-8").splitlines())
    except (OSError, ValueError):
        return 0
    return int(fields.get("inactive_file", 0))


def _machine() -> tuple[int, int | None]:
    memory = psutil.virtual_memory()
    # macOS compresses and purges on demand: only the total is a limit worth naming
    return memory.total, None if sys.platform == "darwin" else memory.available
