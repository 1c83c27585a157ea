"""All cells write at the same time: their engines batch the requests, and the page paints in turns."""

import time
from collections.abc import Mapping, Sequence

from streamlit.delta_generator import DeltaGenerator

from lib.engine import Sampling, Step
from lib.errors import PlaygroundError
from lib.tokenization.display import Utf8Stream
from lib.ui.chat.pump import Pump
from lib.ui.completion.cells import Cell, Outcome
from lib.ui.stream.waiting import waiting

REPAINT = 0.12  # seconds between two paintings of one cell
FINISH = {"stop": "ended its turn", "length": "longest text reached", "context": "context full",
          "cancelled": "stopped", "stopped": "stopped"}


class Lane:
    """One cell while it is being written."""

    def __init__(self, cell: Cell, outcome: Outcome, spot: DeltaGenerator, *, sampling: Sampling, length: int,
                 seed: int) -> None:
        self.cell, self.outcome, self.spot = cell, outcome, spot
        room = cell.engine.info.context - len(cell.rendered.ids)
        if room < 1:
            raise PlaygroundError(f"The prompt has {len(cell.rendered.ids):,} tokens and leaves {cell.title} no room.")
        self.generation = cell.engine.generate(cell.rendered.ids, sampling=sampling, seed=seed,
                                               max_new_tokens=min(length, room), alternatives=8)
        self.steps = Pump(self.generation).steps(wait=0.02)
        self.stream, self.started, self.painted = Utf8Stream(), time.perf_counter(), 0.0

    def advance(self) -> bool:
        """Take what has come; False when it is over."""
        try:
            step = next(self.steps)
        except StopIteration:
            self.outcome.text += self.stream.flush()
            self.outcome.finish = self.generation.finish_reason or "stop"
            self._paint()
            return False
        if step is not None:
            self._take(step)
        if time.perf_counter() - self.painted > REPAINT:
            self._paint(caret=True)
        return True

    def _take(self, step: Step) -> None:
        self.outcome.steps.append(step)
        self.outcome.seconds = time.perf_counter() - self.started
        if step.id not in self.cell.engine.stop_ids:
            self.outcome.text += self.stream.feed(self.cell.engine.tokenizer.token_bytes(step.id))

    def _paint(self, *, caret: bool = False) -> None:
        self.painted = time.perf_counter()
        if caret and not self.outcome.steps:
            self.spot.caption(waiting(self.generation))
        else:
            self.spot.code(self.outcome.text + (" ▌" if caret else "") or " ", language=None, wrap_lines=True)

    def close(self) -> None:
        """Stop the work."""
        self.steps.close()
        self.generation.close()


def run(cells: Sequence[Cell], outcomes: Mapping[str, Outcome], spots: Mapping[str, DeltaGenerator], *,
        sampling: Sampling, length: int, seed: int) -> None:
    """Write all cells, in turns, until the last is done or the page's run is ended."""
    lanes: list[Lane] = []
    try:
        lanes += [Lane(cell, outcomes[cell.key], spots[cell.key], sampling=sampling, length=length, seed=seed)
                  for cell in cells]
        active = list(lanes)
        while active:
            active = [lane for lane in active if lane.advance()]
    finally:
        for lane in lanes:
            lane.close()


def summary(outcome: Outcome, control: Mapping[int, str]) -> str:
    """One line under a finished cell."""
    count = len(outcome.steps)
    parts = [f"{count:,} token{'s' * (count != 1)}", FINISH.get(outcome.finish, outcome.finish)]
    if outcome.steps and outcome.finish == "stop":
        last = outcome.steps[-1]
        parts[-1] += f" with {control.get(last.id, 'its end token')} (probability {100 * last.prob:.0f} %)"
    if outcome.seconds > 0 and len(outcome.steps) > 1:
        parts.append(f"{len(outcome.steps) / outcome.seconds:.1f} tokens/s")
    return " · ".join(parts)
