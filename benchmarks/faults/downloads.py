"""Getting models from a hub that lies, hangs, refuses or sends something else."""

import gzip
import re
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from benchmarks.faults.frame import Fault, Fuzz, Outcome
from benchmarks.faults.hostile_hub import check, hostile
from benchmarks.faults.hub_place import (
    HUB_ID,
    SERVED,
    Place,
    always,
    files_only,
    half_of_the_weights,
    hang,
    place,
    reply,
)
from lib.models.hub import MAX_BYTES
from tests.hub import LocalHub, local_hub

KIND = "Getting models"
SECONDS = 60.0  # until a sentence is there, on a machine that has other things to do


def _fault(
    name: str, words: str, spoil: Callable[[LocalHub], None], seconds: float = SECONDS, **settings: str
) -> Fault:
    """A hub that is spoilt; then it is whole again and Get is pressed again."""

    def provoke(folder: Path) -> Outcome:
        with place(folder, **settings) as here:
            spoil(here.hub)
            read = here.press()
            assert re.search(words, read), f"another sentence: {read}"
            assert here.took < seconds, f"said after {here.took:.0f} s only"
            kept, took = _kept(here), here.took
            before = len(here.hub.requests)
            here.heal()
            again = here.hub.requests[before:]
        ranges = [span for _, path, span in again if path.endswith("safetensors") and span]
        went_on = f", which went on at {ranges[0]}" if ranges else ""
        return Outcome(read, kept, f"pressed again: got{went_on} (the sentence came after {took:.1f} s)")

    return Fault(KIND, name, provoke)


def _kept(here: Place) -> str:
    parts = [path for path in here.home.rglob("*") if path.is_file() and ".part-" in str(path)]
    came = sum(path.stat().st_size for path in parts)
    return (
        f"all that was on the machine, and the {came:,} bytes that had come" if came else "all that was on the machine"
    )


def _says(**changes: Any) -> Callable[[LocalHub], None]:
    """The list of files with some of its entries changed."""
    return lambda hub: setattr(hub, "listing", lambda listing: {**listing, **changes})


def _files(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[LocalHub], None]:
    """Every file of the list, changed."""

    def changed(listing: dict[str, Any]) -> dict[str, Any]:
        return {**listing, "siblings": [change(dict(one)) for one in listing["siblings"]]}

    return lambda hub: setattr(hub, "listing", changed)


def _answers(answer: Callable[[BaseHTTPRequestHandler, str], bool]) -> Callable[[LocalHub], None]:
    return lambda hub: setattr(hub, "answer", answer)


def _weights(answer: Callable[[BaseHTTPRequestHandler, str], bool]) -> Callable[[LocalHub], None]:
    return _answers(files_only(answer))


def _status(code: int) -> Callable[[LocalHub], None]:
    return lambda hub: setattr(hub, "status", code)


def _sized(size: int) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda one: {**one, "size": size, "lfs": None}


def _outward(one: dict[str, Any]) -> dict[str, Any]:
    return {**one, "rfilename": f"../../x/{one['rfilename']}"}


def _larger(one: dict[str, Any]) -> dict[str, Any]:
    return {
        **one,
        "size": one["size"] + 7,
        **({"lfs": {**one["lfs"], "size": one["size"] + 7}} if "lfs" in one else {}),
    }


def _hashless(one: dict[str, Any]) -> dict[str, Any]:
    return {**one, "blobId": None, "lfs": None}


def _to_a_file(handler: BaseHTTPRequestHandler, _: str) -> bool:
    return reply(handler, 302, Location="file:///etc/passwd")


def _elsewhere(handler: BaseHTTPRequestHandler, _: str) -> bool:
    return reply(handler, 302, Location=f"http://127.0.0.2:{handler.connection.getsockname()[1]}/secret")


def _sign_in(handler: BaseHTTPRequestHandler, _: str) -> bool:
    """The network asks to sign in when half of the weights have come."""
    if not handler.headers.get("Range"):
        return half_of_the_weights(handler)
    return reply(handler, 200, b"<html>Sign in", Content_Type="text/html")


