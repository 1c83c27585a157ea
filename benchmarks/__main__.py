"""python -m benchmarks NAME [--json]: run one benchmark and print its table. NAME --help tells of its own options."""

import argparse
import importlib
import pkgutil
import sys
from typing import Any

import benchmarks
from benchmarks.report import Report

SHARED = {"__main__", "chromium", "llama_cpp", "report", "workload"}
OTHERWISE = {"classroom": "class"}  # the names of benchmarks that no module can have


def main() -> None:
    """Find `benchmarks.NAME.run() -> Report`, run it, print it. Modules with `add_options` are given the arguments."""
    modules = {module.name for module in pkgutil.iter_modules(benchmarks.__path__)} - SHARED
    names = {OTHERWISE.get(module, module): module for module in sorted(modules)}
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=names)
    parser.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    wanted = next((word for word in sys.argv[1:] if word in names), None)
    module: Any = importlib.import_module(f"benchmarks.{names[wanted]}") if wanted else None
    optional = hasattr(module, "add_options")
    if optional:
        module.add_options(parser)
    args = parser.parse_args()
    report: Report = module.run(args) if optional else module.run()
    report.show(json_line=args.json)


if __name__ == "__main__":
    main()
