"""Chat with the embedded model once it is loaded: time to the first token, speed, and what rendering costs.

The short question of the chat page, its template and system prompt included, is asked several times with nothing
cached between the requests; precisions take turns. Rendering is timed on a long conversation.
"""

import time
from collections.abc import Callable

from benchmarks.report import Report
from lib import chat, engine, models
from lib.engine import Engine, Sampling

QUESTION = [{"role": "user", "content": "What is 2+2? Answer briefly."}]
ROUNDS = 7
NEW_TOKENS = 24


def run() -> Report:
    """Figures in seconds, milliseconds and tokens per second."""
    report = Report("chat")
    models.get(models.EMBEDDED, progress=lambda *_: None)
    loaded = {dtype: engine.load(models.EMBEDDED, dtype=dtype) for dtype in ("auto", "int8")}
    samples: dict[str, list[float]] = {}
    for dtype, one in loaded.items():
        _ask(one)  # the first pass sets things up
        assert dtype in {one.info.dtype, "auto"}
    for _ in range(ROUNDS):
        for one in loaded.values():
            first, speed = _ask(one)
            samples.setdefault(f"SmolLM2-135M {one.info.dtype}, short question, first token, s", []).append(first)
            samples.setdefault(f"SmolLM2-135M {one.info.dtype}, one reply alone, tokens/s", []).append(speed)
    for label, values in samples.items():
        report.add(label, values)
    _rendering(report, next(iter(loaded.values())))
    for one in loaded.values():
        one.close()
    return report


def _ask(one: Engine) -> tuple[float, float]:
    """(seconds from the question to its first token, rendering included; tokens per second after it)."""
    start = time.perf_counter()
    rendered = chat.render(QUESTION, template="smollm2", tokenizer=one.tokenizer)
    generation = one.generate(
        rendered.ids, sampling=Sampling(temperature=0), max_new_tokens=NEW_TOKENS, stop_ids=frozenset(), alternatives=10
    )
    next(generation)
    first = time.perf_counter() - start
    rest = sum(1 for _ in generation)
    return first, rest / (time.perf_counter() - start - first)


def _rendering(report: Report, one: Engine) -> None:
    """Safe rendering of 60 messages beside the naive one-string way, and fitting them into half their length."""
    long = [
        {"role": ("user", "assistant")[i % 2], "content": f"message {i}: the quick brown fox jumps. " * 6}
        for i in range(61)
    ]
    tokens = len(chat.render(long, template="smollm2", tokenizer=one.tokenizer).ids)
    text = chat.render(long, template="smollm2", tokenizer=one.tokenizer).text
    ways: dict[str, Callable[[], object]] = {
        f"render {tokens} tokens in 61 messages, ms": lambda: chat.render(
            long, template="smollm2", tokenizer=one.tokenizer
        ),
        "the same text, encoded at once (unsafe), ms": lambda: one.tokenizer.encode(text, parse_special=True),
        "fit them into half the context, ms": lambda: chat.fit(
            long, template="smollm2", tokenizer=one.tokenizer, context=tokens // 2, reserve=64
        ),
    }
    for label, way in ways.items():
        times = []
        for _ in range(5):
            start = time.perf_counter()
            way()
            times.append(1000 * (time.perf_counter() - start))
        report.add(label, times)
