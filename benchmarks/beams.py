"""Beam search for one student and for a class: the embedded model, four beams, searches that share their passes.

One search against `transformers.generate(num_beams=4)` in float32 on the same weights, then 4 and 16 at once, and how
long a greedy text of the same length takes beside them. Interleaved in one process; medians of `ROUNDS` rounds after
one that warms up. Prompts of 32 tokens, 24 new ones, no stop tokens.
"""

import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from benchmarks.report import Report
from benchmarks.workload import prompt, transformers_seconds

ROUNDS, BEAMS, TOKENS = 3, 4, 24
LOADS = (1, 4, 16)


def run() -> Report:
    """Seconds for each load, in float32 and int8, and what a class gets for the time of one."""
    from lib import engine, models

    folder = models.get(models.EMBEDDED, progress=lambda *_: None).folder
    engines = {dtype: engine.load(folder, dtype=dtype) for dtype in ("float32", "int8")}
    theirs = partial(transformers_seconds(folder, "float32", num_beams=BEAMS), TOKENS)
    samples: dict[str, list[float]] = defaultdict(list)
    for index in range(ROUNDS + 1):
        figures = {"transformers float32, one search, s": _apart(theirs)}
        for dtype, loaded in engines.items():
            for count in LOADS:
                figures |= {f"ours {dtype}, {what}": value for what, value in _apart(_ours, loaded, count).items()}
        for label, value in figures.items():
            if index:
                samples[label].append(value)
    report = Report("beams")
    for label, values in samples.items():
        report.add(label, values)
    for dtype, loaded in engines.items():
        one, many = (report.figures[f"ours {dtype}, {name}, s"] for name in ("one search", "16 searches at once"))
        report.ratios[f"{dtype}, one search, as fast as generate float32"] = (
            report.figures["transformers float32, one search, s"] / one
        )
        report.ratios[f"{dtype}, 16 searches at once, in total over one"] = 16 * one / many
        loaded.close()
    return report


def _apart(work: Any, *args: Any) -> Any:
    """In a thread whose OpenMP threads end with it, after those of the last work have ended."""
    time.sleep(0.5)
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work, *args).result()


def _ours(loaded: Any, count: int) -> dict[str, float]:
    from lib.engine import Sampling

    start, never = time.perf_counter(), frozenset[int]()
    searches = [loaded.beam(prompt(i), num_beams=BEAMS, max_new_tokens=TOKENS, stop_ids=never) for i in range(count)]
    if count == 1:
        list(searches[0])
        return {"one search, s": time.perf_counter() - start}
    list(loaded.generate(prompt(99), sampling=Sampling(temperature=0), max_new_tokens=TOKENS, stop_ids=never))
    beside = time.perf_counter() - start
    for search in searches:
        list(search)
    return {
        f"{count} searches at once, s": time.perf_counter() - start,
        f"a greedy text beside {count} searches, s": beside,
    }
