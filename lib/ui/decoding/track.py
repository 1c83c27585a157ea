"""One column's run: a text by a strategy, tokens chosen by hand first, or a beam search with all its steps."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import cast

from lib.engine import BeamStep, Engine, Generation, Step
from lib.figures import beam_tree
from lib.figures.strategies import Strategy
from lib.ui.stream.waiting import reading
from lib.ui.stream.writing import Writing

ALTERNATIVES = 8


class _Stopped(Exception):  # noqa: N818
    """Nobody wants the text any more, and its prompt is still being read."""


class Track(Writing):
    """A `Writing` for a strategy of the decoding page. `parent`: the text that it branched from, if that is known."""

    def __init__(self, engine: Engine, ids: Sequence[int], strategy: Strategy, *, seed: int, max_new_tokens: int,
                 alive: Callable[[], bool] = lambda: True, parent: "Track | None" = None) -> None:
        self.strategy, self.seed, self.max_new_tokens = strategy, seed, max_new_tokens
        self.prompt = tuple(ids)
        self.forced: list[Step] = []
        self.beam_steps: list[BeamStep] = []
        self._reading = ""
        self._engine: Engine | None = engine
        self._parent = parent
        super().__init__(self._generate, alive=alive)

    @property
    def steps(self) -> list[Step]:
        """The text so far, tokens chosen by hand first; for beam search the best hypothesis so far."""
        searched = list(self.beam_steps)
        own = beam_tree.path(searched, searched[-1].best.ids) if searched else super().steps
        return [*self.forced, *own]

    @property
    def rate(self) -> float | None:
        """Tokens per second, without the wait in the queue; None before the first token."""
        return len(self.beam_steps) / self.computing if self.beam_steps and self.computing > 0 else super().rate

    @property
    def waiting(self) -> str:
        """What it waits for before its first token, in a sentence."""
        return self._reading if self._reading and self.running else super().waiting

    def _note(self, length: int, tokens: int) -> None:
        """How far a beam search has read its prompt. Raises _Stopped if nobody wants it any more."""
        self._reading = reading(length, tokens / length)
        if self._ended():
            raise _Stopped

    def _work(self, ask: Callable[[], Generation]) -> None:
        try:
            self._prepare(self._held)
            self._search(self._held) if self.strategy.kind == "beam" else super()._work(ask)
        except _Stopped:
            self.reason = "cancelled"
        finally:
            self._engine = self._parent = None

    @property
    def _held(self) -> Engine:
        assert self._engine is not None  # until the work ends
        return self._engine

    def _prepare(self, engine: Engine) -> None:
        """The tokens that were chosen by hand, whose probabilities count in the statistics: from the parent, which has
        them for a click on an alternative, or else from the model, which reads prompt and tokens for it."""
        forced = self.strategy.forced
        if not forced:
            return
        seen = self._seen(forced)
        logprobs = [_logprob(step, token) for step, token in zip(seen, forced, strict=False)]
        if len(seen) < len(forced) or None in logprobs:
            logprobs = engine.score([*self.prompt, *forced]).logprobs[len(self.prompt) - 1 :].tolist()
        for index, (token, logprob) in enumerate(zip(forced, logprobs, strict=True)):
            alternatives = seen[index].alternatives if index < len(seen) else ()
            self.forced.append(Step(token, cast(float, logprob), 1.0, alternatives, 0.0))

    def _seen(self, forced: Sequence[int]) -> list[Step]:
        """The parent's steps as far as this text follows it, and one further."""
        if self._parent is None or self._parent.prompt != self.prompt:
            return []
        steps = self._parent.steps
        pairs = enumerate(zip(steps, forced, strict=False))
        shared = next((index for index, (step, token) in pairs if step.id != token), len(forced))
        return steps[: shared + 1]

    def _room(self) -> int:
        return max(1, self.max_new_tokens - len(self.strategy.forced))

    def _generate(self) -> Generation:
        return self._held.generate(
            [*self.prompt, *self.strategy.forced], sampling=self.strategy.sampling(), max_new_tokens=self._room(),
            seed=self.seed, alternatives=ALTERNATIVES,
        )

    def _search(self, engine: Engine) -> None:
        before = time.perf_counter()
        ids = [*self.prompt, *self.strategy.forced]
        search = engine.beam(ids, num_beams=int(self.strategy.num_beams), max_new_tokens=self._room(),
                             length_penalty=self.strategy.length_penalty, on_read=partial(self._note, len(ids)))
        for step in search:
            now = time.perf_counter()
            self.computing += now - before
            before = now
            self.beam_steps.append(step)
            self.state = "running"
            if self._ended():
                break
        with suppress(AttributeError):
            search.close()  # type: ignore[attr-defined]
        ended = self.beam_steps and self.beam_steps[-1].best.ids[-1:] and self.beam_steps[-1].best.ids[-1]
        self.reason = "stop" if ended in engine.stop_ids else "length"


def _logprob(step: Step, token: int) -> float | None:
    """The model's log-probability of `token` in the place of `step`, if that is known there."""
    known = {other.id: other.logprob for other in step.alternatives} | {step.id: step.logprob}
    return known.get(token)
