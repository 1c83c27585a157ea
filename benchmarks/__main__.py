"""python -m benchmarks NAME [--json]: run one benchmark and print its table."""

import argparse
import importlib
import pkgutil

import benchmarks
from benchmarks.report import Report


def main() -> None:
    """Find `benchmarks.NAME.run() -> Report`, run it, print it."""
    shared = {"__main__", "chromium", "llama_cpp", "report", "workload"}
    names = sorted({module.name for module in pkgutil.iter_modules(benchmarks.__path__)} - shared)
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=names)
    parser.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    args = parser.parse_args()
    report: Report = importlib.import_module(f"benchmarks.{args.name}").run()
    report.show(json_line=args.json)


if __name__ == "__main__":
    main()
