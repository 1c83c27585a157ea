"""A server that answers as it should not: what it sends is written down byte by byte, and sent over a real socket."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.remote_server import listening

NAME = "tiny/Tiny-Chat"
Pieces = Callable[[], Iterator[bytes]]
EVENTS = {"Content-Type": "text/event-stream"}


@dataclass
class Answer:
    """One answer: its status, its headers, and its body piece by piece. Afterwards the connection is closed."""

    body: bytes | Pieces = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: dict(EVENTS))


def event(**choice: Any) -> bytes:
    """A well-formed event with one choice."""
    return data({"choices": [{"index": 0, "text": "", "finish_reason": None, "logprobs": None, **choice}]})


def data(value: Any) -> bytes:
    """An event with anything in it."""
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def token(text: str, **choice: Any) -> bytes:
    """An event with a token that is named by its text."""
    named = {"tokens": [text], "token_logprobs": [-1.0], "top_logprobs": [{text: -1.0, "a": -2.0}]}
    return event(text=text, logprobs=named, **choice)


def listed(**more: Any) -> Answer:
    """A good list of models."""
    return Answer(json.dumps({"object": "list", "data": [{"id": NAME, **more}]}).encode(), headers=JSON)


JSON = {"Content-Type": "application/json"}
HTML = Answer(b"<!doctype html><html><body><h1>It works!</h1>", headers={"Content-Type": "text/html"})
STOP = event(finish_reason="stop")
DONE = b"data: [DONE]\n\n"


@dataclass
class Misbehaviour:
    """What it answers now; may be changed while it runs, so that a fault can be healed."""

    models: Answer = field(default_factory=listed)
    completions: Answer = field(default_factory=lambda: Answer(token("a") + STOP + DONE))
    requests: list[dict[str, Any]] = field(default_factory=list)
    sent: int = 0  # bytes of bodies that went out
    hung_up: int = 0  # answers that nobody wanted any more


def hang(seconds: float = 30.0) -> Iterator[bytes]:
    """Says nothing for long."""
    time.sleep(seconds)
    yield b""


def endless(piece: bytes, *, first: bytes = b"", pause: float = 0.0) -> Pieces:
    """`first`, then the same piece for ever."""

    def pieces() -> Iterator[bytes]:
        yield first
        while True:
            yield piece
            time.sleep(pause)

    return pieces


def _handler(how: Misbehaviour) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            self._answer(how.models)

        def do_POST(self) -> None:
            how.requests.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self._answer(how.completions)

        def _answer(self, answer: Answer) -> None:
            try:
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                for piece in [answer.body] if isinstance(answer.body, bytes) else answer.body():
                    self.wfile.write(piece)
                    how.sent += len(piece)
            except OSError:
                how.hung_up += 1

    return Handler


@contextmanager
def misbehave(how: Misbehaviour) -> Iterator[str]:
    """Run it; gives its base URL."""
    with listening(_handler(how)) as url:
        yield url
