"""python -m tests.e2e.look: the report by hand. See `tests/e2e/look/__init__.py`."""

import argparse
import sys
import time
from pathlib import Path

from benchmarks.chromium import ROOT, browser, serve
from tests.conftest import PATIENCE
from tests.e2e import look as package
from tests.e2e.look.readme import make
from tests.e2e.look.rules import Finding
from tests.e2e.look.states import SHEETS
from tests.e2e.look.visit import HEIGHTS, SCHEMES, Look


def listening(port: int) -> bool:
    """Whether an app answers at this port of this machine."""
    import urllib.request

    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2).read()
    except OSError:
        return False
    return True


def arguments() -> argparse.Namespace:
    names = [sheet.name for sheet in SHEETS]
    parser = argparse.ArgumentParser(
        prog="python -m tests.e2e.look",
        description=package.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--pages", nargs="+", default=names, metavar="PAGE", help=", ".join(names))
    parser.add_argument("--widths", nargs="+", type=int, default=list(HEIGHTS))
    parser.add_argument("--schemes", nargs="+", default=list(SCHEMES), choices=SCHEMES)
    parser.add_argument(
        "--states", default="", help="a regular expression: only states with such a name, beside the start"
    )
    parser.add_argument("--port", type=int, help="of an app that runs; without it one is started")
    parser.add_argument("--pictures", type=Path, help="a folder to keep the pictures in")
    parser.add_argument("--readme", type=Path, help="only make the pictures of the README, in this folder")
    return parser.parse_args()


def summary(found: list[Finding]) -> None:
    """Every fault of a page once, with the states, and the widths and schemes, in which it was seen."""
    places: dict[tuple[str, str, str], list[Finding]] = {}
    for one in found:
        places.setdefault((one.place.page, one.rule, one.selector), []).append(one)
    for (page, rule, selector), same in sorted(places.items()):
        states = ", ".join(dict.fromkeys(one.place.state for one in same))
        at = ",".join(dict.fromkeys(f"{one.place.width}{'d' * (one.place.scheme == 'dark')}" for one in same))
        print(" | ".join((page, states, at, rule, selector, same[0].text)))
    print(f"{len(places)} findings ({len(found)} with every state, width and scheme)")


def main() -> None:
    """Look, print, and end with 1 if there is something to mend."""
    from playwright.sync_api import expect

    expect.set_options(timeout=PATIENCE)
    options = arguments()
    wanted = [name.replace("_", " ").lower() for name in options.pages]
    sheets = [sheet for sheet in SHEETS if any(sheet.name.lower().startswith(name) for name in wanted)]

    def at(base: str) -> list[Finding]:
        if options.readme:
            with browser() as chromium:
                make(chromium, base, options.readme, print)
            return []
        seen = Look(
            base,
            options.widths,
            options.schemes,
            options.states,
            options.pictures,
            lambda words: print("  ", words, file=sys.stderr),
        )
        with browser() as chromium:
            for sheet in sheets:
                began = time.monotonic()
                seen.sheet(chromium, sheet)
                print(f"{sheet.name}: {time.monotonic() - began:.0f} s", file=sys.stderr)
        return seen.found

    if options.port and listening(options.port):
        found = at(f"http://127.0.0.1:{options.port}")
    else:
        with serve(ROOT / "Home.py") as server:
            found = at(server.url)
    if not options.readme:
        summary(found)
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
