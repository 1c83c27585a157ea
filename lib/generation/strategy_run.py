"""One column's run: a text by a strategy, tokens chosen by hand first, or a beam search with all its steps."""

from collections.abc import Callable, Hashable, Sequence
from typing import Any, cast

from lib.decoding import beam_nodes
from lib.decoding.strategies import Strategy
from lib.engine import BeamStep, Engine, Running, Step, alternatives_of, inspectable
from lib.generation.background_text import BackgroundText

ALTERNATIVES = 8


class StrategyRun(BackgroundText):
    """A `BackgroundText` for a strategy. `parent`: the text that it branched from, if that is known."""

    def __init__(
        self,
        engine: Engine,
        ids: Sequence[int],
        strategy: Strategy,
        *,
        seed: int,
        max_new_tokens: int,
        alive: Callable[[], bool] = lambda: True,
        owner: Hashable = None,
        parent: "StrategyRun | None" = None,
    ) -> None:
        self.strategy, self.seed, self.max_new_tokens = strategy, seed, max_new_tokens
        self.prompt = tuple(ids)
        seen = self._seen(parent)
        logprobs = [_logprob(step, token) for step, token in zip(seen, strategy.forced, strict=False)]
        unknown = len(seen) < len(strategy.forced) or None in logprobs
        self.forced = [] if unknown else self._given(seen, cast(list[float], logprobs))

        def ask() -> Running[Any]:
            if unknown:
                scores = inspectable(engine).score([*ids, *strategy.forced]).logprobs
                self.forced = self._given(seen, scores[len(ids) - 1 :].tolist())
            return self._ask(engine, owner)

        super().__init__(ask, alive=alive, slow=unknown)

    @property
    def steps(self) -> list[Step]:
        """The text so far, tokens chosen by hand first; for beam search the best hypothesis so far."""
        if self.strategy.kind != "beam":
            return [*self.forced, *super().steps]
        searched = self.beam_steps
        return [*self.forced, *(beam_nodes.path(searched, searched[-1].best.ids) if searched else ())]

    @property
    def beam_steps(self) -> list[BeamStep]:
        """A beam search's steps so far."""
        return self._made if self.strategy.kind == "beam" else []

    def _given(self, seen: Sequence[Step], logprobs: Sequence[float]) -> list[Step]:
        """The tokens that were chosen by hand, whose probabilities count in the statistics."""
        pairs = zip(self.strategy.forced, logprobs, strict=True)
        return [
            Step(token, logprob, 1.0, seen[index].alternatives if index < len(seen) else (), 0.0)
            for index, (token, logprob) in enumerate(pairs)
        ]

    def _seen(self, parent: "StrategyRun | None") -> list[Step]:
        """The parent's steps as far as this text follows it, and one further: they know the probabilities of its
        opening after a click on an alternative. Otherwise the model reads prompt and tokens for them."""
        forced = self.strategy.forced
        if not forced or parent is None or parent.prompt != self.prompt:
            return []
        steps = parent.steps
        pairs = enumerate(zip(steps, forced, strict=False))
        shared = next((index for index, (step, token) in pairs if step.id != token), len(forced))
        return steps[: shared + 1]

    def _ask(self, engine: Engine, owner: Hashable) -> Running[Any]:
        ids, strategy = [*self.prompt, *self.strategy.forced], self.strategy
        length = max(1, self.max_new_tokens - len(strategy.forced))
        if strategy.kind == "beam":
            return engine.beam(
                ids,
                num_beams=int(strategy.num_beams),
                length_penalty=strategy.length_penalty,
                max_new_tokens=length,
                owner=owner,
            )
        return engine.generate(
            ids,
            sampling=strategy.sampling(),
            max_new_tokens=length,
            seed=self.seed,
            alternatives=alternatives_of(engine, ALTERNATIVES),
            owner=owner,
        )


def _logprob(step: Step, token: int) -> float | None:
    """The model's log-probability of `token` in the place of `step`, if that is known there."""
    known = {other.id: other.logprob for other in step.alternatives} | {step.id: step.logprob}
    return known.get(token)
