"""One column's run: a text by a strategy, tokens chosen by hand first, or a beam search with all its steps."""

from collections.abc import Callable, Sequence
from typing import Any, cast

from lib.engine import BeamStep, Engine, Running, Step
from lib.figures import beam_tree
from lib.figures.strategies import Strategy
from lib.ui.stream.writing import Writing

ALTERNATIVES = 8


class Track(Writing):
    """A `Writing` for a strategy of the decoding page. `parent`: the text that it branched from, if that is known."""

    def __init__(self, engine: Engine, ids: Sequence[int], strategy: Strategy, *, seed: int, max_new_tokens: int,
                 alive: Callable[[], bool] = lambda: True, parent: "Track | None" = None) -> None:
        self.strategy, self.seed, self.max_new_tokens = strategy, seed, max_new_tokens
        self.prompt = tuple(ids)
        self.forced: list[Step] = []
        self._engine: Engine | None = engine
        self._parent = parent
        super().__init__(self._ask, alive=alive)

    @property
    def steps(self) -> list[Step]:
        """The text so far, tokens chosen by hand first; for beam search the best hypothesis so far."""
        if self.strategy.kind != "beam":
            return [*self.forced, *super().steps]
        searched = self.beam_steps
        return [*self.forced, *(beam_tree.path(searched, searched[-1].best.ids) if searched else ())]

    @property
    def beam_steps(self) -> list[BeamStep]:
        """A beam search's steps so far."""
        return list(self._made) if self.strategy.kind == "beam" else []

    def _work(self, ask: Callable[[], Running[Any]]) -> None:
        try:
            self._prepare(self._held)
            super()._work(ask)
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

    def _ask(self) -> Running[Any]:
        ids, strategy, length = [*self.prompt, *self.strategy.forced], self.strategy, self._room()
        if strategy.kind == "beam":
            return self._held.beam(ids, num_beams=int(strategy.num_beams), length_penalty=strategy.length_penalty,
                                   max_new_tokens=length)
        return self._held.generate(ids, sampling=strategy.sampling(), max_new_tokens=length, seed=self.seed,
                                   alternatives=ALTERNATIVES)


def _logprob(step: Step, token: int) -> float | None:
    """The model's log-probability of `token` in the place of `step`, if that is known there."""
    known = {other.id: other.logprob for other in step.alternatives} | {step.id: step.logprob}
    return known.get(token)
