"""From what the students and the engine alone have measured to the benchmark's figures and ratios."""

import sys
from collections.abc import Sequence
from typing import Any

from benchmarks.classroom.processes import megabytes
from benchmarks.classroom.room import Outcome, Room
from benchmarks.report import Report


def percentile(samples: Sequence[float], share: float) -> float:
    """The smallest sample that is not below that share of all of them.

    >>> [percentile([4, 1, 3, 2], share) for share in (0.5, 0.95, 1)]
    [2, 4, 4]
    """
    ordered = sorted(samples)
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]


def spread(report: Report, label: str, samples: Sequence[float]) -> None:
    """Median, 95 % and the longest, in seconds; one figure where there is one sample."""
    if len(samples) == 1:
        report.figures[f"{label}, s"] = samples[0]
        return
    for name, share in (("p50", 0.5), ("p95", 0.95), ("max", 1.0)):
        report.figures[f"{label}, s, {name}"] = percentile(samples, share)


def fill(report: Report, room: Room) -> None:
    """All scenarios, then the GIL, the memory of the app, which has to run still, and the errors."""
    report.figures["students"] = len(room.students)
    for outcome in room.outcomes:
        for what, samples in outcome.samples.items():
            spread(report, f"{outcome.name}: {what}", samples)
        for who, cores in outcome.cpu.items():
            report.figures[f"{outcome.name}: CPU of the {who}, cores"] = cores
        report.figures[f"{outcome.name}: errors"] = outcome.errors
    for holder, share in room.gil.items():
        report.figures[f"run: the GIL is held by {holder}, %"] = share
    if room.pid is not None:
        for name, value in megabytes(room.pid).items():
            report.figures[f"memory of all the app's processes, {name}, MB"] = value
    else:
        print("The app's process is not known (--pid): its memory and its GIL are left out.", file=sys.stderr)
    report.figures["errors in all"] = len(room.errors)


def compare(report: Report, room: Room, alone: dict[str, dict[str, Any]]) -> None:
    """Beside each scenario the same requests at the same moments, asked of the engine alone."""
    for outcome in room.outcomes:
        if outcome.name in alone:
            _beside(report, outcome, alone[outcome.name])


def _beside(report: Report, outcome: Outcome, alone: dict[str, Any]) -> None:
    name = outcome.name
    read = outcome.requests[0]["kind"] == "read"  # nothing is written
    for key, word in (("first", "first words"), ("last", "all of it")):
        if key == "last" or not read:
            spread(report, f"{name}: {alone['what']} alone, {word}", alone[key])
    ours = next(values for what, values in outcome.samples.items() if what not in ("first words", "page at rest"))
    report.ratios[f"{name}: median time, app / engine alone"] = percentile(ours, 0.5) / percentile(alone["last"], 0.5)
    if outcome.app_cpu is not None:  # other programs on the machine disturb this ratio less than those of times
        report.ratios[f"{name}: CPU time, app / engine alone"] = outcome.app_cpu / alone["cpu"]
    if not read:
        app, engine = (alone["tokens"] / wall for wall in (outcome.wall, alone["wall"]))
        report.figures[f"{name}: tokens/s in total, app"] = app
        report.figures[f"{name}: tokens/s in total, {alone['what']} alone"] = engine
        report.ratios[f"{name}: tokens/s, app / engine alone"] = app / engine
