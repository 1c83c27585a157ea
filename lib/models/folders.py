"""Is this folder a whole model? Headers and sizes only: no weights are read, nothing is imported that is slow."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from lib.json_file import json_object
from lib.models import folder_config
from lib.models.errors import ModelError
from lib.models.folder_config import shown_name
from lib.models.safetensors_header import HeaderError, header

_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
_OURS = {"config.json", "tokenizer.json", "model.safetensors", "model.safetensors.index.json"}
_INDEX_BYTES = 50_000_000  # of a list of weight files; that of the largest published models has 10 MB

_MODEL_FILE = re.compile(r"\.(json|safetensors|jinja|gguf)$")
Stamp = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class Location:
    """Where a model's files are. `source`: "folder", "app", "hub cache", "training", "shipped"."""

    folder: Path
    source: str


def is_model_folder(folder: Path) -> bool:
    """Does it look like a model at all (whole or not)?"""
    return os.path.isfile(folder / "config.json") or any(name.endswith(".gguf") for name in _names(folder))


def meant_as_model(folder: Path) -> bool:
    """Whether somebody meant this folder to be one: a part of a model is in it, so what is missing should be said."""
    names = _names(folder)
    return any(name in _OURS or name.endswith((".gguf", ".safetensors", *_PICKLES)) for name in names)


def stamp(folder: Path) -> Stamp:
    """Changes when any file does that a model is made of: names, times in nanoseconds, sizes."""
    found = []
    for name in filter(_MODEL_FILE.search, _names(folder)):
        try:
            stat = os.stat(folder / name)
        except OSError:  # gone, or a link that leads nowhere
            continue
        found.append((name, stat.st_mtime_ns, stat.st_size))
    return tuple(found)


def problem(folder: Path) -> str | None:
    """What keeps the folder from being loaded, as a sentence, or None for a whole model with safetensors weights."""
    try:
        _check(folder)
    except ModelError as error:
        return str(error)
    except OSError as error:  # not allowed, a link in a circle, a disk that fails
        return f"The model folder {shown_name(folder)} cannot be read here ({(error.strerror or 'no reason').lower()})."
    return None


def _check(folder: Path) -> None:
    if not folder.is_dir():
        raise ModelError(f"There is no folder {folder}.")
    if not folder.name.isprintable() or len(folder.name) > 100:
        raise ModelError(
            f"The model folder {shown_name(folder)} cannot be used: its name has characters that cannot be shown, "
            "or more than 100 of them. Give it another name."
        )
    folder_config.read(folder)
    generation_ids(folder)
    files = weight_files(folder)
    if not files:
        raise ModelError(_no_weights(folder))
    for file in files:
        if (trouble := safetensors_problem(file)) is not None:
            raise ModelError(trouble)


def generation_ids(folder: Path) -> frozenset[int]:
    """The tokens that end a text by generation_config.json. Raises ModelError where it names something else."""
    try:
        said = json_object(folder / "generation_config.json")
    except (OSError, ValueError):  # a file that is not needed
        return frozenset()
    try:
        return folder_config.token_ids(said.get("eos_token_id"))
    except ValueError as error:
        raise ModelError(
            f"The model folder {shown_name(folder)} cannot be used: its generation_config.json {error}."
        ) from None


def _no_weights(folder: Path) -> str:
    if any(name.endswith(_PICKLES) for name in _names(folder)):
        return (
            f"The model folder {folder.name} has its weights only as pickles, which can run any code when they "
            "are opened. Only safetensors and GGUF files are read."
        )
    return f"The model folder {folder.name} has no weights (model.safetensors)."


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of a model, from its index if in shards. Raises ModelError on a damaged index."""
    index = folder / "model.safetensors.index.json"
    if index.exists():
        try:
            shards = json_object(index, _INDEX_BYTES).get("weight_map")
        except (OSError, ValueError):
            shards = None
        if not isinstance(shards, dict) or not shards:
            raise ModelError(f"The list of weight files of {folder.name} is damaged. Get the model again.")
        named = {str(shard) for shard in shards.values()}
        if any(Path(name).name != name or "\\" in name or not name.endswith(".safetensors") for name in named):
            raise ModelError(
                f"The list of weight files of {folder.name} names files outside of its folder, and those are never "
                "read. Get the model again."
            )
        return [folder / name for name in sorted(named)]
    single = folder / "model.safetensors"
    return [single] if single.exists() else []


def safetensors_problem(path: Path) -> str | None:
    """A sentence if the file is missing, cut short or no safetensors file."""
    if not path.is_file():
        what = "is no ordinary file" if path.exists() else "is missing"
        return f"The weights file {shown_name(path)} in {path.parent.name} {what}. Get the model again."
    try:
        header(path)
    except OSError as error:
        why = (error.strerror or "no reason").lower()
        return f"The weights file {path.name} in {path.parent.name} cannot be read here ({why})."
    except HeaderError as error:
        return f"The weights file {path.name} in {path.parent.name} is damaged: {error}. Delete it and get it again."
    return None


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []
