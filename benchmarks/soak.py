"""A class that does everything at once, for minutes: 30 requests in flight, a third cancelled at random moments, a
tenth with a prompt past the context, a tenth beam searches, every answer compared with the one given alone. Fails on
any wrong answer.

`SOAK_SECONDS` (default 60) sets the length; five minutes is the full test.
"""

import os
import random
import threading
import time
from collections import Counter
from typing import Any

from benchmarks.report import Report

IN_FLIGHT, TOKENS, BEAMS = 30, 24, 3


def run() -> Report:
    """Soak the embedded model in float32 and report requests, tokens per second and memory by quarter."""
    from lib import engine, models
    from lib.models.memory import resident_bytes

    seconds = float(os.environ.get("SOAK_SECONDS", "60"))
    models.get(models.EMBEDDED, progress=lambda *_: None)
    loaded: Any = engine.load(models.EMBEDDED, dtype="float32")
    expected = {(key, searched): _answer(loaded, key, searched) for key in range(6) for searched in (False, True)}
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    end = time.monotonic() + seconds
    threads = [
        threading.Thread(
            target=_student, args=(loaded, number, end, expected), kwargs={"counts": counts, "wrong": wrong}
        )
        for number in range(IN_FLIGHT)
    ]
    for thread in threads:
        thread.start()
    memory = []
    for _ in range(4):
        time.sleep(seconds / 4)
        memory.append((resident_bytes() or 0) / 1e6)
    for thread in threads:
        thread.join(timeout=120)
    time.sleep(1)
    report = Report("soak")
    if wrong or loaded.scheduler.in_work or loaded.scheduler.waiting or any(thread.is_alive() for thread in threads):
        raise AssertionError(f"{wrong[:3]}, {loaded.scheduler.in_work} slots held, {loaded.scheduler.waiting} waiting")
    for name, count in sorted(counts.items()):
        report.add(f"requests {name}", [count])
    report.add("wrong answers", [len(wrong)])
    for quarter, megabytes in enumerate(memory, start=1):
        report.add(f"resident memory after quarter {quarter}, MB", [megabytes])
    loaded.close()
    return report


def _prompt(key: int) -> list[int]:
    return [(13 * key + 7 * i) % 20_000 + 50 for i in range(5 + 9 * key)]


def _ask(loaded: Any, prompt: list[int], searched: bool) -> Any:
    from lib.engine import Sampling

    length: dict[str, Any] = {"max_new_tokens": TOKENS, "stop_ids": frozenset()}
    if searched:
        return loaded.beam(prompt, num_beams=BEAMS, **length)
    return loaded.generate(prompt, sampling=Sampling(temperature=0), **length)


def _answer(loaded: Any, key: int, searched: bool) -> list[Any]:
    """The token of every step, or the beams of every step."""
    return [_what(step) for step in _ask(loaded, _prompt(key), searched)]


def _what(step: Any) -> Any:
    return [beam.ids for beam in step.beams] if hasattr(step, "beams") else step.id


def _student(
    loaded: Any,
    number: int,
    end: float,
    expected: dict[tuple[int, bool], list[Any]],
    *,
    counts: Counter[str],
    wrong: list[str],
) -> None:
    from lib.errors import PlaygroundError

    rng = random.Random(number)
    while time.monotonic() < end:
        dice, key, searched = rng.random(), rng.randrange(6), rng.random() < 0.1
        try:
            prompt = [1] * (loaded.info.context + 5) if dice < 0.1 else _prompt(key)
            running = _ask(loaded, prompt, searched)
        except PlaygroundError:
            counts["refused, past the context"] += 1
            time.sleep(0.1)
            continue
        cut = rng.randrange(TOKENS) if dice > 0.63 else TOKENS + 1
        ids = []
        for step in running:
            ids.append(_what(step))
            if len(ids) >= cut:
                running.close()
        counts[("cancelled" if cut < TOKENS else "finished") + (", beam searches" if searched else "")] += 1
        alone = expected[key, searched]
        if ids != alone[: len(ids)] or (cut > TOKENS and len(ids) < len(alone)):
            wrong.append(f"prompt {key}: {ids} instead of {alone}")
