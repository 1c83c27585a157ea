"""Hostile streams by the thousand, as bytes of a server: good events, and anything JSON can hold in their fields."""

import contextlib
import json
import random
from collections.abc import Iterator
from functools import cache
from typing import Any

import httpx2

from benchmarks.faults.frame import Fuzz
from lib import tokenization
from lib.engine.interface import Step
from lib.engine.remote_steps import TokenIds
from lib.engine.remote_stream import Stream
from lib.engine.running_request import Inbox
from lib.engine.server import Request
from lib.engine.server_words import RemoteError, Words

KEY = "sk-secret-of-the-class"
LENGTH = 8
_STRANGE: tuple[Any, ...] = (
    None, True, -1, 0, 7, 10**30, 1e308, float("nan"), float("-inf"), "", "a", " the", "<|endoftext|>", "\ud800",
    "\x00", "token_id:5", "token_id:-5", "token_id:99999999", "token_id:²", "bytes:\\xf0\\x9f", "bytes:zz", "🦜", KEY,
    [], {}, [[]], [None], {"a": 1}, "x" * 2_000,
)  # fmt: skip
_LINES = (
    b"",
    b":",
    b"data:",
    b"data: [DONE]",
    b"data: {",
    b"<html>",
    b"event: error",
    b"error: {}",
    b"\xff\xfe",
    b"{}",
)


def stream(chance: random.Random) -> list[bytes]:
    """The bytes of an answer, cut anywhere."""
    lines = [_line(chance) for _ in range(chance.randrange(12))]
    body = chance.choice([b"\n", b"\n\n", b"\r\n"]).join(lines) + chance.choice([b"", b"\n\n"])
    cuts = sorted(chance.randrange(len(body) + 1) for _ in range(chance.randrange(4)))
    return [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]


def _line(chance: random.Random) -> bytes:
    if chance.random() < 0.15:
        return chance.choice(_LINES)
    return b"data: " + json.dumps(_broken(_event(chance), chance), ensure_ascii=chance.random() < 0.9).encode(
        "utf-8", "surrogatepass"
    )


def _event(chance: random.Random) -> dict[str, Any]:
    """A good event, in one of the forms that servers send."""
    text = chance.choice([" the", "a", "🦜", ""])
    entry = {"id": chance.randrange(50_257), "token": text, "bytes": list(text.encode()), "logprob": -1.0}
    old = {"tokens": [text], "token_logprobs": [-1.0], "top_logprobs": [{text: -1.0, "b": -2.0}]}
    new = {"content": [{**entry, "top_logprobs": [entry]}]}
    reason = chance.choice([None, None, None, None, "stop", "length", "abort"])
    return {"choices": [{"text": text, "finish_reason": reason, "logprobs": chance.choice([None, old, new])}]}


def _broken(value: Any, chance: random.Random) -> Any:
    """The same with something strange in one place or two, or none."""
    if chance.random() < 0.06:
        return chance.choice(_STRANGE)
    if isinstance(value, dict):
        return {name: _broken(one, chance) for name, one in value.items() if chance.random() > 0.03}
    return [_broken(one, chance) for one in value] if isinstance(value, list) else value


@cache
def _ids() -> TokenIds:
    return TokenIds(tokenization.load("gpt2"))


def check(pieces: list[bytes]) -> None:
    """It ends, with tokens that are some and a sentence where it must; never more than was asked for."""
    inbox: Inbox[Step] = Inbox()
    work = Stream(
        inbox, Request(), _ids(), Words([KEY]), plain=True, length=LENGTH, full="length", stops=frozenset({50_256})
    )

    @contextlib.contextmanager
    def ask() -> Iterator[httpx2.Response]:
        yield httpx2.Response(200, content=iter(pieces))

    work.work(ask)
    assert inbox.over and len(inbox.items) <= LENGTH
    assert all(0 <= step.id < 50_257 for step in inbox.items)
    if inbox.error is None:
        assert inbox.finish_reason in {"stop", "length"}
    else:
        said = str(inbox.error)
        assert isinstance(inbox.error, RemoteError) and "unexpected" not in said and KEY not in said and len(said) < 700


FUZZES = [Fuzz("Streams of servers", 20_000, stream, check, seconds=2.0)]
