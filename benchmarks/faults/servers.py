"""Servers that misbehave, each over a real socket, through the engine and the growing reply that Chat uses."""

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from unittest import mock

from benchmarks.faults.frame import Fault, Outcome
from lib.chat import Message
from lib.engine import Sampling, server
from lib.engine.remote import RemoteEngine, load_remote
from lib.errors import PlaygroundError
from lib.ui.chat.growing_reply import GrowingReply
from tests.misbehaving_server import (
    DONE,
    HTML,
    JSON,
    NAME,
    STOP,
    Answer,
    Misbehaviour,
    Pieces,
    data,
    endless,
    event,
    hang,
    misbehave,
    token,
)

KIND = "Servers"
KEY = "sk-secret-of-the-class"
PROMPT = [464, 3797]  # "The cat", in GPT-2's tokens
PATIENCE = 2.0  # seconds, in place of the two minutes and the ten seconds that the app waits
HERE = token(" sat") + token(" on")  # what comes before the fault
LENGTH = 12
GOOD = Answer(token(" mat") + STOP + DONE)


@contextmanager
def connected(how: Misbehaviour) -> Iterator[None]:
    """The settings name a server that answers as `how` says."""
    with misbehave(how) as url:
        named = {"URL": url, "MODEL": NAME, "TOKENIZER": "gpt2", "KEY": KEY}
        there = {f"PLAYGROUND_REMOTE_{name}": value for name, value in named.items()}
        with mock.patch.dict(os.environ, there):
            yield


@contextmanager
def hurry(limit: str) -> Iterator[None]:
    """Nobody waits for minutes here, or longer than the fault should take. `limit`: which of the two is short."""
    began = time.perf_counter()
    with mock.patch.object(server, limit, PATIENCE):
        yield
    assert time.perf_counter() - began < PATIENCE + 15


def _message() -> Message:
    return Message("reply", "", "assistant", "")


def reply(engine: RemoteEngine, message: Message, prompt: list[int]) -> GrowingReply:
    """A reply, grown to its end as Chat grows it."""
    growing = GrowingReply(
        message,
        engine.tokenizer,
        lambda: engine.generate(prompt, sampling=Sampling(), max_new_tokens=LENGTH),
        alive=lambda: True,
        ends=engine.stop_ids,
        stop_texts=(),
        forced=(),
    )
    growing.join(60)
    assert growing.update(), "it never ended"
    return growing


def shown(sentence: str, says: str) -> str:
    """The sentence, which says what it should, and neither the key nor the name of an exception."""
    assert re.search(says, sentence), f"not said: {says!r} in {sentence!r}"
    assert KEY not in sentence and not re.search(r"\b[A-Z]\w+(Error|Exception)\b", sentence), sentence
    assert len(sentence) < 700
    return sentence


def _breaks(body: bytes | Pieces, says: str, kept: str, status: int, headers: dict[str, str], _: Path) -> Outcome:
    """A reply breaks off: the sentence, the text that stays, and the rest once the server is well."""
    how = Misbehaviour()
    with connected(how):
        engine, message = load_remote(), _message()
        how.completions = Answer(body, status, headers)
        with hurry("SILENCE_SECONDS"):
            growing = reply(engine, message, PROMPT)
        assert message.content == kept and growing.state == "failed" and message.stats["finish"] == "broken"
        sentence = shown(growing.error, says)
        how.completions = GOOD
        before = [*PROMPT, *(step.id for step in message.tokens)]
        assert reply(engine, message, before).error == "" and how.requests[-1]["prompt"] == before
        assert message.content == kept + " mat" and message.stats["finish"] == "stop"
        engine.close()
    return Outcome(sentence, f"what was said, and “{kept}”" if kept else "what was said", "Continue: the rest came")


def _list(models: Answer, says: str, _: Path) -> Outcome:
    """The list of models is none: the sentence, in time, and a model once the server is well."""
    how = Misbehaviour(models=models)
    with connected(how):
        try:
            with hurry("LIST_SECONDS"):
                load_remote()
            raise AssertionError("it was taken for a list")
        except PlaygroundError as error:
            sentence = shown(str(error), says)
        how.models = Misbehaviour().models
        load_remote().close()
    return Outcome(sentence, "what was said", "asked again: the model is there")


def _limit(body: bytes | Pieces, text: str, finish: str, _: Path) -> Outcome:
    """Not an end of its own, but one that must come all the same."""
    how = Misbehaviour(completions=Answer(body))
    with connected(how):
        engine, message = load_remote(), _message()
        growing = reply(engine, message, PROMPT)
        assert (growing.error, message.content, message.stats["finish"]) == ("", text, finish)
        assert how.sent < 2_000_000  # hung up on, or over
        engine.close()
    return Outcome(f"a text of {len(message.tokens)} tokens: {finish}", f"“{text[:40]}”", "nothing had to be")


