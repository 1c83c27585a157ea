"""Models on this machine: in the folders of PLAYGROUND_MODELS, in the app's cache, in the Hugging Face cache."""

import hashlib
import math
import os
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from lib.models import folder_config
from lib.models.catalog import CATALOG, SHIPPED, ModelSpec
from lib.models.chat_format import chat_template
from lib.models.errors import ModelError
from lib.models.folders import Location, Stamp, is_model_folder, meant_as_model, problem, stamp, weight_files
from lib.models.remote import PREFIX as REMOTE
from lib.models.safetensors_header import header
from lib.settings import settings
from lib.tokenization import tokenizer_file

SHIPPED_FOLDER = Path(__file__).parent / "shipped"
_BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}
_DTYPES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}


def app_folder(model_id: str) -> Path:
    """Where this app keeps (or would keep) a catalog model."""
    return settings().home / "models" / model_id


def model_folders() -> Iterator[Path]:
    """The model folders named by PLAYGROUND_MODELS, or found one level below what it names."""
    for root in settings().model_folders:
        if _is_folder(root) and is_model_folder(root):
            yield root
        else:
            yield from (root / name for name in _names(root) if _is_folder(root / name) and meant_as_model(root / name))


def catalog_id(folder: Path) -> str | None:
    """The catalog model that a folder holds, judged by its name and its shape."""
    for spec in CATALOG.values():
        names = {spec.id, spec.hub_id.split("/")[1].lower()}
        if folder.name.lower() in names and _has_the_shape_of(spec, folder):
            return spec.id
    return None


def _has_the_shape_of(spec: ModelSpec, folder: Path) -> bool:
    try:
        config = folder_config.read(folder)
    except ModelError:
        return False
    shape = (config.model_type, config.layers, config.hidden_size, config.vocab_size)
    return shape == (spec.family, spec.layers, spec.hidden_size, spec.vocab_size)


def folder_models() -> dict[str, Path]:
    """Id -> folder for everything in PLAYGROUND_MODELS. The first of two folders of one name wins."""
    found: dict[str, Path] = {}
    for folder in model_folders():
        found.setdefault(catalog_id(folder) or folder_id(folder), folder)
    return found


def folder_id(folder: Path) -> str:
    """The id of a folder that is no catalog model: its name, marked where the catalog means another model by it."""
    name = folder.name.lower()
    if name.startswith((REMOTE, "trained-")):  # the ids of other kinds of models begin so
        return f"local-{name}"
    return f"{name}-local" if name in CATALOG or name in SHIPPED else name


def gguf_file(folder: Path) -> Path | None:
    """The GGUF of a folder that has nothing else to load (the first by name, if there are several)."""
    if os.path.lexists(folder / "config.json"):
        return None
    return next((file for file in sorted(folder.glob("*.gguf")) if file.is_file()), None)


def converted_folder(gguf: Path) -> Path:
    """Where the converted form of somebody's GGUF file is kept: one place for one state of the file."""
    stat = gguf.stat()
    state = hashlib.sha256(f"{gguf.resolve()}:{stat.st_size}:{stat.st_mtime_ns}".encode()).hexdigest()
    return app_folder(f"gguf-{state[:16]}")


def hub_cache_folder(hub_id: str) -> Path | None:
    """The snapshot of a model in the Hugging Face cache: the one that `main` names, else the newest whole one.

    `from_pretrained("gpt2")` keeps GPT-2 under its old name, without the organisation: both are looked for.
    """
    owner, name = hub_id.split("/")
    old = [name] if owner in {"openai-community", "distilbert"} else []
    found = (_whole_snapshot(settings().hub_cache / f"models--{key}") for key in [f"{owner}--{name}", *old])
    return next((snapshot for snapshot in found if snapshot is not None), None)


