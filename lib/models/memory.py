"""How much memory a model needs, and how much this machine (or the container it runs in) has left for it.

The one place that answers "does it fit?": the engine asks before loading, the model shelf before offering.
"""

import contextlib
import ctypes
import gc
import os
import subprocess
import sys
from pathlib import Path

from lib.models.catalog import ModelSpec
from lib.models.store import spec

SMALL = 1100 * 10**6  # bytes: a machine or container with no more than this is small
WIDTHS = {"float32": 4, "bfloat16": 2, "float16": 2, "int8": 1}  # bytes a weight

CGROUPS = (  # (limit, used) in bytes; version 2 first
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)


def small_host() -> bool:
    """Whether this machine has so little memory that models are kept in few bits by default."""
    total = total_bytes()
    return total is not None and total <= SMALL


def headroom() -> int:
    """Bytes kept free for activations, the KV cache and the app itself: 300 MB, on a small machine a tenth of all."""
    most = 300 * 2**20
    return min(most, (total_bytes() or 10 * most) // 10)


def needed_bytes(model: ModelSpec, dtype: str = "bfloat16") -> int:
    """Memory to load and run a model: its weights in `dtype` (a tied head once) and the headroom."""
    return model.parameters * WIDTHS[dtype] + headroom()


def fits(model: ModelSpec | str, dtype: str = "bfloat16") -> tuple[int, int | None]:
    """(bytes needed, bytes available) for a model or its id; available is None where it cannot be known.

    bfloat16 is the least that gives the model's own numbers, so it is what "fits" means by default.
    """
    return needed_bytes(spec(model) if isinstance(model, str) else model, dtype), available_bytes()


def total_bytes() -> int | None:
    """Memory of the machine, or of the container if that is less; None where it cannot be known."""
    sizes = [size for size in (_machine()[0], _cgroup()[0]) if size]
    return min(sizes) if sizes else None


def available_bytes() -> int | None:
    """Memory that a new model may take now without swapping; None where it cannot be known."""
    sizes = [size for size in (_machine()[1], _cgroup()[1]) if size is not None]
    return min(sizes) if sizes else None


def resident_bytes(pid: int | None = None) -> int | None:
    """Resident memory of a process, or of this one; None where it cannot be known."""
    try:
        return int(Path(f"/proc/{pid or 'self'}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return None


def give_memory_back() -> None:
    """Collect garbage and hand freed pages back to the system: glibc keeps them otherwise."""
    gc.collect()
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL("libc.so.6").malloc_trim(0)


def _cgroup() -> tuple[int | None, int | None]:
    for limit_file, used_file in CGROUPS:
        try:
            limit, used = int(Path(limit_file).read_text()), int(Path(used_file).read_text())
        except (OSError, ValueError):  # not there, or "max"
            continue
        if limit < 1 << 60:
            return limit, max(limit - used + _reclaimable(Path(used_file).with_name("memory.stat")), 0)
    return None, None


def _reclaimable(stat: Path) -> int:
    """File pages that the kernel gives back when asked: they count as used but are free to take."""
    try:
        fields = dict(line.split() for line in stat.read_text().splitlines())
    except (OSError, ValueError):
        return 0
    return int(fields.get("inactive_file", 0))


def _machine() -> tuple[int | None, int | None]:
    try:
        if sys.platform == "win32":
            return _windows()
        if sys.platform == "darwin":
            total = int(subprocess.run(["sysctl", "-n", "hw.memsize"], capture_output=True, check=True).stdout)
            return total, None  # macOS compresses and purges on demand: only the total is a limit worth naming
        lines = Path("/proc/meminfo").read_text().splitlines()
        fields = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines if line.endswith("kB")}
        return fields.get("MemTotal"), fields.get("MemAvailable")
    except (OSError, ValueError, subprocess.SubprocessError):
        return None, None


def _windows() -> tuple[int | None, int | None]:
    class Status(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ulong), ("load", ctypes.c_ulong)] + [
            (name, ctypes.c_ulonglong)
            for name in ("total", "free", "page", "page_free", "virtual", "virtual_free", "extended")
        ]

    status = Status(length=ctypes.sizeof(Status))
    ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))  # type: ignore[attr-defined]
    return int(status.total), int(status.free)
