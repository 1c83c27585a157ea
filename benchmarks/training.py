"""Training as the page does it, with the default settings: how long until what is seen, and what it costs others.

The process is warm, as it is once the page has been open for some seconds. Beside it, in the same run: a plain loop of
transformers (loss by `labels`, AdamW as torch makes it) over rows of the same shape; a chat with the embedded model,
with training going on and with the training process held (they take turns); and clicks on other pages of a served app.
Needs nothing else to run on the machine: whoever computes beside it goes first.
"""

import asyncio
import itertools
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from benchmarks.chat import QUESTION
from benchmarks.chromium import ROOT, serve
from benchmarks.classroom.figures import percentile
from benchmarks.classroom.student import Student
from benchmarks.report import Report
from lib import chat, engine, models
from lib.engine import Engine, Sampling
from lib.settings import settings
from lib.training.events import Began, Event, HeldOut, Point, Snapshot
from lib.training.jobs import JOBS
from lib.training.recipe import Recipe, Tuning
from lib.training.runs import Run
from lib.training.world import UNSEEN, right

ROUNDS, NEW_TOKENS, STEPS = 5, 24, 40
VISITED = ("Tokenizers", "Next_Token", "Decoding", "Chat", "")


def run() -> Report:
    """All of it."""
    report = Report("training")
    models.get(models.EMBEDDED, progress=lambda *_: None)
    with _home():
        try:
            _lesson(report)
            _plain_loop(report)
            _chat(report)
            _clicks(report)
        finally:
            JOBS.shut()
    return report


@contextmanager
def _home() -> Iterator[None]:
    """A PLAYGROUND_HOME for these runs alone, with the models of the real one."""
    before = settings().home
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "models").symlink_to(before / "models")
        os.environ["PLAYGROUND_HOME"] = folder
        yield
        os.environ["PLAYGROUND_HOME"] = str(before)


def _lesson(report: Report) -> None:
    """Pre-training and fine-tuning with the page's defaults, watched as a page watches."""
    JOBS.warm()
    while not JOBS.ready:
        time.sleep(0.1)
    begun = time.perf_counter()
    run = JOBS.start(Recipe(), "benchmark")
    trigram = [float("inf")]

    def better(event: Event) -> bool:
        if isinstance(event, Began):
            trigram[0] = event.trigram
        return isinstance(event, HeldOut) and event.loss < trigram[0]

    signs: dict[str, Callable[[Event], bool]] = {
        "first point of the curve": lambda event: isinstance(event, Point),
        "first sample": lambda event: isinstance(event, Snapshot),
        "held-out loss below the trigram's": better,
    }
    seen = _watch(run, signs, begun)
    report.figures |= {f"from Train to {sign}, s": seconds for sign, seconds in seen.items()}
    report.figures["from Train to the end of pre-training, s"] = time.perf_counter() - begun
    begun_tuning, before = time.perf_counter(), time.perf_counter() - begun
    JOBS.tune(run.id, "finetune", Tuning(), "benchmark")
    seen = _watch(run, {"more unseen sums right than wrong": _mostly_right}, begun_tuning)
    for sign, seconds in seen.items():
        report.figures[f"pre-training and fine-tuning, to {sign}, s"] = before + seconds
    report.figures["fine-tuning to its end, s"] = time.perf_counter() - begun_tuning
    held_out = [event.loss for event in run.events if isinstance(event, HeldOut) and event.stage == "pretrain"]
    report.figures["held-out loss at the end of pre-training, nats a token"] = held_out[-1]
    report.figures["the trigram's, nats a token"] = trigram[0]
    points = [event for event in run.events if isinstance(event, Point) and event.stage == "pretrain"]
    steps = [later.seconds - one.seconds for one, later in itertools.pairwise(points)]
    report.figures["training, a step, tokens/s"] = points[0].tokens / statistics.median(steps)


def _watch(run: Run, signs: dict[str, Callable[[Event], bool]], begun: float) -> dict[str, float]:
    """Seconds from `begun` to the first event of each sign, looking until the run is over."""
    found: dict[str, float] = {}
    read, over = 0, False
    while not over:
        time.sleep(0.02)
        over = run.state == "over"  # before the events are read: the last ones are there then
        fresh, now = run.events[read:], time.perf_counter() - begun
        read += len(fresh)
        for event in fresh:
            found |= {sign: now for sign, holds in signs.items() if sign not in found and holds(event)}
    if run.trouble:
        raise RuntimeError(run.trouble)
    for sign in signs.keys() - found.keys():
        print(f"Never came: {sign}.", file=sys.stderr)
    return found