def _whole_snapshot(base: Path) -> Path | None:
    snapshots = [base / "snapshots" / name for name in _names(base / "snapshots")]
    snapshots.sort(key=_changed, reverse=True)
    try:
        main = (base / "refs" / "main").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        main = ""
    snapshots.sort(key=lambda p: p.name != main)  # stable: `main` first, then newest first
    return next((snapshot for snapshot in snapshots if problem(snapshot) is None), None)


def trouble_with(folder: Path) -> str | None:
    """What keeps a model that brings its own tokenizer from being used, as a sentence; None for one that can be."""
    return problem(folder) or tokenizer_file.problem(folder, most=folder_config.read(folder).vocab_size)


def where(model_id: str) -> Location | None:
    """Where the model's whole weights are, or None. Never touches the network."""
    folder = folder_models().get(model_id)
    if folder is not None:
        gguf = gguf_file(folder)
        folder = converted_folder(gguf) if gguf else folder
        if (trouble_with(folder) if model_id not in CATALOG else problem(folder)) is None:
            return Location(folder, "folder")
    if model_id in CATALOG:
        if problem(app_folder(model_id)) is None:
            return Location(app_folder(model_id), "app")
        cached = hub_cache_folder(CATALOG[model_id].hub_id)
        return Location(cached, "hub cache") if cached else None
    if model_id in SHIPPED and problem(SHIPPED_FOLDER / model_id) is None:
        return Location(SHIPPED_FOLDER / model_id, "shipped")
    return None


@lru_cache(maxsize=64)
def _describe(folder: Path, _state: Stamp) -> ModelSpec:
    """A ModelSpec from a folder's own files, kept while they stay as they are. Raises ModelError."""
    config = folder_config.read(folder)
    size, parameters, dtype = _weights(folder, tied=config.tied)
    template = chat_template(folder)
    return ModelSpec(
        id=folder_id(folder),
        name=folder.name,
        hub_id="",
        role="instruct" if template else "base",
        family=config.model_type,
        licence="",
        download_bytes=size,
        parameters=parameters,
        context=config.context,
        template=template,
        tokenizer=str(folder),
        dtype=dtype,
        layers=config.layers,
        hidden_size=config.hidden_size,
        kv_width=config.kv_width,
        vocab_size=config.vocab_size,
    )


def _weights(folder: Path, *, tied: bool) -> tuple[int, int, str]:
    """Bytes on disk, parameters (a tied head once) and the commonest dtype."""
    size = parameters = 0
    kinds: dict[str, int] = {}
    for file in weight_files(folder):
        size += file.stat().st_size
        for name, entry in header(file).items():
            count = math.prod(entry["shape"])
            if entry["dtype"] in _BYTES and not (tied and name == "lm_head.weight"):
                parameters += count
                kinds[entry["dtype"]] = kinds.get(entry["dtype"], 0) + count
    return size, parameters, _DTYPES[max(kinds, key=lambda kind: kinds[kind])] if kinds else "float32"


def describe(folder: Path) -> ModelSpec:
    """What is known of a model folder that is not in the catalog: a whole one, or a GGUF, converted or not yet.

    Raises ModelError."""
    gguf = gguf_file(folder)
    if gguf is None:
        return _describe(folder, stamp(folder))
    converted = converted_folder(gguf)
    if problem(converted) is None:
        return replace(describe(converted), id=folder_id(folder), name=folder.name)
    size = gguf.stat().st_size
    return ModelSpec(
        folder_id(folder),
        folder.name,
        "",
        "base",
        "",
        "",
        size,
        2 * size,
        0,
        "",
        str(converted),
        "bfloat16",
        0,
        0,
        0,
        0,
    )  # read properly once it is converted; 4 bits a weight until then


def _names(folder: Path) -> list[str]:
    """What is in a folder, sorted; nothing where it cannot be looked into."""
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _is_folder(path: Path) -> bool:
    """Whether it is one that may be asked: a link in a circle or a place of somebody else is none."""
    try:
        return path.is_dir()
    except OSError:
        return False


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
