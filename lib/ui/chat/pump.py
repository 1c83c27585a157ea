"""A running reply, read in a thread so that the page can look at the clock, the queue and the Stop button meanwhile.

Knows nothing of Streamlit: the thread only moves steps into a queue.
"""

from collections.abc import Generator
from queue import Empty, SimpleQueue
from threading import Thread

from lib.engine import Generation, Step


class Pump:
    """Steps of a generation as they come. `steps(wait)` gives None whenever nothing came for `wait` seconds."""

    def __init__(self, generation: Generation) -> None:
        self.generation = generation
        self._out: SimpleQueue[Step | BaseException | None] = SimpleQueue()
        Thread(target=self._run, name="chat-reply", daemon=True).start()

    def _run(self) -> None:
        try:
            for step in self.generation:
                self._out.put(step)
        except BaseException as error:  # handed to the reader, who raises it
            self._out.put(error)
        else:
            self._out.put(None)

    def steps(self, wait: float) -> Generator[Step | None]:
        """Every step, and None while waiting. Ends with the generation; closing it cancels the work."""
        try:
            while True:
                try:
                    item = self._out.get(timeout=wait)
                except Empty:
                    yield None
                    continue
                if item is None:
                    return
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            self.generation.close()
