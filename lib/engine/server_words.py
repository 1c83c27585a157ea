"""What is said about a server that does not do what was asked, and what of its own words may be shown."""

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

import httpx2

from lib.errors import PlaygroundError
from lib.settings import settings

TOO_LATE = "The server {} did not answer in time."
MAX_REASON = 300  # characters of what a server gives as its reason


class RemoteError(PlaygroundError):
    """The server cannot be reached, or did not do what was asked."""


class RefusedError(RemoteError):
    """The server answered with an error status."""

    def __init__(self, sentence: str, status: int) -> None:
        super().__init__(sentence)
        self.status = status


def host() -> str:
    """The server's name and port, without anything secret that the address may hold."""
    try:
        parts = urlsplit(settings().remote_url)
        return f"{parts.hostname or '?'}{f':{parts.port}' if parts.port else ''}"
    except ValueError:  # a port that is no number, half an IPv6 address
        return "?"


class Words:
    """A server's own words, fit to be shown: one line, cut, without the secrets that it was sent."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = tuple(secrets)

    def quoted(self, text: str) -> str:
        """`text` as one line of at most MAX_REASON characters.

        >>> Words(["sk-1"]).quoted("no\\nkey sk-1\\x00")
        'no key …'
        """
        for secret in self._secrets:
            text = text.replace(secret, "…")
        text = " ".join("".join(ch if ch.isprintable() else " " for ch in text[: 20 * MAX_REASON]).split())
        return text if len(text) <= MAX_REASON else text[: MAX_REASON - 1] + "…"

    def says(self, body: str) -> str:
        """The reason in an error's body as a sentence to put behind ours, "" if there is none."""
        said = self.quoted(_reason(body))
        return f" It says: “{said}”" if said else ""


def parsed(text: str) -> Any:
    """JSON as data, None where it is none (or nested or long beyond reason).

    >>> parsed('{"a": [1]}'), parsed("[" * 100_000), parsed("1" * 5_000)
    ({'a': [1]}, None, None)
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def kind_of(body: str) -> str:
    """What an answer is, in words.

    >>> kind_of(" <!doctype html>"), kind_of('{"a": 1}'), kind_of("hello"), kind_of("")
    ('with a web page', 'with data of another form', 'with other text', 'with nothing')
    """
    start = body.strip()[:1]
    if not start:
        return "with nothing"
    if start == "<":
        return "with a web page"
    return "with data of another form" if start in "{[" else "with other text"


def _reason(body: str) -> str:
    """The reason in an error's body: OpenAI's error.message, others' message or detail, or plain text."""
    data = parsed(body)
    for _ in range(2):
        if isinstance(data, dict):
            data = next((data[key] for key in ("error", "message", "detail") if data.get(key)), None)
    if isinstance(data, str):
        return data
    return body if kind_of(body) == "with other text" else ""


def refusal(status: int, path: str) -> str:
    """What an error status to a request for `path` means."""
    if status in {401, 403}:
        return f"The server {host()} does not accept the key in PLAYGROUND_REMOTE_KEY."
    if status == 404 and path == "models":
        return f"The server {host()} has no list of models there. PLAYGROUND_REMOTE_URL usually ends in /v1."
    if status == 404:
        return f"The server {host()} does not know this model or has no completions."
    if status == 429:
        return f"The server {host()} is busy or the quota is used up. Try again in a moment."
    return f"The server {host()} {'failed' if status >= 500 else 'refused the request'} (status {status})."


def broken(error: BaseException) -> str:
    """What became of a connection."""
    if isinstance(error, httpx2.ConnectTimeout | httpx2.ConnectError | httpx2.ProxyError):
        return f"The server {host()} cannot be reached. Is it running? Until it is, choose another model."
    if isinstance(error, httpx2.TimeoutException):
        return TOO_LATE.format(host())
    return f"The server {host()} broke off its answer before the end."
