"""One model in the models' process, behind the `Engine` boundary: what is asked goes there, what comes is kept here."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from lib import tokenization
from lib.engine import loading
from lib.engine.interface import BeamSearch, EngineInfo, Generation, InspectableEngine, Rivals, TokenScores
from lib.engine.process.host import HOST, Link
from lib.settings import settings


def load_in_process(model: str | Path, *, dtype: str = "auto") -> "ProcessEngine":
    """Find a model here and load it there. Raises PlaygroundError."""
    source = loading.find(model)
    link = HOST.link()
    number, info, stop_ids = link.ask("load", (source, dtype, settings().slots)).result()
    return ProcessEngine(link, number, source, info, stop_ids)


class ProcessEngine(InspectableEngine):
    """A model in another process. `number`: its name there."""

    def __init__(
        self, link: Link, number: int, source: loading.Source, info: EngineInfo, stop_ids: frozenset[int]
    ) -> None:
        self.link, self.number, self.source = link, number, source
        self.info, self.stop_ids = info, stop_ids

    @property
    def alive(self) -> bool:
        return self.link.alive

    @cached_property
    def tokenizer(self) -> tokenization.Tokenizer:  # type: ignore[override]
        return tokenization.load(self.source.tokenizer)

    def logits(self, ids: Sequence[int], position: int = -1) -> np.ndarray:
        logits: np.ndarray = self.run("lib.engine.process.engine.logits_of", _plain(ids), position)
        return logits

    def score(self, ids: Sequence[int]) -> TokenScores:
        scores: TokenScores = self.run("lib.engine.process.engine.scores_of", _plain(ids))
        return scores

    def rivals(self, ids: Sequence[int], *, count: int, temperatures: Sequence[float], start: int = 0) -> Rivals:
        wanted = (count, tuple(temperatures), start)
        found: Rivals = self.run("lib.engine.process.engine.rivals_of", _plain(ids), *wanted)
        return found

    def generate(self, ids: Sequence[int], **wishes: Any) -> Generation:
        return self._stream("generate", ids, wishes)

    def beam(self, ids: Sequence[int], **wishes: Any) -> BeamSearch:
        return self._stream("beam", ids, wishes)

    def run(self, function: str, *args: Any) -> Any:
        return self.link.ask("run", (self.number, function, args)).result()

    def close(self) -> None:
        if self.alive:
            self.link.ask("close", self.number).result()

    def _stream(self, kind: str, ids: Sequence[int], wishes: dict[str, Any]) -> Any:
        plain = _plain(ids)
        return self.link.stream(kind, (self.number, plain, wishes), len(plain))


def _plain(ids: Sequence[int]) -> list[int]:
    return [int(i) for i in ids]


def logits_of(engine: InspectableEngine, ids: list[int], position: int) -> np.ndarray:
    """Asked for by name, over there."""
    return engine.logits(ids, position)


def scores_of(engine: InspectableEngine, ids: list[int]) -> TokenScores:
    """Asked for by name, over there."""
    return engine.score(ids)


def rivals_of(
    engine: InspectableEngine, ids: list[int], count: int, temperatures: tuple[float, ...], start: int
) -> Rivals:
    """Asked for by name, over there."""
    return engine.rivals(ids, count=count, temperatures=temperatures, start=start)


def in_work(engine: Any) -> int:
    """Asked for by name, over there: how many requests run or wait."""
    return int(engine.scheduler.in_work + engine.scheduler.waiting)
