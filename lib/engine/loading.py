"""What has to be known before a model is loaded: where it is, in which dtype, on which device, whether it fits."""

import os
from dataclasses import dataclass
from pathlib import Path

from lib import models
from lib.engine import own_kernels
from lib.engine.stored_weights import StoredTensor, weight_bytes
from lib.models import ModelError
from lib.models.memory import BYTES_PER_WEIGHT, available_bytes, headroom, total_bytes

DTYPES = ("auto", "float32", "bfloat16", "float16", "int8")


@dataclass(frozen=True)
class Source:
    """A model folder that has been looked at, not yet loaded."""

    model_id: str
    name: str
    folder: Path
    tokenizer: str  # what `lib.tokenization.load` understands


def find(model: str | Path) -> Source:
    """The folder of a catalog id, of a local model's id, or the folder itself. Raises ModelError if it is not here."""
    folder = Path(os.path.expanduser(model))  # leaves a "~" of nobody as it is
    if isinstance(model, Path) or os.path.isfile(folder / "config.json"):
        return Source(folder.name, folder.name, folder, str(folder))
    location = models.require(str(model))
    spec = models.spec(str(model))
    return Source(spec.id, spec.name, location.folder, spec.tokenizer or str(location.folder))


def resolve_dtype(dtype: str, tensors: list[StoredTensor], device: str) -> str:
    """A dtype by name. "auto" is float32, whose numbers equal transformers' own, and bfloat16 when float32 would take
    more than 60% of the free memory (float16 on CUDA). Raises ModelError on one that cannot be had."""
    if dtype not in DTYPES:
        raise ModelError(f"A model computes in one of {', '.join(DTYPES)}, not in “{dtype}”.")
    own_kernels.check_dtype(dtype)
    if dtype != "auto":
        return dtype
    free = free_bytes(device)
    if free is None or weight_bytes(tensors, "float32") + headroom() < 0.6 * free:
        return "float32"
    return "float16" if device == "cuda" else "bfloat16"


def free_bytes(device: str) -> int | None:
    """Memory that a model on `device` may take now."""
    if device != "cuda":
        return available_bytes()
    import torch

    return int(torch.cuda.mem_get_info()[0])


def check_memory(source: Source, tensors: list[StoredTensor], dtype: str, device: str) -> None:
    """Raises ModelError with the numbers when this machine has less to give than the weights need."""
    needed, free = weight_bytes(tensors, dtype) + headroom(), free_bytes(device)
    if free is not None and needed > free:
        narrower = [kind for kind in ("bfloat16", "int8") if BYTES_PER_WEIGHT[kind] < BYTES_PER_WEIGHT[dtype]]
        kinds = [
            kind
            for kind in narrower
            if (kind != "int8" or own_kernels.wanted()) and weight_bytes(tensors, kind) + headroom() <= free
        ]
        advice = f"try {' or '.join(kinds)}" if kinds else "take a smaller one"
        unload = "Unload another model, or " if needed <= total_bytes() else "That is more than this machine has: "
        raise ModelError(
            f"{source.name} in {dtype} needs {needed / 1e9:.1f} GB of memory and only {free / 1e9:.1f} GB "
            f"is free. {unload}{advice}."
        )


def pick_device() -> str:
    """The fastest device that PyTorch sees: "cuda", "mps" or "cpu"."""
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
