"""A reply while it grows: what the engine has made, taken into the message and painted by the page."""

import time
from collections.abc import Callable, Sequence
from threading import Lock

from streamlit.delta_generator import DeltaGenerator

from lib import chat
from lib.chat import Message
from lib.engine import Running, Step
from lib.generation.background_text import BackgroundText
from lib.tokenization import Tokenizer
from lib.tokenization.display import Utf8Stream


class GrowingReply(BackgroundText):
    """A reply as it grows. `message.tokens` holds the engine's steps, the forced ones first."""

    def __init__(
        self,
        message: Message,
        tokenizer: Tokenizer,
        ask: Callable[[], Running[Step]],
        *,
        alive: Callable[[], bool],
        ends: frozenset[int],
        stop_texts: Sequence[str],
        forced: Sequence[Step],
    ) -> None:
        self.message, self.tokenizer = message, tokenizer
        self.ends, self.stop_texts = ends, stop_texts
        self.stream, self.text = Utf8Stream(), message.content
        self.taken: list[Step] = []
        self.over = False
        self._taking = Lock()
        self._painted: tuple[DeltaGenerator | None, int] = (None, 0)  # where, and how many tokens
        self._seconds = 0.0  # from the first token on
        self.started = time.perf_counter()
        for step in forced:
            self._write(step)
        super().__init__(ask, alive=alive)

    def update(self) -> bool:
        """Take what has come into the message. Whether that was all."""
        with self._taking:  # a run that a click has ended may still be in here when the next one comes
            running = self.running  # asked first: nothing comes after the end
            for step in [] if self.over else self.steps[len(self.taken) :]:
                self._take(step)
                if self._cut():
                    super().stop()
                    self._end("stop text")
                    return True
            if not (running or self.over):
                self.message.content += self.stream.flush()
                ends = {"stopped": "stopped", "failed": "broken"}
                self._end(ends.get(self.state) or self.reason or "stopped")
            return self.over

    def paint(self, spot: DeltaGenerator) -> None:
        """Show what is there, or what it waits for."""
        self.update()
        if self.taken:
            if self._painted != (spot, len(self.taken)):  # each run of the page has a spot of its own
                self._painted = spot, len(self.taken)
                spot.html(chat.as_html(self.message.content + " ▌"))
            return
        icon = "hourglass" if self.queue_position else "bolt"
        spot.caption(f":material/{icon}: {self.waiting} ({time.perf_counter() - self.started:.1f} s)")

    def stop(self) -> None:
        """End the reply; what has come stays."""
        super().stop()
        deadline = time.perf_counter() + 2  # a server elsewhere may let us wait
        while not self.update() and time.perf_counter() < deadline:
            time.sleep(0.005)
        if not self.over:
            self._end("stopped")

    def _end(self, finish: str) -> None:
        self.message.stats["finish"] = finish
        self.over = True

    def _take(self, step: Step) -> None:
        self.taken.append(step)
        self._write(step)
        self._seconds += step.seconds if len(self.taken) > 1 else 0.0
        stats, later = self.message.stats, self._seconds
        stats["first_token_s"] = round(self.taken[0].seconds, 3)
        stats["reply_tokens"], stats["seconds"] = len(self.taken), round(self.taken[0].seconds + later, 3)
        stats["tokens_per_s"] = round((len(self.taken) - 1) / later, 2) if later > 0 else None

    def _write(self, step: Step) -> None:
        self.message.tokens.append(step)
        if step.id not in self.ends:
            self.text += self.stream.feed(self.tokenizer.token_bytes(step.id))
        self.message.content = self.text

    def _cut(self) -> bool:
        """A model without an end-of-turn token goes on with the other speaker's part: stop there."""
        at = min((at for at in map(self.text.find, self.stop_texts) if at >= 0), default=-1)
        if self.stop_texts:
            self.message.content = (self.text if at < 0 else self.text[:at]).lstrip()
        return at >= 0
