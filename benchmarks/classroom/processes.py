"""The app's processes: memory and CPU time of the server and all its children, and who holds its GIL. Linux only."""

import contextlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import psutil


def tree(pid: int) -> list[psutil.Process]:
    """The process and all that it has started, as far as they are still there."""
    try:
        first = psutil.Process(pid)
        return [first, *first.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def megabytes(pid: int) -> dict[str, float]:
    """Sums over the processes, MB of 10^6 bytes: memory now (VmRSS) and each one's highest so far (VmHWM).

    The highest is the kernel's own figure, which psutil does not give on Linux."""
    sums = {"VmRSS": 0.0, "VmHWM": 0.0}
    for one in tree(pid):
        with contextlib.suppress(psutil.Error, OSError):  # it has just ended
            sums["VmRSS"] += one.memory_info().rss / 1e6
            peak = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{one.pid}/status").read_text(encoding="utf-8"))
            sums["VmHWM"] += int(peak[1]) * 1024 / 1e6 if peak else 0.0
    return sums


def cpu_seconds(pid: int | None) -> float | None:
    """CPU time that the processes have used; None where there is no telling."""
    if pid is None:
        return None
    total = 0.0
    for one in tree(pid):
        with contextlib.suppress(psutil.Error):  # it has just ended
            times = one.cpu_times()
            total += times.user + times.system
    return total


def gil_holders(pid: int, seconds: int = 5, top: int = 8) -> dict[str, float]:
    """The functions at the top of the stack that holds a GIL of these processes, in % of the time, by py-spy.

    With several processes the figures are of all their GILs together. {} and a sentence if it cannot be had.
    """
    spy = Path(sys.executable).with_name("py-spy")
    program = str(spy) if spy.exists() else shutil.which("py-spy")
    if program is None:
        print("py-spy is not installed: the holders of the GIL are left out.", file=sys.stderr)
        return {}
    rate = 100
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "stacks"
        command = [program, "record", "--gil", "--nonblocking", "--subprocesses", "--rate", str(rate), "--duration",
                   str(seconds), "--format", "raw", "--output", str(file), "--pid", str(pid)]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if not file.exists():
            print(f"py-spy gave nothing: {done.stderr.strip()[-200:]}", file=sys.stderr)
            return {}
        return shares(file.read_text(encoding="utf-8"), samples=rate * seconds, top=top)


def shares(stacks: str, *, samples: int, top: int) -> dict[str, float]:
    """Lines of 'outer (file:line);inner (file:line) count' as % by innermost function, and of any at all.

    >>> shares("main (a.py:1);loop (b.py:2) 30\\nmain (a.py:1);loop (b.py:9) 20\\n", samples=100, top=1)
    {'anyone': 50.0, 'loop (b.py)': 50.0}
    """
    held: Counter[str] = Counter()
    for line in stacks.splitlines():
        stack, _, count = line.rpartition(" ")
        held[re.sub(r":\d+\)$", ")", stack.rpartition(";")[2])] += int(count)
    shares = {"anyone": 100 * held.total() / samples}
    return shares | {name: 100 * count / samples for name, count in held.most_common(top)}
