"""From a name or a folder to a model in memory: finds the folder, checks it, loads safetensors, never runs its code.

Only safetensors are read, never pickles, and `trust_remote_code` is never set. Everything that can be wrong with a
folder ends in a ModelError with one sentence. Knows nothing of batching or sampling.
"""

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lib import models
from lib.engine.memory import available_bytes
from lib.errors import PlaygroundError

if TYPE_CHECKING:
    import torch

DTYPES = ("auto", "float32", "bfloat16", "float16", "int8")
_BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1,
          "F8_E4M3": 1, "F8_E5M2": 1}
_FLOATS = {"F64", "F32", "F16", "BF16"}
_WIDTH = {"float32": 4, "bfloat16": 2, "float16": 2, "int8": 1}
HEADROOM = 300 * 2**20  # bytes kept free for activations, the KV cache and the app itself


class ModelError(PlaygroundError):
    """A model that is not here, is damaged, does not fit, or is of a kind that cannot be used."""


@dataclass(frozen=True)
class Source:
    """A model folder that has been looked at, not yet loaded."""

    model_id: str
    name: str
    folder: Path
    tokenizer: str  # what `lib.tokenization.load` understands


@dataclass(frozen=True)
class Stored:
    """One tensor of a safetensors file, as its header describes it."""

    name: str
    dtype: str  # safetensors' spelling: "F32", "BF16", ...
    shape: tuple[int, ...]
    file: Path

    @property
    def count(self) -> int:
        size = 1
        for side in self.shape:
            size *= side
        return size


def find(model: str | Path) -> Source:
    """The folder of a catalog id, of a local model's id, or the folder itself. Raises ModelError if it is not here."""
    folder = Path(model).expanduser()
    if (folder / "config.json").is_file():
        return Source(folder.name, folder.name, folder, str(folder))
    location = models.where(str(model))
    if location is None:
        raise ModelError(f"The model “{model}” is not on this machine yet. Get it on the Home page, "
                         "or name a folder with a config.json and safetensors weights.")
    spec = models.spec(str(model))
    return Source(spec.id, spec.name, location.folder, spec.tokenizer or str(location.folder))


def stored_tensors(folder: Path) -> list[Stored]:
    """Names, types and shapes of all weights in a folder, from the files' headers alone."""
    files = sorted(folder.glob("*.safetensors"))
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        try:
            files = [folder / name for name in sorted(set(json.loads(index.read_text())["weight_map"].values()))]
        except (ValueError, KeyError) as error:
            raise ModelError(f"{index.name} in “{folder.name}” is damaged.") from error
    elif (folder / "model.safetensors").is_file():
        files = [folder / "model.safetensors"]
    if not files:
        pickles = any(folder.glob("*.bin")) or any(folder.glob("*.pt"))
        hint = " It has only pickle files, which can run code when they are opened, so they are never read." * pickles
        raise ModelError(f"“{folder.name}” has no safetensors weights.{hint}")
    return [tensor for file in files for tensor in _header(file)]


def _header(file: Path) -> Iterator[Stored]:
    try:
        with file.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            if length > file.stat().st_size:
                raise ValueError("header longer than the file")
            header: dict[str, Any] = json.loads(stream.read(length))
        header.pop("__metadata__", None)
        end = max((entry["data_offsets"][1] for entry in header.values()), default=0)
        if file.stat().st_size != 8 + length + end:
            raise ValueError("the file is cut short")
        for name, entry in header.items():
            yield Stored(name, entry["dtype"], tuple(entry["shape"]), file)
    except (OSError, ValueError, KeyError, struct.error) as error:
        raise ModelError(f"The weights file {file.name} is damaged or incomplete. Delete it and get it "
                         "again.") from error


def read_config(folder: Path) -> Any:
    """The transformers configuration of a folder. Raises ModelError on one that transformers cannot run by itself."""
    from transformers import AutoConfig

    try:
        raw = json.loads((folder / "config.json").read_text())
        kind = raw.get("model_type", "none")
    except (OSError, ValueError, AttributeError) as error:
        raise ModelError(f"config.json in “{folder.name}” is damaged.") from error
    try:
        return AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # transformers raises many kinds; all mean the same to the reader
        raise ModelError(f"“{folder.name}” has the model type “{kind}”, which transformers does not know. Models that "
                         "bring code of their own are never run here.") from error


def resolve_dtype(dtype: str, tensors: list[Stored], device: str) -> str:
    """A dtype by name. "auto" is float32, whose numbers equal transformers' own, and bfloat16 when float32 would take
    more than 60% of the free memory (float16 on CUDA)."""
    if dtype not in DTYPES:
        raise ModelError(f"A model computes in one of {', '.join(DTYPES)}, not in “{dtype}”.")
    if dtype != "auto":
        return dtype
    free = free_bytes(device)
    if free is None or weight_bytes(tensors, "float32") + HEADROOM < 0.6 * free:
        return "float32"
    return "float16" if device == "cuda" else "bfloat16"


def pick_device() -> str:
    """The fastest device that PyTorch sees: "cuda", "mps" or "cpu"."""
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def weight_bytes(tensors: list[Stored], dtype: str) -> int:
    """Bytes that the weights take once loaded in `dtype`."""
    return sum(t.count * (_WIDTH[dtype] if t.dtype in _FLOATS else _BYTES.get(t.dtype, 4)) for t in tensors)


def free_bytes(device: str) -> int | None:
    """Memory that a model on `device` may take now."""
    if device != "cuda":
        return available_bytes()
    import torch

    return int(torch.cuda.mem_get_info()[0])


def check_memory(source: Source, tensors: list[Stored], dtype: str, device: str) -> None:
    """Raises ModelError with the numbers when this machine has less to give than the weights need."""
    needed, free = weight_bytes(tensors, dtype) + HEADROOM, free_bytes(device)
    if free is not None and needed > free:
        advice = {"float32": "try bfloat16 or int8", "bfloat16": "try int8", "float16": "try int8"}
        raise ModelError(f"{source.name} in {dtype} needs {needed / 1e9:.1f} GB of memory and only {free / 1e9:.1f} GB "
                         f"is free. Unload another model, or {advice.get(dtype, 'take a smaller one')}.")


def load_module(source: Source, config: Any, *, dtype: str, device: str) -> Any:
    """The transformers model in evaluation mode, without gradients. Raises ModelError on missing weights."""
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()
    try:
        module, report = AutoModelForCausalLM.from_pretrained(
            source.folder, config=config, dtype=getattr(torch, dtype), local_files_only=True, use_safetensors=True,
            trust_remote_code=False, attn_implementation="sdpa", output_loading_info=True)
    except Exception as error:
        raise ModelError(f"“{source.name}” could not be loaded: {_first_line(error)}") from error
    missing = sorted(report["missing_keys"]) + sorted(str(key) for key in report["mismatched_keys"])
    if missing:
        raise ModelError(f"“{source.name}” lacks {len(missing)} of its weights (first: {missing[0]}), so it would "
                         "answer with noise. Get it again.")
    return module.eval().requires_grad_(False).to(device)


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:300]
