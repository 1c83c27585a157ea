"""How the hub is asked: huggingface_hub's own client, with limits that a person can wait for, and a border.

huggingface_hub lets a program hand it an HTTP client. Its own waits without end for a listing, reads answers of any
length, unpacks them whatever comes out, follows redirects to any address, and tries again for minutes.
"""

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx2
import huggingface_hub
from huggingface_hub import constants

from lib.models.errors import HubError
from lib.settings import settings

READ_SECONDS = 10.0  # of silence after which a connection counts as lost
SLOW_SECONDS, SLOW_BYTES = 20.0, 20_000  # less than that in this time: lost as well (a model would take a week)
MAX_ANSWER = 10_000_000  # bytes of a list of files; those of the catalog have 20 kB at most
CHUNK = 1 << 16  # bytes of a file that are written, and told of, at a time
MAX_REDIRECTS = 5
_LIMIT = "most_bytes"  # the key under which a request carries how long its answer may be


def _client() -> httpx2.Client:
    hooks: dict[str, list[Any]] = {"request": [_check_address], "response": [_check_answer]}
    # Not compressed: sizes and ranges are those of the file, and nothing small becomes something enormous here.
    headers = {"Accept-Encoding": "identity"}
    return _Client(event_hooks=hooks, headers=headers, follow_redirects=True, max_redirects=MAX_REDIRECTS, timeout=None)


class _Client(httpx2.Client):
    """Failures are HubErrors, which huggingface_hub does not know and so does not repeat on its own."""

    def send(self, request: httpx2.Request, *, stream: bool = False, **options: Any) -> httpx2.Response:
        """As httpx2's; an answer that is wanted in one piece may have MAX_ANSWER bytes."""
        request.extensions = {**request.extensions, _LIMIT: None if stream else MAX_ANSWER}
        with _in_words():
            return super().send(request, stream=stream, **options)


def _check_address(request: httpx2.Request) -> None:
    """Called before every request, the redirected ones too."""
    known = settings()
    hub, url = urlsplit(known.hub_endpoint), request.url
    if known.offline:
        raise HubError("HF_HUB_OFFLINE is set")
    if url.scheme not in {"http", "https"}:
        raise HubError("it sent us to an address that is not on the web")
    if url.scheme not in {"https", hub.scheme}:
        raise HubError("it sent us to an address without encryption")
    if url.host != hub.hostname and is_inside(url.host, private=hub.scheme == "https"):
        raise HubError("it sent us to an address inside this network")
    limits = httpx2.Timeout(READ_SECONDS, connect=known.connect_seconds)
    request.extensions = {**request.extensions, "timeout": limits.as_dict()}


def is_inside(host: str, *, private: bool) -> bool:
    """Does a host's name say that it is this machine or its link, or with `private` any that is not on the Internet?

    >>> [is_inside(host, private=True) for host in ("localhost", "169.254.169.254", "127.1", "10.0.0.5", "hf.co")]
    [True, True, True, True, False]
    """
    if host.rstrip(".").endswith("localhost"):
        return True
    try:
        address = ipaddress.ip_address(host if ":" in host else socket.inet_aton(host))  # inet_aton: 127.1, 0x7f000001
    except (OSError, ValueError):
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    here = address.is_loopback or address.is_link_local or address.is_unspecified or address.is_multicast
    return here or (private and not address.is_global)


def _check_answer(response: httpx2.Response) -> None:
    """Called before anything of an answer's body is read."""
    redirected = response.has_redirect_location
    limit = MAX_ANSWER if redirected else response.request.extensions.get(_LIMIT)
    response.stream = _Body(response.stream, limit)
    if redirected:
        return
    if response.status_code not in {200, 206}:
        raise HubError(f"error {response.status_code}", response.status_code)
    asked, sent = response.request.headers.get("Range", ""), response.headers.get("Content-Range", "")
    if response.status_code == 206 and not (asked and sent.startswith(asked.replace("=", " "))):
        raise HubError("it sent a piece that was not asked for")
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise HubError("it sent a compressed answer, which nobody asked for")
    if "html" in response.headers.get("Content-Type", "").lower():
        raise HubError("a web page came instead: this network may want you to sign in first, or a filter is in the way")


class _Body(httpx2.SyncByteStream):
    """The bytes of an answer as they come, up to `limit`, and not too slowly."""

    def __init__(self, stream: Any, limit: int | None) -> None:
        self.stream, self.limit = stream, limit

    def __iter__(self) -> Iterator[bytes]:
        came, counted, since = 0, 0, time.monotonic()
        with _in_words():
            for piece in self.stream:
                came += len(piece)
                if self.limit is not None and came > self.limit:
                    raise HubError("its answer was too long")
                if (now := time.monotonic()) - since > SLOW_SECONDS:
                    if came - counted < SLOW_BYTES:
                        raise HubError("almost nothing came any more")
                    counted, since = came, now
                yield piece

    def close(self) -> None:
        self.stream.close()


@contextmanager
def _in_words() -> Iterator[None]:
    """What the network's layers raise, as a HubError."""
    try:
        yield
    except (
        httpx2.HTTPError,
        httpx2.InvalidURL,
        httpx2.CookieConflict,
        httpx2.StreamError,
        OSError,
        ValueError,
    ) as error:
        raise HubError(_words(error)) from error


def _words(error: Exception) -> str:
    """The kind of failure in a few words.

    >>> _words(httpx2.ReadTimeout("")), _words(httpx2.ReadError(""))
    ('no answer in time', 'the connection was cut')
    """
    if isinstance(error, httpx2.TimeoutException | TimeoutError):
        return "no answer in time"
    if isinstance(error, httpx2.ProxyError):
        return "the proxy refused"
    if isinstance(error, httpx2.TooManyRedirects):
        return "it sends from one address to the next without end"
    if isinstance(error, ssl.SSLError) or "CERTIFICATE" in str(error).upper():
        return "its certificate is not trusted here"
    if isinstance(error, httpx2.NetworkError | httpx2.RemoteProtocolError | ConnectionError):
        return "the connection was cut"
    return "not what a hub answers"


# Once, when this is imported: setting a client closes the one before, with whatever is on its way through it.
constants.HF_HUB_DISABLE_TELEMETRY = True  # else it asks the hub for a list of programs and writes it into HF_HOME
constants.DOWNLOAD_CHUNK_SIZE = CHUNK  # else 10 MB: what a broken line, or a kill, loses
huggingface_hub.set_client_factory(_client)
