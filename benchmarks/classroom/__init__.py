"""A class before the app: N students over Streamlit's own websocket, and the same work asked of the engine alone.

`python -m benchmarks class` serves the app, lets the students do what a lesson asks of them (`scenarios`), one thing
after the other, ends the app, and then repeats their requests to the model at the same moments without any app
(`alone`): the ratio of the two is what the app costs. `--mixed` is a soak instead: everyone does everything for
CLASS_SECONDS (600), and any error or any text in the wrong session fails it. The students share the machine with the
app; what they use of it is among the figures.
"""

import argparse
import asyncio
import os
import secrets
import signal
import sys
from contextlib import nullcontext

from benchmarks.chromium import ROOT, Server, serve
from benchmarks.classroom import alone, figures, mixed, scenarios
from benchmarks.classroom.room import Room
from benchmarks.classroom.student import Student
from benchmarks.report import Report


def add_options(parser: argparse.ArgumentParser) -> None:
    """What one may choose on the command line."""
    parser.add_argument("--students", type=int, default=30, help="how many there are in the class (30)")
    parser.add_argument(
        "--only",
        type=_scenarios,
        default=list(scenarios.SCENARIOS),
        metavar="NAME,…",
        help="the scenarios to run: " + ", ".join(scenarios.SCENARIOS),
    )
    parser.add_argument("--mixed", action="store_true", help="a soak of CLASS_SECONDS (600) instead of the scenarios")
    parser.add_argument("--url", help="use an app that is running already, at this address")
    parser.add_argument("--pid", type=int, help="with --url: the app's process, for its memory, CPU and GIL")


def _scenarios(names: str) -> list[str]:
    chosen = names.split(",")
    for name in chosen:
        if name not in scenarios.SCENARIOS:
            raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(scenarios.SCENARIOS)}")
    return [name for name in scenarios.SCENARIOS if name in chosen]


def run(args: argparse.Namespace) -> Report:
    """Measure, or soak. The embedded model is got first."""
    from lib import models

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # an ordinary end, in which the app is ended too
    models.get(models.EMBEDDED, progress=lambda *_: None)
    report = Report("class, mixed" if args.mixed else "class")
    given = Server(args.url, args.pid) if args.url else None
    with nullcontext(given) if given else serve(ROOT / "Home.py") as app:
        year = secrets.token_hex(4) if given else ""  # an app that has seen this class before remembers its texts
        room = Room([Student(app.url, number, year) for number in range(1, args.students + 1)], app.pid)
        if args.mixed:
            asyncio.run(mixed.soak(room, report, float(os.environ.get("CLASS_SECONDS", "600"))))
            return report
        asyncio.run(_lesson(room, args.only))
        figures.fill(report, room)
    requests = {outcome.name: outcome.requests for outcome in room.outcomes if outcome.requests}
    if requests:
        figures.compare(report, room, alone.ask(models.EMBEDDED, requests))
    return report


async def _lesson(room: Room, chosen: list[str]) -> None:
    for name, scenario in scenarios.SCENARIOS.items():
        if name == "join" or name in chosen:  # nobody can do anything before
            await scenario(room)
    await asyncio.gather(*(student.close() for student in room.students))
