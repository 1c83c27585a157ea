"""One OpenAI-compatible server over HTTP: its models, and answers that come in pieces.

What it sends is hostile until `lib.engine.remote_events` has read it; here it is bounded in bytes and in time, and all
that goes wrong becomes a sentence in which the key never stands. A request is a connection of its own, which any thread
may end at any moment: a socket that is shut down wakes whoever waits for it.
"""

import contextlib
import re
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx2

from lib.engine.server_words import TOO_LATE, RefusedError, RemoteError, Words, broken, host, kind_of, parsed, refusal
from lib.errors import PlaygroundError
from lib.settings import settings

LIST_SECONDS = 10.0  # for the list of models, in all
SILENCE_SECONDS = 120.0  # how long a busy server may think before the next token
MAX_LIST_BYTES = 4_000_000
MAX_REASON_BYTES = 64_000
MAX_LINE_BYTES = 1_000_000  # an event with 20 alternatives has some 2,000
_PLAIN = {"Accept-Encoding": "identity"}  # a small compressed answer may unpack to gigabytes


@dataclass(frozen=True)
class Listed:
    """A model that the server says it has."""

    name: str
    context: int | None  # tokens, where the server says so


class Request:
    """What was asked and is being answered."""

    def __init__(self) -> None:
        self.ended = False
        self.late = False  # it was given up
        self._stream: Any = None  # httpcore's, once it is connected

    def end(self) -> None:
        """Nobody wants more: whoever waits for the answer is woken. Idempotent, from any thread."""
        self.ended = True
        if self._stream is not None:
            with contextlib.suppress(OSError, AttributeError):  # it has ended by itself
                self._stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)

    def give_up(self) -> None:
        """It has taken too long."""
        self.late = True
        self.end()

    def trace(self, event: str, info: dict[str, Any]) -> None:
        """httpcore's hook: how far the connection is."""
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self._stream = info["return_value"]
            if self.ended:
                self.end()


class Server:
    """The server in the settings. Safe to share. The key is kept in here and shown by nothing."""

    def __init__(self, url: str, key: str = "") -> None:
        """Raises RemoteError for an address or a key that can be none."""
        if host() == "?" or not re.fullmatch(r"https?://[!-~]+", url):
            raise RemoteError("PLAYGROUND_REMOTE_URL must be an address such as http://localhost:8000/v1.")
        if not re.fullmatch(r"[!-~]*", key):
            raise RemoteError("PLAYGROUND_REMOTE_KEY has a character that no key has, such as a space or a line break.")
        self.words = Words(secret for secret in (key, urlsplit(url).password) if secret)
        self._client = httpx2.Client(
            base_url=url.rstrip("/") + "/",
            headers={**_PLAIN, **({"Authorization": f"Bearer {key}"} if key else {})},
            limits=httpx2.Limits(max_keepalive_connections=0),
        )

    def models(self) -> list[Listed]:
        """What it has, within LIST_SECONDS whatever it does. Raises RemoteError."""
        request, found = Request(), list[list[Listed] | PlaygroundError]()

        def work() -> None:
            try:
                with self.answer(request, "GET", "models") as response:
                    found.append(self._listed(self._whole(response, MAX_LIST_BYTES, LIST_SECONDS)))
            except PlaygroundError as error:
                found.append(error)
            except Exception:  # a thread has nobody above it
                found.append(RemoteError(f"The server {host()} sent something unexpected."))

        thread = threading.Thread(target=work, daemon=True, name="server-models")
        thread.start()
        thread.join(LIST_SECONDS)
        answer = found[0] if found else RemoteError(f"The server {host()} did not answer within {LIST_SECONDS:.0f} s.")
        request.end()
        if isinstance(answer, PlaygroundError):
            raise answer
        return answer

    @contextlib.contextmanager
    def answer(
        self, request: Request, method: str, path: str, body: dict[str, Any] | None = None
    ) -> Iterator[httpx2.Response]:
        """The answer's beginning; its body is still to come. Raises RemoteError, RefusedError for an error status."""
        late = threading.Timer(SILENCE_SECONDS, request.give_up)  # also one that sends its headers letter by letter
        late.daemon = True
        late.start()
        try:
            patience = httpx2.Timeout(SILENCE_SECONDS, connect=settings().connect_seconds)
            hook = {"trace": request.trace}
            with self._client.stream(method, path, json=body, timeout=patience, extensions=hook) as response:
                late.cancel()
                self._check(response, path)
                yield response
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, OSError) as error:
            raise RemoteError(TOO_LATE.format(host()) if request.late else broken(error)) from None
        finally:
            late.cancel()

    def close(self) -> None:
        self._client.close()

    def _check(self, response: httpx2.Response, path: str) -> None:
        """Raises RefusedError unless the answer is a plain 200."""
        status = response.status_code
        if status == 200:
            if response.headers.get("content-encoding", "identity").lower() not in {"", "identity"}:
                raise RemoteError(f"The server {host()} sent its answer compressed, which it was asked not to do.")
            return
        if 300 <= status < 400:
            raise RefusedError(
                f"The server {host()} answers with a redirect (status {status}). Give the address that it "
                "leads to as PLAYGROUND_REMOTE_URL.",
                status,
            )
        if status in {401, 403}:  # what is said of a key may have a part of it in it
            raise RefusedError(refusal(status, path), status)
        body = ""
        with contextlib.suppress(RemoteError, httpx2.HTTPError, OSError):
            body = self._whole(response, MAX_REASON_BYTES, LIST_SECONDS)
        raise RefusedError(refusal(status, path) + self.words.says(body), status)

    def _whole(self, response: httpx2.Response, most: int, seconds: float) -> str:
        """The body, bounded. Raises RemoteError."""
        deadline, body = time.monotonic() + seconds, bytearray()
        for piece in response.iter_raw():
            body += piece
            if len(body) > most:
                raise RemoteError(f"The server {host()} sent more than {most / 1e6:.0f} MB where little was asked for.")
            if time.monotonic() > deadline:
                raise RemoteError(f"The server {host()} did not finish its answer within {seconds:.0f} s.")
        return body.decode("utf-8", "replace")

    def _listed(self, body: str) -> list[Listed]:
        """The models in the answer. Raises RemoteError."""
        data = parsed(body)
        entries = data.get("data") if isinstance(data, dict) else None
        if not isinstance(entries, list):
            raise RemoteError(
                f"The server {host()} answered {kind_of(body)} instead of its list of models. Is PLAYGROUND_REMOTE_URL "
                f"right? It usually ends in /v1.{self.words.says(body)}"
            )
        rows = [entry for entry in entries if isinstance(entry, dict) and isinstance(entry.get("id"), str)]
        if not rows:
            raise RemoteError(f"The server {host()} lists no models. Is one loaded there?")
        return [Listed(entry["id"], _context(entry)) for entry in rows]


def _context(entry: dict[str, Any]) -> int | None:
    """How many tokens a listed model can attend to: vLLM's `max_model_len`, llama.cpp's `meta.n_ctx`."""
    meta = entry.get("meta")
    for value in (entry.get("max_model_len"), meta.get("n_ctx") if isinstance(meta, dict) else None):
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= 1 << 40:
            return value
    return None
