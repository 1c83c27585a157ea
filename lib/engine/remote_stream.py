"""A text on its way from a server into an inbox. Only a finish reason or `[DONE]` ends it; all else is said."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace

import httpx2

from lib.engine import server
from lib.engine.interface import Step
from lib.engine.remote_events import RemoteToken, finish_reason_of, read_event, stream_error
from lib.engine.remote_steps import TokenIds, to_steps
from lib.engine.running_request import FinishReason, Inbox
from lib.engine.server_words import RemoteError, Words, host, kind_of, parsed
from lib.errors import PlaygroundError

_KEPT = 64_000  # bytes of what is no event, to say what it is


class Stream:
    """One text. It does nothing but wait, in a thread of its own."""

    def __init__(
        self,
        inbox: Inbox[Step],
        request: server.Request,
        ids: TokenIds,
        words: Words,
        *,
        plain: bool,
        length: int,
        full: FinishReason,
        stops: frozenset[int],
    ) -> None:
        """`length`: tokens at most, and `full` is what is said then. `plain`: see `to_steps`."""
        self.inbox, self.request, self.ids, self.words = inbox, request, ids, words
        self.plain, self.length, self.full, self.stops = plain, length, full, stops
        self._count, self._clock = 0, time.perf_counter()

    def work(self, ask: Callable[[], AbstractContextManager[httpx2.Response]]) -> None:
        """Fill the inbox and end it, whatever happens."""
        try:
            with ask() as response:
                self.inbox.end(self._take(response))
        except PlaygroundError as error:
            self.inbox.end(None, error)
        except Exception:  # a thread has nobody above it: the page says what happened
            self.inbox.end(None, RemoteError(f"The server {host()} sent something unexpected."))

    def _take(self, response: httpx2.Response) -> FinishReason:
        events, seen, other = False, False, bytearray()
        for line in self._lines(response):
            if line.startswith(b"error:"):  # older versions of llama.cpp
                raise stream_error(line[6:].decode("utf-8", "replace"), self.words)
            if not line.startswith(b"data:"):
                other += line[: _KEPT - len(other)] if _is_content(line) else b""
                continue
            data = line[5:].strip()
            if data == b"[DONE]":
                if seen:
                    return "stop"
                break
            if data:
                events = True
                event = read_event(data.decode("utf-8", "replace"), self.words)
                seen = seen or event.choices
                reason = self._give(event.tokens) or (event.reason and finish_reason_of(event.reason, self.words))
                if reason:
                    return self.full if reason == "length" else "stop"
        if events and not seen:
            raise RemoteError(f"The server {host()} sent events without any text in them.")
        raise RemoteError(self._unfinished(bytes(other).decode("utf-8", "replace"), seen))

    def _give(self, tokens: tuple[RemoteToken, ...]) -> str | None:
        """Tokens into the inbox; the reason if one of them is the last there may be."""
        for sent in tokens:
            for step in to_steps(sent, self.ids, plain=self.plain):
                now = time.perf_counter()
                self.inbox.give(replace(step, seconds=now - self._clock), None)
                self._clock, self._count = now, self._count + 1
                if step.id in self.stops:
                    return "stop"
                if self._count >= self.length:
                    return "length"
        return None

    def _lines(self, response: httpx2.Response) -> Iterator[bytes]:
        """The lines of the answer. Raises RemoteError for an endless one, and for one that says nothing for long."""
        rest, count, heard = b"", 0, time.monotonic()
        for piece in response.iter_raw():
            *lines, rest = (rest + piece).split(b"\n")
            yield from lines
            if self.inbox.over:
                return
            if len(rest) > server.MAX_LINE_BYTES:
                raise RemoteError(
                    f"The server {host()} sent a line of more than {server.MAX_LINE_BYTES / 1e6:.0f} MB, which is no "
                    "stream of tokens."
                )
            if self._count > count:
                count, heard = self._count, time.monotonic()
            elif time.monotonic() - heard > server.SILENCE_SECONDS:
                raise RemoteError(f"The server {host()} sent no token for {server.SILENCE_SECONDS:.0f} s.")
        half = rest.startswith(b"data: {") and parsed(rest[5:].decode("utf-8", "replace")) is None
        yield b"" if half else rest  # a last line without its end: it may be whole

    def _unfinished(self, other: str, seen: bool) -> str:
        """What came instead of an end."""
        if self._count or seen:
            return f"The server {host()} broke off its answer before the end.{self.words.says(other)}"
        wrong = f"The server {host()} answered {kind_of(other)} instead of a stream of tokens.{self.words.says(other)}"
        return wrong + (" Does PLAYGROUND_REMOTE_URL end in /v1?" if kind_of(other) == "with a web page" else "")


def _is_content(line: bytes) -> bool:
    """Whether a line is no part of a stream of events: those are empty, begin with a colon, or name a field."""
    return bool(line.strip()) and not line.startswith((b":", b"event:", b"id:", b"retry:"))
