"""The hub, or any server in its layout (HF_ENDPOINT): which files does a repository have, and where are they?

huggingface_hub asks; what it is told is checked here before a name or a path is made of it. Wants safetensors,
configurations and tokenizer files; never a pickle. Everything that fails is told in one sentence, with what to do.
"""

import fnmatch
import os
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from lib.models.disk import Progress
from lib.models.errors import DownloadError, HubError, ModelError
from lib.models.reach import by_hand, within

WANTED = re.compile(
    r"(config|generation_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab)\.json"
    r"|merges\.txt|chat_template\.jinja|model(-\d{5}-of-\d{5})?\.safetensors|model\.safetensors\.index\.json"
)
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")
MAX_FILES = 300  # a model of 1.5 TB in shards of 5 GB
MAX_BYTES = 1 << 44  # a file's size that can be true
LIST_SECONDS = 20.0  # for a list of files, all in all


@dataclass(frozen=True)
class HubFile:
    """One file of a repository as the hub lists it: a plain name of ours, and what its content has to be."""

    name: str
    size: int
    sha256: str  # of large files, "" otherwise
    git_sha1: str  # of the others: sha1 of "blob <size>\\0" and the content


@dataclass(frozen=True)
class Repository:
    """A repository at one commit (40 hexadecimal digits), reduced to the files that are wanted."""

    hub_id: str
    commit: str
    files: tuple[HubFile, ...]

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(file.size for file in self.files)


class Hub:
    """One conversation with one endpoint. The token is that of HF_TOKEN, or none: no other place is looked into."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.token = os.environ.get("HF_TOKEN", "").strip()
        if not re.fullmatch(r"[!-~]*", self.token):
            raise DownloadError(
                "HF_TOKEN is no token: it has letters that none has. Copy it again from the hub's settings."
            )
        try:
            from huggingface_hub import HfApi

            import lib.models.hub_client  # noqa: F401 # gives huggingface_hub its client
        except ValueError as error:  # it reads HF_HUB_DOWNLOAD_TIMEOUT and others when it is imported
            raise DownloadError(f"One of this machine's HF_ settings is not what it has to be ({error}).") from None
        self.api = HfApi(endpoint, token=self.token or False, library_name="llm-playground", library_version="1")

    def repository(self, hub_id: str, progress: Progress = lambda *_: None) -> Repository:
        """List what `main` holds now. Raises ModelError for a repository that has only pickles."""

        def ask() -> Any:
            return self.api.model_info(hub_id, revision="main", files_metadata=True)

        try:
            listing = within(LIST_SECONDS, ask, lambda: progress(f"Asking the hub for {hub_id}", None))
            return _checked(hub_id, listing)
        except ModelError:
            raise
        except HubError as error:
            raise self.sentence(error, hub_id) from error
        except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
            # What reading an answer may raise in huggingface_hub, which trusts the hub.
            raise self.sentence(HubError("not what a hub answers"), hub_id) from error

    def configuration(self, hub_id: str) -> bytes:
        """The config.json that `main` has now, asked for without a token: whoever reads it may be a stranger.
        Raises HubError."""
        from huggingface_hub import get_session, hf_hub_url

        url = hf_hub_url(hub_id, "config.json", revision="main", endpoint=self.endpoint)
        content: bytes = within(LIST_SECONDS, lambda: get_session().get(url)).content
        return content

    def address(self, repository: Repository, file: HubFile) -> str:
        """Where a file is fetched from."""
        from huggingface_hub import hf_hub_url

        return hf_hub_url(repository.hub_id, file.name, revision=repository.commit, endpoint=self.endpoint)

    def headers(self) -> dict[str, str]:
        """What is sent along with every request for a file."""
        from huggingface_hub.utils import build_hf_headers

        return build_hf_headers(token=self.token or False, library_name="llm-playground", library_version="1")

    def sentence(self, error: HubError, hub_id: str) -> DownloadError:
        """What to tell a person about an answer that cannot be used."""
        host = urlsplit(self.endpoint).hostname
        if error.code in {401, 403} and self.token:
            return DownloadError(
                f"The hub does not give {hub_id} to whoever has the token in HF_TOKEN (error {error.code}). Accept the "
                "model's terms on the hub, or take a token that is still good (or none, where none is needed), start "
                "the app again, and try again."
            )
        if error.code in {401, 403}:
            return DownloadError(
                f"The hub does not give {hub_id} to everybody (error {error.code}). Accept its terms on the "
                "hub, put your token in HF_TOKEN, start the app again, and try again."
            )
        if error.code == 404:
            return DownloadError(f"The hub at {host} has no {hub_id}. {by_hand(hub_id)}")
        return DownloadError(
            f"The hub gave no usable answer about {hub_id} ({error}). Try again later. {by_hand(hub_id)}"
        )


def _checked(hub_id: str, listing: Any) -> Repository:
    """The listing as a Repository, every part of it in the form that it has to have: the border.

    Raises ModelError for what cannot be used, and ValueError for what is no listing.
    """
    siblings = list(listing.siblings or ())
    names = [str(sibling.rfilename) for sibling in siblings]
    files = {name: _file(name, one) for name, one in zip(names, siblings, strict=True) if WANTED.fullmatch(name)}
    if not isinstance(listing.sha, str) or not re.fullmatch(r"[0-9a-f]{40}", listing.sha) or len(files) > MAX_FILES:
        raise ValueError("no commit, or more files than a model has")
    if not any(name.endswith(".safetensors") for name in files):
        if any(fnmatch.fnmatchcase(name, pattern) for name in names for pattern in PICKLES):
            raise ModelError(
                f"{hub_id} has its weights only as pickles, which can run any code when they are "
                "opened. Only safetensors and GGUF files are read."
            )
        raise ModelError(f"{hub_id} has no safetensors weights on the hub.")
    return Repository(hub_id, listing.sha, tuple(files.values()))


def _file(name: str, sibling: Any) -> HubFile:
    size = sibling.lfs.size if sibling.lfs else sibling.size
    sha256 = str(sibling.lfs.sha256).removeprefix("sha256:") if sibling.lfs else ""
    git_sha1 = "" if sibling.lfs else str(sibling.blob_id)
    if type(size) is not int or not 0 <= size < MAX_BYTES:
        raise ValueError("no size")
    if not re.fullmatch(r"[0-9a-f]{64}" if sibling.lfs else r"[0-9a-f]{40}", sha256 or git_sha1):
        raise ValueError("no hash, so that what comes could not be checked")
    return HubFile(name, size, sha256, git_sha1)