def _mostly_right(event: Event) -> bool:
    """Whether a snapshot of the chat model has more of the unseen sums right than wrong."""
    if not isinstance(event, Snapshot) or event.stage != "finetune" or not event.sums:
        return False
    return right(event.sums, UNSEEN) > len(UNSEEN) / 2


def _plain_loop(report: Report) -> None:
    """What torch and transformers do by themselves, on as many threads and rows of the same shape."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    recipe, run = Recipe(), JOBS.runs()[0]
    config = AutoConfig.from_pretrained(run.folder / f"pretrain-{recipe.steps:05d}")
    model: Any = AutoModelForCausalLM.from_config(config)
    optimizer = torch.optim.AdamW(model.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    times = []
    for _ in range(STEPS):
        rows = torch.randint(config.vocab_size, (recipe.batch, recipe.context))
        start = time.perf_counter()
        optimizer.zero_grad()
        model(input_ids=rows, labels=rows).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        times.append(time.perf_counter() - start)
    plain = recipe.batch * recipe.context / statistics.median(times[5:])
    report.figures["a plain transformers loop, tokens/s"] = plain
    report.ratios["training / a plain transformers loop, tokens/s"] = (
        report.figures["training, a step, tokens/s"] / plain
    )


def _chat(report: Report) -> None:
    """A chat's speed while a run goes on, and while its process is held."""
    one = engine.load_for_pages(models.EMBEDDED)
    _ask(one)
    run = _endless()
    process = psutil.Process(JOBS.pid)
    alone, beside, steps = [], [], []
    for _ in range(ROUNDS):
        process.suspend()
        alone.append(_ask(one))
        process.resume()
        time.sleep(1.0)
        told, start = len(run.events), time.perf_counter()
        beside.append(_ask(one))
        steps.append((len(run.events) - told) / (time.perf_counter() - start))
    JOBS.cancel(run.id)
    one.close()
    name = f"SmolLM2-135M {one.info.dtype}, one reply"
    report.add(f"{name} alone, tokens/s", alone)
    report.add(f"{name} while a model is trained, tokens/s", beside)
    report.add("training beside the reply, steps/s", steps)
    report.ratios["a reply's tokens/s, beside training / alone"] = statistics.median(
        pair[1] / pair[0] for pair in zip(alone, beside, strict=True)
    )


def _ask(one: Engine) -> float:
    """Tokens a second after the first."""
    ids = chat.render(QUESTION, template="smollm2", tokenizer=one.tokenizer).ids
    generation = one.generate(ids, sampling=Sampling(temperature=0), max_new_tokens=NEW_TOKENS, stop_ids=frozenset())
    next(generation)
    start = time.perf_counter()
    return sum(1 for _ in generation) / (time.perf_counter() - start)


def _endless() -> Run:
    """A run that goes on until it is cancelled, once it computes."""
    while any(run.state != "over" for run in JOBS.runs()):
        time.sleep(0.1)
    run = JOBS.start(Recipe(steps=5000), "benchmark")
    while not any(isinstance(event, Point) for event in run.events):
        time.sleep(0.1)
    return run


def _clicks(report: Report) -> None:
    """Clicks of one student on the pages of an app, before and while a model is trained on its machine."""
    with serve(ROOT / "Home.py") as app:
        before, beside = asyncio.run(_visits(app.url))
    for when, samples in (("before training", before), ("while a model is trained", beside)):
        for name, share in (("p50", 0.5), ("p95", 0.95)):
            report.figures[f"a click on another page, {when}, s, {name}"] = percentile(samples, share)


async def _visits(url: str) -> tuple[list[float], list[float]]:
    student = Student(url, 1)
    await student.open()
    for page in VISITED:  # the first visit warms
        await student.visit(page)
        await student.session.quiet()

    async def visits() -> list[float]:
        times = []
        for _ in range(ROUNDS):
            for page in VISITED:
                times.append(await student.visit(page))
                await student.session.quiet()
        return times

    before = await visits()
    run = _endless()
    beside = await visits()
    JOBS.cancel(run.id)
    await student.close()
    return before, beside
