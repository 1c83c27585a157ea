"""Hostile cases by the thousand, from the generators in benchmarks/faults: how many broke something, time, memory."""

import argparse
import random
import time

import psutil

from benchmarks import faults
from benchmarks.faults.frame import Fuzz
from benchmarks.report import Report


def add_options(parser: argparse.ArgumentParser) -> None:
    """--share: of the cases; --only: those with this in their name; --seed: where the generators begin."""
    parser.add_argument("--share", type=float, default=1.0, help="of the whole number of cases")
    parser.add_argument("--only", default="", help="only those whose name has this text in it")
    parser.add_argument("--seed", type=int, default=0)


def run(options: argparse.Namespace) -> Report:
    """Each generator in turn."""
    report = Report("fuzz")
    for fuzz in faults.fuzzes():
        if options.only in fuzz.name:
            _run(fuzz, max(1, round(fuzz.count * options.share)), options.seed, report)
    return report


def _run(fuzz: Fuzz, count: int, seed: int, report: Report) -> None:
    process = psutil.Process()
    before, broken, longest = process.memory_info().rss, 0, 0.0
    for number in range(count):
        case = fuzz.case(random.Random(f"{fuzz.name} {seed} {number}"))
        began = time.perf_counter()
        try:
            fuzz.check(case)
        except Exception as error:  # exactly what is looked for
            broken += 1
            print(f"{fuzz.name}, case {number}: {type(error).__name__}: {error!s:.300}\n    {case!r:.600}")
        took = time.perf_counter() - began
        longest = max(longest, took)
        if took > fuzz.seconds:
            broken += 1
            print(f"{fuzz.name}, case {number} took {took:.1f} s\n    {case!r:.600}")
    report.figures[f"{fuzz.name}: cases"] = count
    report.figures[f"{fuzz.name}: broke something or took longer than {fuzz.seconds:g} s"] = broken
    report.figures[f"{fuzz.name}: longest case, seconds"] = longest
    report.figures[f"{fuzz.name}: memory grown, MB"] = (process.memory_info().rss - before) / 1e6
