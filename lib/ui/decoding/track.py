"""One column's run: a thread that takes what the engine makes and keeps it, so that a page can look at any moment.

The engine batches all columns' requests; each track only waits for its own. The text survives a rerun of the page, a
Stop and an error. Knows nothing of Streamlit: what it needs of the session is the `alive` callable.
"""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Literal

from lib.engine import Alternative, BeamStep, Engine, Generation, Step
from lib.errors import PlaygroundError
from lib.figures import beam_tree
from lib.figures.strategies import Strategy
from lib.ui.stream.waiting import waiting

State = Literal["waiting", "running", "done", "stopped", "failed"]
ALTERNATIVES = 8


class Track:
    """Runs at once. Read its attributes from any thread; only its own thread writes them."""

    active = 0  # tracks of all sessions that run now
    _count = threading.Lock()

    def __init__(self, engine: Engine, ids: Sequence[int], strategy: Strategy, *, seed: int, max_new_tokens: int,
                 alive: Callable[[], bool] = lambda: True, parent: "Track | None" = None) -> None:
        self.strategy, self.seed, self.max_new_tokens = strategy, seed, max_new_tokens
        self.prompt = tuple(ids)
        self.forced: list[Step] = []
        self.beam_steps: list[BeamStep] = []
        self.state: State = "waiting"
        self.error = ""
        self.reason = ""
        self.computing = 0.0  # seconds the engine has worked on this text
        self._own: list[Step] = []
        self._generation: Generation | None = None
        self._stop = threading.Event()
        self._alive = alive
        self._parent = parent  # the text that this one branched from, if that is known
        self._thread = threading.Thread(target=self._run, args=(engine,), daemon=True, name="decoding-track")
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether more may come."""
        return self.state in {"waiting", "running"}

    @property
    def steps(self) -> list[Step]:
        """The text so far, tokens chosen by hand first; for beam search the best hypothesis so far."""
        searched = list(self.beam_steps)
        own = beam_tree.path(searched, searched[-1].best.ids) if searched else list(self._own)
        return [*self.forced, *own]

    @property
    def rate(self) -> float | None:
        """Tokens per second, without the wait in the queue; None before the first token."""
        made = len(self.beam_steps) or len(self._own)
        return made / self.computing if made and self.computing > 0 else None

    @property
    def queue_position(self) -> int:
        """Place in the engine's queue, 0 if it is not waiting."""
        generation = self._generation
        return generation.queue_position if generation and self.running else 0

    @property
    def waiting(self) -> str:
        """What it waits for before its first token."""
        return waiting(self._generation) if self.running else ""

    def stop(self) -> None:
        """End the work; what is there stays."""
        self._stop.set()
        if self._generation:
            self._generation.close()

    def join(self, timeout: float | None = None) -> None:
        """Wait for the end (tests, samples)."""
        self._thread.join(timeout)

    def _run(self, engine: Engine) -> None:
        with Track._count:
            Track.active += 1
        try:
            self._prepare(engine)
            self._search(engine) if self.strategy.kind == "beam" else self._sample(engine)
        except PlaygroundError as error:
            self._end("failed", error=str(error))
        except Exception as error:  # a thread has nobody above it: the column says what happened
            self._end("failed", error=f"The model stopped with an error: {type(error).__name__}: {error}")
        else:
            stopped = self._stop.is_set() or self.reason == "cancelled"
            self._end("stopped" if stopped else "done")
        finally:
            self._generation = self._parent = None
            with Track._count:
                Track.active -= 1

    def _end(self, state: State, *, error: str = "") -> None:
        self.error = error
        self.state = state

    def _prepare(self, engine: Engine) -> None:
        """Read the tokens that were chosen by hand: their probabilities count in the statistics."""
        forced = self.strategy.forced
        if not forced:
            return
        scores = engine.score([*self.prompt, *forced])
        others = self._seen(forced)
        for index, (token, logprob) in enumerate(zip(forced, scores.logprobs[len(self.prompt) - 1 :], strict=True)):
            alternatives = others[index] if index < len(others) else ()
            self.forced.append(Step(token, float(logprob), 1.0, alternatives, 0.0))

    def _seen(self, forced: Sequence[int]) -> list[tuple[Alternative, ...]]:
        """What the parent text could have been, as far as this one follows it and one token further."""
        if self._parent is None or self._parent.prompt != self.prompt:
            return []
        steps = self._parent.steps
        pairs = enumerate(zip(steps, forced, strict=False))
        shared = next((index for index, (step, token) in pairs if step.id != token), len(forced))
        return [step.alternatives for step in steps[: shared + 1]]

    def _room(self) -> int:
        return max(1, self.max_new_tokens - len(self.strategy.forced))

    def _sample(self, engine: Engine) -> None:
        generation = engine.generate(
            [*self.prompt, *self.strategy.forced], sampling=self.strategy.sampling(), max_new_tokens=self._room(),
            seed=self.seed, alternatives=ALTERNATIVES,
        )
        self._generation = generation
        for step in generation:
            self.computing += step.seconds
            self._own.append(step)
            self.state = "running"
            if self._stop.is_set() or not self._alive():
                self._stop.set()
                generation.close()
                break
        self.reason = generation.finish_reason or "cancelled"

    def _search(self, engine: Engine) -> None:
        before = time.perf_counter()
        search = engine.beam([*self.prompt, *self.strategy.forced], num_beams=int(self.strategy.num_beams),
                             length_penalty=self.strategy.length_penalty, max_new_tokens=self._room())
        for step in search:
            now = time.perf_counter()
            self.computing += now - before
            before = now
            self.beam_steps.append(step)
            self.state = "running"
            if self._stop.is_set() or not self._alive():
                self._stop.set()
                break
        with suppress(AttributeError):
            search.close()  # type: ignore[attr-defined]
        ended = self.beam_steps and self.beam_steps[-1].best.ids[-1:] and self.beam_steps[-1].best.ids[-1]
        self.reason = "stop" if ended in engine.stop_ids else "length"
