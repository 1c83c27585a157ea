"""The hub, or any server in its layout (HF_ENDPOINT): is it there, and which files does a repository have?

Asks `/api/models/{repo}/revision/main?blobs=true`, which names every file with its size and hash. Wants safetensors,
configurations and tokenizer files; never a pickle. Everything that fails is told in one sentence, with what to do.
"""

import fnmatch
import os
import socket
import threading
import urllib.request
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from lib.models.errors import DownloadError, ModelError
from lib.settings import settings

if TYPE_CHECKING:
    import requests

WANTED = (
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "chat_template.jinja",
    "model.safetensors",
    "model-*-of-*.safetensors",
    "model.safetensors.index.json",
)
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")
READ_SECONDS = 20.0  # of silence after which a connection counts as lost


@dataclass(frozen=True)
class HubFile:
    """One file of a repository as the hub lists it. `size` is -1 where it is not said."""

    name: str
    size: int
    sha256: str  # of large files, "" otherwise
    git_sha1: str  # of the others: sha1 of "blob <size>\\0" and the content


@dataclass(frozen=True)
class Repository:
    """A repository at one commit, reduced to the files that are wanted."""

    hub_id: str
    commit: str
    files: tuple[HubFile, ...]

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(max(file.size, 0) for file in self.files)


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
    host = urlsplit(endpoint).hostname or ""
    if known.offline:
        raise DownloadError(f"The hub is switched off here (HF_HUB_OFFLINE is set). {by_hand(hub_id)}")
    if not _answers(endpoint, max(known.connect_seconds - 0.4, 0.1)):
        raise DownloadError(f"The hub ({host}) cannot be reached from this machine. {by_hand(hub_id)}")


def _answers(endpoint: str, seconds: float) -> bool:
    """Can a connection be opened? Looked up and tried in a thread: name resolution knows no time limit."""
    url = urlsplit(endpoint)
    host = url.hostname or ""
    proxy = None if urllib.request.proxy_bypass(host) else urllib.request.getproxies().get(url.scheme)
    if proxy:
        url = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    address = (url.hostname or "", url.port or (443 if url.scheme == "https" else 80))
    answered = threading.Event()

    def connect() -> None:
        try:
            socket.create_connection(address, timeout=seconds).close()
            answered.set()
        except OSError:
            pass

    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    thread.join(seconds)
    return answered.is_set()


class Hub:
    """One conversation with one endpoint."""

    def __init__(self, endpoint: str) -> None:
        import requests

        self.endpoint = endpoint
        self.session = requests.Session()
        self.session.headers["User-Agent"] = "llm-playground"
        if token := os.environ.get("HF_TOKEN", "").strip():
            self.session.headers["Authorization"] = f"Bearer {token}"

    def get(self, url: str, hub_id: str, **options: Any) -> "requests.Response":
        """GET with time limits. Refusals become DownloadErrors, other failures stay requests' own exceptions."""
        import requests

        response = self.session.get(url, timeout=(settings().connect_seconds, READ_SECONDS), **options)
        code = response.status_code
        if code in {401, 403}:
            raise DownloadError(
                f"The hub does not give {hub_id} to everybody (error {code}). Accept its terms on the "
                "hub, put your token in HF_TOKEN, and try again."
            )
        if code == 404:
            raise DownloadError(f"The hub at {urlsplit(self.endpoint).hostname} has no {hub_id}. {by_hand(hub_id)}")
        if code >= 400 and code != 416:
            raise requests.HTTPError(f"error {code}", response=response)
        return response

    def repository(self, hub_id: str) -> Repository:
        """List what `main` holds now. Raises ModelError for a repository that has only pickles."""
        import requests

        url = f"{self.endpoint}/api/models/{quote(hub_id)}/revision/main?blobs=true"
        try:
            listing = self.get(url, hub_id).json()
            commit, siblings = str(listing["sha"]), list(listing["siblings"])
            files = [_hub_file(sibling) for sibling in siblings]
        except (requests.RequestException, ValueError, KeyError, TypeError) as error:
            if isinstance(error, DownloadError):
                raise
            raise DownloadError(
                f"The hub gave no usable answer about {hub_id} ({reason(error)}). Try again later. {by_hand(hub_id)}"
            ) from None
        wanted = tuple(
            file
            for file in files
            if any(fnmatch.fnmatchcase(file.name, p) for p in WANTED)
            and Path(file.name).name == file.name == PureWindowsPath(file.name).name
        )
        if not any(file.name.endswith(".safetensors") for file in wanted):
            if any(fnmatch.fnmatchcase(file.name, pattern) for file in files for pattern in PICKLES):
                raise ModelError(
                    f"{hub_id} has its weights only as pickles, which can run any code when they are "
                    "opened. Only safetensors and GGUF files are read."
                )
            raise ModelError(f"{hub_id} has no safetensors weights on the hub.")
        return Repository(hub_id, commit, wanted)


def _hub_file(sibling: dict[str, Any]) -> HubFile:
    lfs = sibling.get("lfs") or {}
    size = lfs.get("size", sibling.get("size"))
    return HubFile(
        str(sibling["rfilename"]),
        int(size) if size is not None else -1,
        str(lfs.get("sha256") or lfs.get("oid") or "").removeprefix("sha256:"),
        "" if lfs else str(sibling.get("blobId") or ""),
    )


def reason(error: Exception) -> str:
    """The kind of failure in a few words.

    >>> reason(TimeoutError())
    'no answer in time'
    """
    import requests

    if isinstance(error, requests.HTTPError):
        return str(error)
    if isinstance(error, requests.Timeout | TimeoutError):
        return "no answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not trusted here"
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy refused"
    if isinstance(error, requests.ConnectionError | ConnectionError | EOFError):
        return "the connection was cut"
    return "not what a hub answers"
