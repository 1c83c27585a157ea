"""python -m lib.models list | get ID | where ID: the model shelf without a browser."""

import argparse
import sys

from lib.errors import PlaygroundError
from lib.models import EMBEDDED, fits, get, gettable, local_models, problems, require, where
from lib.text_format import number, size


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit status is 0, or 1 with a sentence on standard error."""
    parser = argparse.ArgumentParser(prog="python -m lib.models", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="models that are here, and models that can be got")
    for name, text in (("get", "get a model if it is not here"), ("where", "print the folder of a model")):
        command = commands.add_parser(name, help=text)
        command.add_argument("id", metavar="ID", help=f"for example {EMBEDDED} or gpt2")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "list":
            _list()
        elif chosen.command == "where":
            print(require(chosen.id).folder)
        else:
            print(get(chosen.id, progress=_Line().show).folder)
    except PlaygroundError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. What has arrived is kept; getting the model again goes on from there.", file=sys.stderr)
        return 130
    return 0


def _list() -> None:
    for spec in local_models():
        found = where(spec.id)
        source = found.source if found else "?"
        print(f"{spec.id:<24} here ({source}), {spec.role}, {number(spec.parameters)} parameters")
    for spec in gettable():
        needed, free = fits(spec)
        room = "" if free is None or needed <= free else ", more memory than this machine has free"
        print(f"{spec.id:<24} {size(spec.download_bytes)} to get, {spec.role}, {size(needed)} of memory{room}")
    for sentence in problems():
        print(sentence, file=sys.stderr)


class _Line:
    """Progress on one line of a terminal; elsewhere one line for each new kind of message."""

    def __init__(self) -> None:
        self.last = ""

    def show(self, message: str, fraction: float | None) -> None:
        """Print to standard error, so that standard output is the folder alone."""
        percent = "" if fraction is None else f" {fraction:4.0%}"
        if sys.stderr.isatty():
            print(f"\r\033[K{message}{percent}", end="\n" if fraction == 1.0 else "", file=sys.stderr, flush=True)
        elif (kind := message.partition(":")[0]) != self.last:
            self.last = kind
            print(message, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
