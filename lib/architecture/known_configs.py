"""The configurations that come with the app, and others by folder or hub id. Configuration only: no weights.

`configs/SOURCES.json` says for each where its values and its published count were seen.
"""

import json
import os
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from lib.architecture.config_border import parsed
from lib.architecture.config_readers import read
from lib.architecture.errors import ArchitectureError
from lib.architecture.spec import Architecture
from lib.models.errors import HubError, ModelError
from lib.models.hub import Hub
from lib.settings import settings

FOLDER = Path(__file__).parent / "configs"
MAX_BYTES = 2_000_000  # of a config.json
_HUB_ID = re.compile(r"[\w.-]{1,96}/[\w.-]{1,96}|[\w.-]{1,96}", re.ASCII)
_NO_ID = "A hub id looks like owner/name, for example Qwen/Qwen2.5-0.5B."
_LABELS = {
    "gpt2": "GPT-2 small",
    "gpt2-medium": "GPT-2 medium",
    "gpt2-large": "GPT-2 large",
    "gpt2-xl": "GPT-2 XL",
    "distilgpt2": "DistilGPT-2",
    "gemma-3-270m": "Gemma 3 270M",
    "pythia-70m": "Pythia 70M",
    "phi-2": "Phi-2",
    "tinyllama-1.1b-chat-v1.0": "TinyLlama 1.1B Chat",
    "llama-3.2-1b": "Llama 3.2 1B",
}


@cache
def _sources() -> dict[str, dict[str, Any]]:
    """By our id (lower-case file name): the hub id and what SOURCES.json says."""
    raw = json.loads((FOLDER / "SOURCES.json").read_text(encoding="utf-8"))
    return {info["file"].removesuffix(".json").lower(): {"hub_id": hub_id, **info} for hub_id, info in raw.items()}


def names() -> list[str]:
    """Ids of all configurations here, in the order of the lesson: GPT-2 first, then by family and size.

    >>> names()[:2]
    ['gpt2', 'gpt2-medium']
    """
    return list(_sources())


def label(model_id: str) -> str:
    """The name for people.

    >>> label("gpt2-xl"), label("qwen2.5-0.5b")
    ('GPT-2 XL', 'Qwen2.5-0.5B')
    """
    return _LABELS.get(model_id) or str(_sources()[model_id]["file"]).removesuffix(".json")


@cache
def architecture(model_id: str) -> Architecture:
    """A configuration that comes with the app, by id ("gpt2"), hub id ("openai-community/gpt2") or file name."""
    wanted = model_id.strip().lower()
    for key, info in _sources().items():
        if wanted in {key, info["hub_id"].lower()}:
            config = json.loads((FOLDER / info["file"]).read_text(encoding="utf-8"))
            return read(config, name=label(key), hub_id=info["hub_id"], published=info["published_parameters"])
    raise ArchitectureError(f"There is no configuration called {model_id[:80]!r} here.")


def sources(arch: Architecture) -> tuple[list[str], list[str]]:
    """Where the configuration and its published count were seen: two lists, empty for other models."""
    info = next((i for i in _sources().values() if i["hub_id"] == arch.hub_id and arch.published), {})
    return list(info.get("config_sources", [])), list(info.get("count_sources", []))


def from_folder(path: str | Path) -> Architecture:
    """The architecture of a local model folder (its config.json)."""
    folder = Path(path).expanduser()
    file = folder if folder.suffix == ".json" else folder / "config.json"
    if not os.path.exists(folder):
        raise ArchitectureError(f"There is no folder “{str(folder)[:200]}”.")
    if not file.is_file():
        raise ArchitectureError(f"There is no config.json in “{str(folder)[:200]}”.")
    if file.stat().st_size > MAX_BYTES:
        raise ArchitectureError("That config.json is too large to be a model's configuration.")
    return read(parsed(file.read_bytes()), name=file.parent.name)


def from_hub(hub_id: str) -> Architecture:
    """The architecture of any hub model: fetches its config.json (a few kB) and nothing else."""
    hub_id = hub_id.strip().removeprefix("https://huggingface.co/").strip("/")
    if not _HUB_ID.fullmatch(hub_id) or ".." in hub_id:
        raise ArchitectureError(_NO_ID)
    if hub_id.lower() in {info["hub_id"].lower() for info in _sources().values()}:
        return architecture(hub_id)
    known = settings()
    if known.offline:
        raise ArchitectureError("The hub is switched off here (HF_HUB_OFFLINE). The models in the list need no hub.")
    return read(parsed(_fetch(known.hub_endpoint, hub_id)), name=hub_id.rsplit("/", 1)[-1], hub_id=hub_id)


def _fetch(endpoint: str, hub_id: str) -> bytes:
    try:
        data = Hub(endpoint).configuration(hub_id)
    except HubError as error:
        if error.code in {401, 403, 404}:
            raise ArchitectureError(
                f"The hub has no public configuration for {hub_id} (it may be gated, or the name "
                "may be spelled differently)."
            ) from error
        if error.code:
            raise ArchitectureError(f"The hub answered with error {error.code}; please try again later.") from error
        raise ArchitectureError("The hub cannot be reached from here. The models in the list need no hub.") from error
    except ModelError as error:  # one of this machine's settings
        raise ArchitectureError(str(error)) from error
    except ValueError as error:  # huggingface_hub knows more of what an id may be
        raise ArchitectureError(_NO_ID) from error
    if len(data) > MAX_BYTES:
        raise ArchitectureError("That config.json is too large to be a model's configuration.")
    return data


def resolve(config: object) -> Architecture:
    """An Architecture from whatever names one: itself, an id, a folder, a dict, a transformers configuration."""
    if isinstance(config, Architecture):
        return config
    if isinstance(config, Mapping):
        return read(config)
    if hasattr(config, "to_dict") and hasattr(config, "model_type"):
        return read(config.to_dict())
    if isinstance(config, str | os.PathLike):
        text = os.fspath(config)
        if "/" in text and Path(text).expanduser().exists():
            return from_folder(text)
        return architecture(text)
    raise ArchitectureError("A configuration is an id, a model folder or a transformers configuration.")
