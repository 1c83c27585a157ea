"""The models' process: loads models, computes what is asked, and ends with the process that started it.

`python -m lib.engine.process HANDLE`, with one end of a pipe as an inherited handle. Everything that all models make
in one moment goes back as one message.
"""

import contextlib
import gc
import itertools
import os
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

from lib.engine.qualified_names import by_name
from lib.engine.running_request import FinishReason, Progress
from lib.errors import PlaygroundError
from lib.piped_process import inherited

Message = tuple[int, str, Any]


class Relay:
    """The outlet of one request: everything goes to the pages' process."""

    def __init__(self, call: int, post: Callable[[Message], None], over: Callable[[int], object]) -> None:
        self.call, self._post, self._over = call, post, over
        self._told = Progress()

    def give(self, item: Any, reason: FinishReason | None) -> None:
        self._post((self.call, "item", (item, reason)))
        if reason is not None:
            self._over(self.call)

    def end(self, reason: FinishReason | None, error: BaseException | None = None) -> None:
        self._post((self.call, "end", (reason, None if error is None else portable(error))))
        self._over(self.call)

    def tell(self, progress: Progress) -> None:
        if progress != self._told:
            self._told = progress
            self._post((self.call, "progress", progress))


def portable(error: BaseException) -> BaseException:
    """An error that the pages can read: their own kinds as they are, any other one as a sentence."""
    if isinstance(error, PlaygroundError):
        return error
    lines = str(error).strip().splitlines()
    first = lines[0][:300] if lines else ""
    return PlaygroundError(f"The model stopped with an error: {type(error).__name__}: {first}")


class Server:
    """Takes messages in the order of their coming; what computes is done elsewhere."""

    def __init__(self, pipe: Connection) -> None:
        self.pipe = pipe
        self.engines: dict[int, Any] = {}
        self.requests: dict[int, tuple[Any, Any]] = {}  # engine and request by call, while they run
        self._numbers = itertools.count(1)
        self._out: SimpleQueue[Message] = SimpleQueue()

    def serve(self) -> None:
        """Until the other side is gone."""
        Thread(target=self._send, daemon=True).start()
        while True:
            call, kind, payload = self.pipe.recv()
            if kind == "cancel":
                if call in self.requests:
                    engine, request = self.requests.pop(call)
                    engine.scheduler.cancel(request)
            elif kind in {"generate", "beam"}:
                self._begin(call, kind, *payload)
            else:  # a thread that ends: OpenMP keeps a team of threads for every thread that has computed
                Thread(target=self._answer, args=(call, kind, payload), daemon=True).start()

    def _begin(self, call: int, kind: str, number: int, ids: list[int], wishes: dict[str, Any]) -> None:
        relay = Relay(call, self._out.put, lambda one: self.requests.pop(one, None))
        try:
            engine = self._engine(number)
            request = (engine.text_request if kind == "generate" else engine.beam_request)(ids, **wishes)
            request.out = relay
            self.requests[call] = engine, request
            engine.scheduler.enqueue(request)
        except Exception as error:
            relay.end(None, error)

    def _answer(self, call: int, kind: str, payload: Any) -> None:
        try:
            self._out.put((call, "answer", getattr(self, f"_{kind}")(payload)))
        except Exception as error:
            self._out.put((call, "error", portable(error)))

    def _load(self, payload: Any) -> Any:
        from lib.engine.local_loading import load_local

        source, dtype, slots = payload
        gc.disable()
        try:
            engine = load_local(source, dtype=dtype, slots=slots)
        finally:
            gc.freeze()  # what is loaded stays: no collection looks at it again
            gc.enable()
        number = next(self._numbers)
        self.engines[number] = engine
        return number, engine.info, engine.stop_ids

    def _run(self, payload: Any) -> Any:
        number, function, args = payload
        return by_name(function)(self._engine(number), *args)

    def _compute(self, payload: Any) -> Any:
        function, args = payload
        return by_name(function)(*args)

    def _close(self, number: int) -> None:
        from lib.models.memory import give_memory_back

        engine = self.engines.pop(number, None)
        if engine is not None:
            engine.close()
            del engine
            gc.unfreeze()
            give_memory_back()

    def _engine(self, number: int) -> Any:
        if number not in self.engines:
            raise PlaygroundError("This model has been unloaded. Load it again on the Home page.")
        return self.engines[number]

    def _send(self) -> None:
        while True:
            messages = [self._out.get()]
            with contextlib.suppress(Empty):
                while True:
                    messages.append(self._out.get_nowait())
            try:
                self.pipe.send(messages)
            except OSError:
                os._exit(0)


def main() -> None:
    """Serve one pipe. Leaves without cleaning up: a thread in the middle of torch would abort the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the app, whose end ends this process
    with contextlib.suppress(OSError):  # not Linux: where memory runs out, the models go and the pages stay
        Path("/proc/self/oom_score_adj").write_text("500", encoding="utf-8")
    server = Server(inherited(int(sys.argv[1])))
    Thread(target=_import_early, daemon=True).start()
    with contextlib.suppress(EOFError, OSError):
        server.serve()
    os._exit(0)


def _import_early() -> None:
    import lib.engine.local_loading  # noqa: F401 (takes seconds, and somebody will want it)


if __name__ == "__main__":
    main()