def _breaking(
    name: str,
    body: bytes | Pieces,
    says: str,
    kept: str = "",
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> Fault:
    given = {"Content-Type": "text/event-stream"} if headers is None else headers
    return Fault(KIND, name, partial(_breaks, body, says, kept, status, given))


def _listing(name: str, models: Answer, says: str) -> Fault:
    return Fault(KIND, name, partial(_list, models, says))


def _failing(message: str) -> bytes:
    return data({"error": {"message": message}})[6:]


_SAT = " sat on"
_OTHER = {"content": [{"id": 464, "token": "cat", "bytes": [99, 97, 116], "logprob": -1.0}]}  # 464 is "The"
_MANY: Callable[..., Pieces] = partial(endless, pause=0.01)
FAULTS = [
    _breaking("The stream is cut between two events", HERE, "broke off", _SAT),
    _breaking("The stream is cut inside an event", HERE + b'data: {"choi', "broke off", _SAT),
    _breaking("The answer is shorter than announced", HERE, "broke off", _SAT, headers={"Content-Length": "99999"}),
    _breaking("An empty answer", b"", "answered with nothing"),
    _breaking("A web page instead of events", HTML.body, "web page.*v1", headers=HTML.headers),
    _breaking("JSON instead of events", b'{"choices": [{"text": " sat"}]}', "data of another form", headers=JSON),
    _breaking("Events without choices, then [DONE]", data({"choices": []}) + DONE, "events without any text"),
    _breaking("[DONE] alone", DONE, "answered with nothing"),
    _breaking("An error in the stream", HERE + data({"error": {"message": "out of memory"}}), "out of memory", _SAT),
    _breaking("An error beside the events", HERE + b'error: {"message": "slot lost"}\n\n', "slot lost", _SAT),
    _breaking("The server gives the text up", HERE + event(finish_reason="abort"), "reason “abort”", _SAT),
    _breaking("An event of another form", HERE + data({"choices": [5]}), "something else than tokens", _SAT),
    _breaking("A text that is a number", HERE + event(text=5), "something else than tokens", _SAT),
    _breaking("JSON a hundred thousand deep", HERE + b"data: " + b"[" * 100_000 + b"\n\n", "something else", _SAT),
    _breaking("A token beyond the vocabulary", HERE + token("token_id:99999999"), "does not have", _SAT),
    _breaking("A token below the vocabulary", HERE + token("token_id:-1"), "does not have", _SAT),
    _breaking("A token of another tokenizer", HERE + event(text="x", logprobs=_OTHER), "must name the tokenizer", _SAT),
    _breaking("A line without an end", endless(b"x" * 50_000, first=HERE), "line of more than 1 MB", _SAT),
    _breaking("Keep-alives without an end", _MANY(b": ping\n\n", first=HERE), r"no token for \d+ s", _SAT),
    _breaking("Silence before the first token", hang, "in time"),
    _breaking(
        "Its reason for a 500, with the key in it", _failing(f"boom {KEY}" + "!" * 999), "500.*boom … *!", status=500
    ),
    _breaking("Its reason for a 400", _failing("logprobs is 5 at most"), "400.*5 at most", status=400),
    _breaking("A refusal of the key", _failing(f"wrong key {KEY}"), "does not accept the key", status=401),
    _breaking("A quota used up", _failing("tokens per day"), "quota.*per day", status=429),
    _breaking("A redirect to elsewhere", b"", "redirect", status=302, headers={"Location": "http://elsewhere.invalid"}),
    _breaking("An answer that unpacks", b"\x1f\x8b", "compressed", headers={"Content-Encoding": "gzip"}),
    _listing("A web page instead of the list of models", HTML, "web page.*v1"),
    _listing("A list of models that hangs", Answer(hang), r"within \d+ s"),
    _listing("A list of models, letter by letter", Answer(endless(b" ", pause=0.1)), r"within \d+ s"),
    _listing("A list of models without an end", Answer(endless(b"[" * 50_000)), "more than 4 MB"),
    _listing("An empty list of models", Answer(b'{"data": []}'), "lists no models"),
    _listing("A list of models that is a number", Answer(b'{"data": 5}'), "another form"),
    _listing("A list of other models", Answer(b'{"data": [{"id": "m\\u0000"}, 5, {"id": []}]}'), "has no model called"),
    _listing("A list of models elsewhere", Answer(b"", 301, {"Location": "/other"}), "redirect"),
    _listing("No list of models", Answer(b"{}", 404), "no list of models there"),
    Fault(KIND, "It writes past the limit", partial(_limit, endless(token(" a")), " a" * LENGTH, "length")),
    Fault(KIND, "Half a surrogate pair", partial(_limit, event(text="\ud800x") + STOP, "�x", "stop")),
    Fault(
        KIND, "A control token as text", partial(_limit, event(text="<|endoftext|>") + STOP, "<|endoftext|>", "stop")
    ),
    Fault(KIND, "A reason without [DONE]", partial(_limit, HERE + STOP, _SAT, "stop")),
    Fault(KIND, "[DONE] without a reason", partial(_limit, HERE + DONE, _SAT, "stop")),
]
