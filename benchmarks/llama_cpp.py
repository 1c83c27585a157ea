"""One round of llama.cpp's server, in a process of its own: its threads slow down whoever shares a process with it.

`python -m benchmarks.llama_cpp FILE.gguf 1,4` prints the figures of one stream and of four at once as JSON.
"""

import importlib.util
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.workload import TOKENS, prompt, total_label


def installed() -> bool:
    """Whether the wheel is here."""
    return importlib.util.find_spec("xllamacpp") is not None


def measure(gguf: Path, counts: tuple[int, ...]) -> dict[str, float]:
    """The figures of one round, from a fresh process."""
    command = [sys.executable, "-m", "benchmarks.llama_cpp", str(gguf), ",".join(map(str, counts))]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    figures: dict[str, float] = json.loads(out.splitlines()[-1])
    return figures


def _server(gguf: str, most: int) -> Any:
    from xllamacpp import CommonParams, Server  # type: ignore[import-not-found]

    params = CommonParams()
    params.model.path, params.n_parallel, params.n_ctx = gguf, most, 128 * most
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = os.cpu_count() or 1
    params.cache_prompt, params.verbosity, params.port = False, -1, 0
    return Server(params)


def _seconds(server: Any, tokens: int, count: int) -> float:
    start = time.perf_counter()
    with ThreadPoolExecutor(count) as pool:
        for _ in pool.map(
            lambda index: server.handle_completions(
                {
                    "prompt": prompt(index),
                    "max_tokens": tokens,
                    "temperature": 0,
                    "ignore_eos": True,
                    "cache_prompt": False,
                }
            ),
            range(count),
        ):
            pass
    return time.perf_counter() - start


def main(gguf: str, counts: list[int]) -> None:
    """Print the figures; the first run warms up."""
    server = _server(gguf, max(counts))
    _seconds(server, TOKENS, 1)
    figures = {"time to first token, ms": 1000 * _seconds(server, 1, 1)}
    for count in counts:
        figures[total_label(count)] = count * TOKENS / _seconds(server, TOKENS, count)
    print(json.dumps(figures))


if __name__ == "__main__":
    main(sys.argv[1], [int(part) for part in sys.argv[2].split(",")])
