"""python -m lib.training [--into FOLDER]: train the pair that ships, from the seed. Minutes on two cores."""

import argparse
import sys
import tempfile
from pathlib import Path

from lib.errors import PlaygroundError
from lib.models.local import SHIPPED_FOLDER


def main(arguments: list[str] | None = None) -> int:
    """Train, tell how it goes on standard error, and write both folders; the exit status is 0, or 1 with a sentence."""
    parser = argparse.ArgumentParser(prog="python -m lib.training", description=__doc__)
    parser.add_argument("--into", type=Path, default=SHIPPED_FOLDER, help="where the two folders are written")
    chosen = parser.parse_args(arguments)
    from lib.training.shipped import make

    try:
        with tempfile.TemporaryDirectory() as scratch:
            make(Path(scratch), chosen.into, lambda line: print(line, file=sys.stderr, flush=True))
    except PlaygroundError as error:
        print(error, file=sys.stderr)
        return 1
    print(chosen.into)
    return 0


if __name__ == "__main__":
    sys.exit(main())
