"""Everything that is known to go wrong, provoked for real: what the user reads, keeps, and how it is healed."""

import argparse
import importlib
import pkgutil
import tempfile
import textwrap
import traceback
from collections.abc import Iterator
from pathlib import Path

from benchmarks.faults.frame import Fault, Fuzz, Outcome
from benchmarks.report import Report


def add_options(parser: argparse.ArgumentParser) -> None:
    """--only TEXT: those whose kind or name has this in it."""
    parser.add_argument("--only", default="", help="only faults whose kind or name has this text in it")


def run(options: argparse.Namespace) -> Report:
    """Provoke all, print a table, count."""
    report = Report("faults")
    outcomes = [(fault, _outcome(fault)) for fault in faults() if options.only in f"{fault.kind} {fault.name}"]
    for fault, outcome in outcomes:
        _print(fault, outcome)
    report.figures["faults provoked"] = len(outcomes)
    report.figures["tracebacks, losses and false sentences"] = sum(isinstance(found, str) for _, found in outcomes)
    return report


def faults() -> list[Fault]:
    """All of them, kind by kind."""
    return [fault for module in _modules() for fault in getattr(module, "FAULTS", ())]


def fuzzes() -> list[Fuzz]:
    """All generators of hostile cases."""
    return [fuzz for module in _modules() for fuzz in getattr(module, "FUZZES", ())]


def _modules() -> Iterator[object]:
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda found: found.name):
        if module.name != "frame":
            yield importlib.import_module(f"{__name__}.{module.name}")


def _outcome(fault: Fault) -> Outcome | str:
    """What became of it; the traceback where it broke."""
    with tempfile.TemporaryDirectory(prefix="fault-") as folder:
        try:
            found = fault.provoke(Path(folder))
        except Exception:  # exactly what is looked for
            return traceback.format_exc()
    return found if found.read.strip() else "nothing was said"


def _print(fault: Fault, outcome: Outcome | str) -> None:
    print(f"{fault.kind}: {fault.name}")
    if isinstance(outcome, str):
        print(textwrap.indent(f"BROKEN\n{outcome}", "    "))
        return
    for label, text in (("read", outcome.read), ("kept", outcome.kept), ("healed", outcome.healed)):
        print(textwrap.fill(f"{label:<7}{text}", 118, initial_indent="    ", subsequent_indent=" " * 11))
