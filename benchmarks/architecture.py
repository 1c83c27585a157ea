"""The architecture explorer: how fast a switch of models is, and that a 7B configuration takes no memory.

Times are of one core, medians over all configurations that come with the app. The page itself is run as Streamlit runs
it (AppTest, no browser): a switch of models with everything cached, as a class sees it.
"""

import gc
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.report import Report

ROOT = Path(__file__).resolve().parents[1]
BIG = "qwen2.5-7b-instruct"


def run() -> Report:
    """Ledger, diagram, cost, figures; the module on the meta device; the page."""
    report = Report("anatomy")
    _arithmetic(report)
    _memory(report)
    _page(report)
    return report


def _milliseconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - start)


def _arithmetic(report: Report) -> None:
    from lib.architecture import known_configs, ledger
    from lib.architecture.block_diagram import diagram
    from lib.architecture.cost import cost_of
    from lib.architecture.parameter_ledger import _ledger
    from lib.figures.architecture import parameter_map

    parameter_map(ledger("gpt2"))  # plotly's first figure costs its import
    cold, shapes, price, figure = [], [], [], []
    for name in known_configs.names():
        arch = known_configs.architecture(name)
        _ledger.cache_clear()
        cold.append(_milliseconds(partial(ledger, arch)))
        shapes.append(_milliseconds(partial(diagram, arch)))
        price.append(_milliseconds(partial(cost_of, arch, dtype="int4", context=4096)))
        figure.append(_milliseconds(partial(parameter_map, ledger(arch))))
    report.add("ledger of one model, not cached, ms", cold)
    report.add("block diagram, ms", shapes)
    report.add("cost, ms", price)
    report.add("treemap figure, ms", figure)


def _memory(report: Report) -> None:
    from lib.architecture import known_configs, ledger, meta_module
    from lib.models.memory import resident_bytes

    meta_module.build(
        known_configs.architecture("gpt2")
    )  # the imports and the first module are not the 7B model's cost
    meta_module.build(known_configs.architecture("qwen2.5-0.5b"))
    gc.collect()
    before = resident_bytes() or 0
    start = time.perf_counter()
    model = meta_module.build(known_configs.architecture(BIG))
    seconds = time.perf_counter() - start
    count = sum(parameter.numel() for parameter in model.parameters())
    grown = (resident_bytes() or 0) - before
    if count != ledger(BIG).total:
        raise AssertionError(f"the module has {count} parameters, the ledger {ledger(BIG).total}")
    report.add(f"{BIG} on the meta device, ms", [1000 * seconds])
    report.add(f"{BIG}: resident memory grows by, MB", [grown / 1e6])
    report.add(f"{BIG}: weights in bfloat16 would be, MB", [2 * count / 1e6])


def _page(report: Report) -> None:
    from streamlit.testing.v1 import AppTest

    from lib.architecture import known_configs

    for part in ("Block diagram", "Parameters", "Cost"):
        page = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=120).switch_page("pages/2_Architecture.py")
        page.query_params["part"] = part
        page.run()
        names = known_configs.names()
        for name in names:  # everything cached
            page.selectbox(key="arch").set_value(name).run()
        times = [_milliseconds(page.selectbox(key="arch").set_value(name).run) for name in names]
        if page.exception:
            raise AssertionError(page.exception[0].message)
        report.add(f"page, {part.lower()}: switch to another model, cached, ms", times)
        report.add(f"page, {part.lower()}: slowest switch, ms", [max(times)])
        report.ratios[f"page, {part.lower()}: 300 ms over the median"] = 300 / statistics.median(times)
