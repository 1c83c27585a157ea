"""Where roads lead: the next few tokens after each of several rivals, written while the model has nothing else to do.

Knows nothing of Streamlit: what it needs of the session is the `alive` callable and its name as `owner`.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from threading import Lock
from weakref import WeakKeyDictionary

from lib.engine import Engine, Running, Sampling, Step
from lib.generation.background_text import BackgroundText

LENGTH = 5  # tokens of a preview
_KEPT = 512  # beginnings that one visitor's model failed at
_READ = 4096  # previews of one model

Beginning = tuple[int, ...]  # all that the model reads: the text up to the rival, and the rival
# What a model writes greedily is the same for everybody: a class that opens one text has its roads read once.
_known: WeakKeyDictionary[Engine, dict[Beginning, tuple[int, ...]]] = WeakKeyDictionary()
_mutex = Lock()


class Previews:
    """The previews that one visitor wants of one model; what is read is kept for all who look at the same text."""

    def __init__(self, engine: Engine, *, alive: Callable[[], bool], owner: Hashable) -> None:
        self.engine, self._alive, self._owner = engine, alive, owner
        self._running: dict[Beginning, BackgroundText] = {}
        with _mutex:
            self._done = _known.setdefault(engine, {})
        self._given_up: set[Beginning] = set()  # failed, or ended with the browser's Stop: not begun again unasked

    def want(self, beginnings: Iterable[Beginning]) -> None:
        """These, in this order, while the model is idle; what ran for other roads is ended."""
        wanted = list(beginnings)
        for beginning in self._running.keys() - set(wanted):
            self._running.pop(beginning).stop()
        for beginning in wanted:
            if beginning not in self._done and beginning not in self._running and beginning not in self._given_up:
                self._begin(beginning, when_idle=True)

    def hurry(self, beginning: Beginning) -> None:
        """Somebody looks at this road now."""
        text = self._running.get(beginning)
        if beginning in self._done or (text is not None and text.steps):
            return
        if text is not None:
            text.stop()
        self._begin(beginning, when_idle=False)

    def _begin(self, beginning: Beginning, *, when_idle: bool) -> None:
        def ask() -> Running[Step]:
            return self.engine.generate(
                beginning,
                sampling=Sampling(temperature=0.0),
                max_new_tokens=LENGTH,
                alternatives=1,
                owner=self._owner,
                when_idle=when_idle,
            )

        self._running[beginning] = BackgroundText(ask, alive=self._alive)

    @property
    def running(self) -> bool:
        """Whether more may come."""
        self._collect()
        return bool(self._running)

    def found(self, beginnings: Sequence[Beginning]) -> dict[Beginning, tuple[int, ...]]:
        """The ids of those that are there; fewer than LENGTH where the model ends its text."""
        self._collect()
        known = {beginning: self._done.get(beginning) for beginning in beginnings}  # one look: others add and remove
        return {beginning: ids for beginning, ids in known.items() if ids is not None}

    def stop(self) -> None:
        """End what runs; what is there stays."""
        self._given_up |= self._running.keys()
        for text in self._running.values():
            text.stop()

    def _collect(self) -> None:
        for beginning, text in list(self._running.items()):
            if text.running:
                continue
            del self._running[beginning]
            if text.state == "done":
                self._keep(beginning, tuple(s.id for s in text.steps if s.id not in self.engine.stop_ids))
            else:
                self._given_up.add(beginning)
        if len(self._given_up) > _KEPT:
            self._given_up.clear()

    def _keep(self, beginning: Beginning, ids: tuple[int, ...]) -> None:
        with _mutex:
            self._done[beginning] = ids
            while len(self._done) > _READ:
                del self._done[next(iter(self._done))]
