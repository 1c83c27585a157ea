"""The engine alone: the class's requests, at the moments at which the class made them, with no app around it.

`ask` does them in a process of its own, whose `main` reads {"model", "scenarios": {name: [request, ...]}} from stdin
and prints, as its last line, {name: {"first", "last": [seconds, ...], "what", "tokens", "cpu", "wall"}}. A request has
"at" (s after the first one), "kind" and "prompt"; what a kind means is what its page asks of the engine by default.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from benchmarks.chromium import ROOT

NEW_TOKENS, SEED, ALTERNATIVES = 48, 42, 8  # of the Decoding page
CELL_TOKENS = 60  # of the Completion vs Chat page
REPLY_TOKENS, TEMPERATURE, REPLY_ALTERNATIVES = 256, 0.7, 10  # of the Chat page


def ask(model: str, scenarios: dict[str, list[dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """Do all of it in a process of its own, one scenario after the other."""
    wanted = {"model": model, "scenarios": scenarios}
    done = subprocess.run(
        [sys.executable, "-c", f"from {__name__} import main; main()"],
        input=json.dumps(wanted),
        text=True,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        check=True,
    )
    answer: dict[str, dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return answer


def main() -> None:
    """See the module's docstring."""
    from lib import engine

    wanted = json.load(sys.stdin)
    loaded = engine.load(wanted["model"])  # "auto", as all pages do by default
    first = {"kind": "columns", "prompt": "Hello", "link": "greedy", "at": 0.0}
    _Asker(loaded, first).run()  # sets things up
    answers = {}
    for name, requests in wanted["scenarios"].items():
        print(f"{name}: the engine alone …", file=sys.stderr, flush=True)
        answers[name] = _replay(loaded, requests)
    loaded.close()
    print(json.dumps(answers))


def _replay(loaded: Any, requests: list[dict[str, Any]]) -> dict[str, Any]:
    """All requests, each in its own threads, as the app's are."""
    askers = [_Asker(loaded, request) for request in requests]
    start, used = time.perf_counter(), time.process_time()
    for asker in askers:
        asker.start = start
        asker.thread.start()
    for asker in askers:
        asker.thread.join()
    pressed = min(request["at"] for request in requests)
    return {
        "first": [asker.first - asker.pressed for asker in askers],
        "last": [asker.last - asker.pressed for asker in askers],
        "what": f"{loaded.info.name} {loaded.info.dtype}",
        "tokens": sum(asker.tokens for asker in askers),
        "cpu": time.process_time() - used,
        "wall": max(asker.last for asker in askers) - start - pressed,
    }


class _Asker:
    """One student's press: the texts that it sets going, and when they came."""

    def __init__(self, loaded: Any, request: dict[str, Any]) -> None:
        self.loaded, self.request = loaded, request
        self.tokens, self.start = 0, time.perf_counter()
        self.thread = threading.Thread(target=self.run)
        self._mutex = threading.Lock()
        self.first = self.last = float("nan")

    def run(self) -> None:
        """Wait for its moment, ask for all texts at once, wait for all of them."""
        time.sleep(max(0.0, self.start + self.request["at"] - time.perf_counter()))
        self.pressed = time.perf_counter()
        threads = [threading.Thread(target=self._read, args=(text,)) for text in TEXTS[self.request["kind"]](self)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.last = time.perf_counter()

    def _read(self, text: Callable[[], Iterable[Any]]) -> None:
        for _ in text():
            with self._mutex:
                self.tokens += 1
                self.first = time.perf_counter() if self.first != self.first else self.first

    def ids(self) -> list[int]:
        """The prompt as plain text."""
        return [token.id for token in self.loaded.tokenizer.encode(self.request["prompt"])]

    def as_message(self) -> list[int]:
        """The prompt as a user's message in the model's own template."""
        from lib import chat

        template = chat.for_model(self.loaded.info.model_id)
        messages = [{"role": "user", "content": self.request["prompt"]}]
        return chat.render(messages, template=template, tokenizer=self.loaded.tokenizer).ids


Texts = list[Callable[[], Iterable[Any]]]


def _read(asker: _Asker) -> Texts:
    """What the Next Token page asks: the logits after the text, and how the model reads the text."""
    ids, loaded = asker.ids(), asker.loaded
    return [lambda: [loaded.logits(ids), loaded.score(ids)]]


def _columns(asker: _Asker) -> Texts:
    """The Decoding page's columns."""
    from lib.decoding import links
    from lib.decoding.strategies import Strategy

    ids, loaded = asker.ids(), asker.loaded

    def column(strategy: Strategy) -> Iterable[Any]:
        if strategy.kind == "beam":
            return loaded.beam(
                ids,
                num_beams=int(strategy.num_beams),
                length_penalty=strategy.length_penalty,
                max_new_tokens=NEW_TOKENS,
            )
        return loaded.generate(
            ids, sampling=strategy.sampling(), max_new_tokens=NEW_TOKENS, seed=SEED, alternatives=ALTERNATIVES
        )

    return [lambda one=one: column(one) for one in links.decode(asker.request["link"])]  # type: ignore[misc]


def _cells(asker: _Asker) -> Texts:
    """The Completion vs Chat page's cells for one model that stands in for both, greedy."""
    from lib.engine import Sampling

    def cell(ids: list[int]) -> Iterable[Any]:
        return asker.loaded.generate(
            ids, sampling=Sampling(temperature=0), max_new_tokens=CELL_TOKENS, alternatives=ALTERNATIVES
        )

    return [lambda: cell(asker.ids()), lambda: cell(asker.as_message())]


def _reply(asker: _Asker) -> Texts:
    """The first reply of a conversation."""
    from lib.engine import Sampling

    return [
        lambda: asker.loaded.generate(
            asker.as_message(),
            sampling=Sampling(temperature=TEMPERATURE),
            max_new_tokens=REPLY_TOKENS,
            alternatives=REPLY_ALTERNATIVES,
        )
    ]


TEXTS: dict[str, Callable[[_Asker], Texts]] = {"read": _read, "columns": _columns, "cells": _cells, "reply": _reply}
