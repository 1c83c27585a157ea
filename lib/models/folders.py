"""Is this folder a whole model? Headers and sizes only: no weights are read, nothing is imported that is slow."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib.json_file import read_json

_MAX_HEADER = 100_000_000  # bytes, safetensors' own limit
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")


@dataclass(frozen=True)
class Location:
    """Where a model's files are. `source`: "folder", "app", "hub cache", "training", "shipped"."""

    folder: Path
    source: str


def is_model_folder(folder: Path) -> bool:
    """Does it look like a model at all (whole or not)?"""
    return (folder / "config.json").is_file() or any(folder.glob("*.gguf"))


def problem(folder: Path) -> str | None:
    """What keeps the folder from being loaded, as a sentence, or None for a whole model with safetensors weights."""
    if not folder.is_dir():
        return f"There is no folder {folder}."
    config = read_json(folder / "config.json")
    if not isinstance(config.get("model_type"), str):
        return f"The model folder {folder.name} has no config.json that says what kind of model it is."
    try:
        files = weight_files(folder)
    except ValueError as error:
        return str(error)
    troubles = [trouble for file in files if (trouble := safetensors_problem(file)) is not None]
    return next(iter(troubles), None) if files else _no_weights(folder)


def _no_weights(folder: Path) -> str:
    if any(next(folder.glob(pattern), None) for pattern in _PICKLES):
        return (
            f"The model folder {folder.name} has its weights only as pickles, which can run any code when they "
            "are opened. Only safetensors and GGUF files are read."
        )
    return f"The model folder {folder.name} has no weights (model.safetensors)."


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of a model, from its index if in shards. Raises ValueError on a damaged index."""
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        shards = read_json(index).get("weight_map")
        if not isinstance(shards, dict) or not shards:
            raise ValueError(f"The list of weight files of {folder.name} is damaged. Get the model again.")
        return [folder / name for name in sorted({Path(str(shard)).name for shard in shards.values()})]
    single = folder / "model.safetensors"
    return [single] if single.is_file() else []


def safetensors_header(path: Path) -> dict[str, Any]:
    """Names, shapes and offsets of a safetensors file. Raises ValueError if the file is not whole."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or not 2 <= length <= min(_MAX_HEADER, size - 8):
            raise ValueError("its header is not there")
        header = json.loads(file.read(length))
    header.pop("__metadata__", None)
    end = max((entry["data_offsets"][1] for entry in header.values()), default=0)
    if size != 8 + length + end:
        raise ValueError(f"it has {size:,} bytes instead of {8 + length + end:,}")
    return dict(header)


def safetensors_problem(path: Path) -> str | None:
    """A sentence if the file is missing, cut short or no safetensors file."""
    if not path.is_file():
        return f"The weights file {path.name} is missing in {path.parent.name}. Get the model again."
    try:
        safetensors_header(path)
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        reason = str(error) if "byte" in str(error) or "header" in str(error) else "its header cannot be read"
        return f"The weights file {path.name} in {path.parent.name} is damaged: {reason}. Delete it and get it again."
    return None