def _endless(handler: BaseHTTPRequestHandler, _: str) -> bool:
    handler.send_response(200)
    handler.end_headers()
    handler.close_connection = True
    for _number in range(10_000):  # 640 MB, if one takes it
        handler.wfile.write(b"x" * 65_536)
    return True


def _trickle(handler: BaseHTTPRequestHandler, _: str) -> bool:
    handler.send_response(200)
    handler.end_headers()
    handler.close_connection = True
    for _number in range(200):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.3)
    return True


def _bomb(handler: BaseHTTPRequestHandler, _: str) -> bool:
    return reply(handler, 200, gzip.compress(bytes(10**8), 1) * 10, Content_Encoding="gzip")


def _long(handler: BaseHTTPRequestHandler, _: str) -> bool:
    return reply(handler, 200, b"[" * 20_000_000)


def _token(folder: Path) -> Outcome:
    """Weights that lie on another server, as the hub's do: the token stays with the hub."""
    with local_hub({HUB_ID: SERVED}) as store, place(folder, HF_TOKEN="hf_secret") as here:
        here.hub.answer = files_only(lambda handler, path: reply(handler, 302, Location=store.url + path))
        assert not here.press()
        assert set(here.hub.tokens) == {"Bearer hf_secret"} and set(store.tokens) == {""}
        here.hub.answer = lambda *_: False
    return Outcome(
        "gpt2: in this app's cache", f"the token: {len(store.tokens)} requests there had none", "nothing to heal"
    )


FAULTS = [
    _fault("The hub's commit is ../x", "no usable answer", _says(sha="../x")),
    _fault("The hub's commit is an absolute path", "no usable answer", _says(sha="/tmp")),
    _fault("The hub's files lie outside the folder", "has no safetensors weights", _files(_outward)),
    _fault("The hub names no hashes", "no usable answer", _files(_hashless)),
    _fault("The hub names sizes that are no sizes", "no usable answer", _files(_sized(-1))),
    _fault("A file larger than any disk", "disk space and only", _files(_sized(MAX_BYTES - 1))),
    _fault("Sizes that are not those of the files", "arrived damaged", _files(_larger)),
    _fault("Weights that change on the way", "arrived damaged", lambda hub: hub.damage.add("model.safetensors")),
    _fault("A file without end", "arrived damaged", _weights(_endless)),
    _fault("Nobody there", "cannot be reached", lambda _: None, HF_ENDPOINT="http://127.0.0.1:9"),
    _fault("HF_ENDPOINT without https://", "not the address of a server", lambda _: None, HF_ENDPOINT="localhost:80"),
    _fault("A hub that takes the call and says nothing", "no answer in time", _answers(hang)),
    _fault("A hub that falls silent in the middle", "What has arrived is kept", _weights(hang), seconds=90),
    _fault("An answer one letter at a time", "no answer in time", _answers(_trickle)),
    _fault("Redirected without end", "one address to the next", _answers(lambda h, path: reply(h, 302, Location=path))),
    _fault("Redirected to a file of this machine", "not on the web", _answers(_to_a_file)),
    _fault("Redirected to another server of this machine", "inside this network", _answers(_elsewhere)),
    _fault("401, no token", "put your token in HF_TOKEN", _status(401)),
    _fault("403, a token that is not good", "the token in HF_TOKEN", _status(403), HF_TOKEN="hf_old"),
    _fault("A token with letters that no token has", "HF_TOKEN is no token", lambda _: None, HF_TOKEN="hf_ü"),
    _fault("404", "has no openai-community/gpt2", _status(404)),
    _fault("500", "error 500", _status(500)),
    _fault("429: wait for 30 years", "error 429", _answers(always(429, Retry_After="1000000000"))),
    _fault("A web page instead of a list", "sign in", _answers(always(200, b"<html>", Content_Type="text/html"))),
    _fault("A web page instead of weights", "sign in", _weights(_sign_in)),
    _fault("A list that unpacks to 1 GB", "compressed", _answers(_bomb)),
    _fault("A list of 20 MB", "too long", _answers(_long)),
    _fault("A list that is 100,000 brackets deep", "no usable answer", _answers(always(200, b"[" * 100_000))),
    Fault(KIND, "Weights on another server, and a token", _token),
]
FUZZES = [Fuzz("Hostile answers of a hub", 2_000, hostile, check, seconds=30.0)]
