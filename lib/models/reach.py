"""Can the hub be reached from here at all, in the time that a person waits? And what to do where it cannot."""

import re
import socket
import threading
import time
import urllib.request
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit

from lib.models.errors import DownloadError, HubError
from lib.settings import settings

T = TypeVar("T")


def by_hand(hub_id: str) -> str:
    """How to bring a model to a machine that cannot reach the hub."""
    name = hub_id.split("/")[1]
    return (
        f"To bring it by hand: on a machine with a network, download config.json, the tokenizer files and "
        f"model.safetensors from huggingface.co/{hub_id} into a folder called {name}, copy the folder here, and "
        "set PLAYGROUND_MODELS to the folder that contains it."
    )


def check_reachable(endpoint: str, hub_id: str) -> None:
    """Raise DownloadError within `connect_seconds` if nothing answers at the endpoint (or at the proxy before it)."""
    known = settings()
    if known.offline:
        raise DownloadError(f"The hub is switched off here (HF_HUB_OFFLINE is set). {by_hand(hub_id)}")
    try:
        url = urlsplit(endpoint)
        plain = url.scheme in {"http", "https"} and url.hostname and url.port != 0 and "@" not in url.netloc
    except ValueError:  # a port that is no number, half an IPv6 address
        plain = False
    if not plain or not re.fullmatch(r"[!-~]+", endpoint):
        raise DownloadError(
            "HF_ENDPOINT is not the address of a server: it has to look like https://huggingface.co. Set it right, or "
            "take it away, and start the app again."
        )
    if not _answers(endpoint, max(known.connect_seconds - 0.4, 0.1)):
        raise DownloadError(f"The hub ({url.hostname}) cannot be reached from this machine. {by_hand(hub_id)}")


def _answers(endpoint: str, seconds: float) -> bool:
    """Can a connection be opened? Looked up and tried in a thread: name resolution knows no time limit."""
    url = urlsplit(endpoint)
    host = url.hostname or ""
    proxy = None if urllib.request.proxy_bypass(host) else urllib.request.getproxies().get(url.scheme)
    try:
        if proxy:
            url = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        address = (url.hostname or "", url.port or (443 if url.scheme == "https" else 80))
        within(seconds, lambda: socket.create_connection(address, timeout=seconds).close())
    except (HubError, OSError, ValueError):
        return False
    return True


def within(seconds: float, work: Callable[[], T], waiting: Callable[[], None] = lambda: None) -> T:
    """What `work` gives or raises, or a HubError once it has taken too long: it is then left behind in its thread.

    `waiting` is called ten times a second, so that whoever waits can change their mind.
    """
    results: list[T] = []
    errors: list[Exception] = []

    def attempt() -> None:
        try:
            results.append(work())
        except Exception as error:  # raised where it is waited for
            errors.append(error)

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    end = time.monotonic() + seconds
    while thread.is_alive() and time.monotonic() < end:
        thread.join(min(0.1, max(end - time.monotonic(), 0)))
        waiting()
    if errors:
        raise errors[0]
    if not results:
        raise HubError("no answer in time")
    return results[0]
