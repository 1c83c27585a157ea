"""Answers of a hub that nobody should believe, by the thousand: lists, names, hashes, headers, contents."""

import json
import random
import string
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from unittest import mock

from benchmarks.faults.hub_place import place, reply
from lib.models import transfer

WORDS = ("Traceback", "Error:", "Exception", "object at 0x", "<class")  # of programs, not of people
PATHS = (
    "../x", "../../x", "../keep/models/gpt2", "/tmp/x", "//x", "..", ".", "", " ", "~", "~root", "x/../../x", "..\\x",
    "C:\\x", "x\0y", "\0", "a" * 5_000, "x\n../y", "%2e%2e%2fx", "..%2fx", "\u202e", "\ud800", "．．/x", "file:///x",
    "NUL", "con.json", "-rf", "$(x)", "{x}", "{revision}", "refs/pr/1", "*", "?", "[a-z]",
    "0" * 40 + "/../x", "0" * 40 + "\n", "A" * 40, "0" * 39,
)  # fmt: skip
ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 0.5, 1e300, 10**30, float("nan"), float("inf"), "", "7", "abc", [], [1], {},
    {"a": 1}, [[[]]],
)  # fmt: skip
NAMES = ("model.safetensors", "config.json", "model-00001-of-00002.safetensors", "model.safetensors.index.json")
KEYS = (
    "id", "sha", "siblings", "createdAt", "lastModified", "cardData", "inferenceProviderMapping", "safetensors",
    "evalResults", "transformersInfo", "self", "__class__", "__dict__", "tags", "private", "gated", "disabled",
    "endpoint", "kwargs",
)  # fmt: skip


@dataclass
class Case:
    """What a hub says of its files, and what it sends for one of them."""

    steps: list[tuple[Any, ...]] = field(default_factory=list)  # changes of the list that it would give
    raw: bytes | None = None  # instead of a list
    status: int = 200  # of the weights
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes | None = None  # instead of the weights

    def listing(self, listing: dict[str, Any]) -> Any:
        """The list as this hub gives it."""
        if self.raw is not None:
            return self.raw
        said: Any = json.loads(json.dumps(listing))
        for kind, number, value in self.steps:
            if kind == "key":
                said[number] = value
            else:
                _change(said["siblings"] if isinstance(said["siblings"], list) else [], kind, number, value)
        return json.dumps(said).encode()

    def answer(self, handler: BaseHTTPRequestHandler, path: str) -> bool:
        """The weights as this hub sends them."""
        if not path.endswith("model.safetensors") or (self.content is None and not self.headers and self.status == 200):
            return False
        handler.close_connection = True
        return reply(handler, self.status, self.content or b"", **self.headers)


def _change(files: list[Any], kind: str, number: int, value: Any) -> None:
    if kind == "more":
        files.append(value)
    elif files and isinstance(one := files[number % len(files)], dict):
        if kind == "lfs" and isinstance(value, dict) and isinstance(one.get("lfs"), dict):
            one["lfs"] = {**one["lfs"], **value}
        else:
            one[kind] = value


def hostile(generator: random.Random) -> Case:
    """One hub."""
    case = Case([_step(generator) for _ in range(generator.choice((0, 1, 1, 2, 5)))])
    if generator.random() < 0.1:
        case.raw = _raw(generator)
    if generator.random() < 0.3:
        case.status = generator.choice(
            (200, 200, 204, 206, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 410, 416, 429, 500, 503)
        )
        case.content = generator.choice((b"", b"{}", b"<html>", b"../x", generator.randbytes(2_000)))
        case.headers = dict(_header(generator) for _ in range(generator.choice((0, 1, 2))))
    return case


def _step(generator: random.Random) -> tuple[Any, ...]:
    value: Any = generator.choice((*PATHS, *ODD))
    makers: list[Callable[[], tuple[Any, ...]]] = [
        lambda: ("key", "sha", value),
        lambda: ("key", generator.choice(KEYS), value),
        lambda: ("rfilename", generator.randrange(9), value),
        lambda: ("rfilename", generator.randrange(9), f"{generator.choice(PATHS)}/{generator.choice(NAMES)}"),
        lambda: ("rfilename", generator.randrange(9), f"{generator.choice(NAMES)}{generator.choice(PATHS)}"),
        lambda: ("size", generator.randrange(9), value),
        lambda: ("blobId", generator.randrange(9), value),
        lambda: ("lfs", generator.randrange(9), value),
        lambda: ("lfs", generator.randrange(9), {generator.choice(("sha256", "size", "oid", "pointerSize")): value}),
        lambda: ("more", 0, value),
        lambda: (
            "more",
            0,
            {"rfilename": f"model-{generator.choice(PATHS)}-of-1.safetensors", "size": 1, "blobId": "0" * 40},
        ),
    ]
    return generator.choice(makers)()


def _raw(generator: random.Random) -> bytes:
    letters = string.printable.encode()
    return generator.choice(
        (b"", b"null", b"[]", b"{", b'{"sha": 1e999}', b"\xff\xfe", b"[" * 50_000, b'{"id":' * 3_000,
         generator.randbytes(300), bytes(generator.choices(letters, k=300)),
         b'{"id": "x", "sha": "' + b"0" * 40 + b'", "siblings": {"a": 1}}')
    )  # fmt: skip


def _header(generator: random.Random) -> tuple[str, str]:
    name = generator.choice(
        ("Location", "Location", "Content-Range", "Content-Encoding", "Content-Type", "ETag", "X-Linked-Etag",
         "X-Linked-Size", "X-Repo-Commit", "Content-Disposition", "Link", "Set-Cookie", "Retry-After", "X-HF-Warning",
         "X-Error-Message", "X-Xet-Hash")
    )  # fmt: skip
    values = [path for path in PATHS if path.isascii() and path.isprintable()]
    values += [
        "http://127.0.0.2:1/",
        "http://[::1]:1/",
        "http://x:99999/",
        "ftp://x",
        "bytes 9-5/abc",
        "bytes 0-1/*",
        "gzip",
        "br",
    ]
    return name, generator.choice((*values, "1" * 60_000, "http://[", "data:,x", "//127.0.0.2/x", 'filename="../x";'))


def check(case: Case) -> None:
    """The model comes, or one sentence does; nothing outside is touched; then a hub as it should be heals it."""
    with (
        tempfile.TemporaryDirectory(prefix="hub-") as folder,
        mock.patch.object(transfer, "ATTEMPTS", 1),
        place(Path(folder)) as here,
    ):
        here.hub.listing, here.hub.answer = case.listing, case.answer
        said = here.press()
        assert not any(word in said for word in WORDS) and len(said) < 1_000, said
        if said:
            here.heal()
