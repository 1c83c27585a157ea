"""From a name or a folder to a model in memory: finds the folder, checks it, loads safetensors, never runs its code.

Only safetensors are read, never pickles, and `trust_remote_code` is never set. Everything that can be wrong with a
folder ends in a ModelError with one sentence. Knows nothing of batching or sampling.
"""

import contextlib
import ctypes
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib import models
from lib.engine import own_kernels
from lib.models import ModelError, folder_config, folders
from lib.models.memory import WIDTHS, available_bytes, headroom, total_bytes
from lib.models.safetensors_header import header

DTYPES = ("auto", "float32", "bfloat16", "float16", "int8")
# The exponent's bits of a number format, and the integers of its width.
_EXPONENTS = {
    "torch.float64": (0x7FF0 << 48, "int64"),
    "torch.float32": (0x7F80 << 16, "int32"),
    "torch.bfloat16": (0x7F80, "int16"),
    "torch.float16": (0x7C00, "int16"),
}
FLOATS = {"F64", "F32", "F16", "BF16"}


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
    start: int = 0  # bytes from the beginning of the file

    @property
    def count(self) -> int:
        """Number of values.

        >>> Stored("w", "F32", (2, 3), Path("x")).count
        6
        """
        size = 1
        for side in self.shape:
            size *= side
        return size


def find(model: str | Path) -> Source:
    """The folder of a catalog id, of a local model's id, or the folder itself. Raises ModelError if it is not here."""
    folder = Path(os.path.expanduser(model))  # leaves a "~" of nobody as it is
    if isinstance(model, Path) or os.path.isfile(folder / "config.json"):
        return Source(folder.name, folder.name, folder, str(folder))
    location = models.require(str(model))
    spec = models.spec(str(model))
    return Source(spec.id, spec.name, location.folder, spec.tokenizer or str(location.folder))


def stored_tensors(folder: Path) -> list[Stored]:
    """Names, types and shapes of all weights, from the files' headers. Raises ModelError if they are not whole, or of a
    type that is no plain number."""
    trouble = folders.problem(folder)
    if trouble:
        raise ModelError(trouble)
    tensors = [
        Stored(name, entry["dtype"], tuple(entry["shape"]), file, base + entry["data_offsets"][0])
        for file in folders.weight_files(folder)
        for base in [_data_start(file)]
        for name, entry in header(file).items()
    ]
    for tensor in tensors:
        if tensor.dtype not in FLOATS and tensor.name.endswith("weight"):  # 8-bit codes without their scales, say
            raise ModelError(
                f"“{folder.name}” keeps its weights as {tensor.dtype} ({tensor.name}), which is not read here: "
                "F32, F16 and BF16 are. Get the model in one of these."
            )
    return tensors


def _data_start(file: Path) -> int:
    with file.open("rb") as opened:
        return 8 + int.from_bytes(opened.read(8), "little")


def read_tensor(stored: Stored) -> Any:
    """One tensor, read and not mapped: a mapped file would count as resident memory until the last tensor is read.

    Raises ModelError if the file has lost it since it was looked at, or on values that are no numbers."""
    import torch

    kind = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}[stored.dtype]
    with stored.file.open("rb") as opened:
        opened.seek(stored.start)
        data = bytearray(stored.count * kind.itemsize)
        if opened.readinto(data) != len(data):
            raise ModelError(f"The weights file {stored.file.name} ends before the tensor {stored.name}. Get it again.")
    return finite(torch.frombuffer(data, dtype=kind).view(stored.shape), stored.name)


def finite(tensor: Any, name: str) -> Any:
    """The tensor itself. Raises ModelError if a value in it is infinite or no number: all that follows would be too.

    What is infinite or no number has all bits of its exponent set, so read as a whole number it is greater than any
    other value of its sign: two maxima over integers, a third of the time that a look at the numbers themselves takes.
    """
    import torch

    limit, kind = _EXPONENTS.get(str(tensor.dtype), (0, ""))
    if not limit or not tensor.numel():
        return tensor
    bits = tensor.detach().view(getattr(torch, kind)).numpy()
    negative = bits.view(f"u{kind}")
    if bits.max() >= limit or negative.max() >= limit + (1 << 8 * bits.itemsize - 1):
        raise ModelError(
            f"The weights are damaged: {name} holds values that are infinite or not numbers at all, so the model "
            "could not compute anything. Get the model again."
        )
    return tensor


def read_config(folder: Path) -> Any:
    """The transformers configuration of a folder. Raises ModelError on one that transformers cannot run by itself."""
    from transformers import CONFIG_MAPPING, AutoConfig

    kind = folder_config.read(folder).model_type
    if kind not in CONFIG_MAPPING:
        raise ModelError(
            f"“{folder.name}” has the model type “{kind}”, which transformers does not know. Models that "
            "bring code of their own are never run here."
        )
    try:
        return AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # transformers raises many kinds; all mean the same to the reader
        raise ModelError(
            f"“{folder.name}” has a config.json that transformers does not take: {first_line(error)}"
        ) from error


def resolve_dtype(dtype: str, tensors: list[Stored], device: str) -> str:
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


def weight_bytes(tensors: list[Stored], dtype: str) -> int:
    """Bytes that the weights take once loaded in `dtype`."""
    return sum(t.count * WIDTHS[dtype] for t in tensors if t.dtype in FLOATS)


def free_bytes(device: str) -> int | None:
    """Memory that a model on `device` may take now."""
    if device != "cuda":
        return available_bytes()
    import torch

    return int(torch.cuda.mem_get_info()[0])


def check_memory(source: Source, tensors: list[Stored], dtype: str, device: str) -> None:
    """Raises ModelError with the numbers when this machine has less to give than the weights need."""
    needed, free = weight_bytes(tensors, dtype) + headroom(), free_bytes(device)
    if free is not None and needed > free:
        narrower = [kind for kind in ("bfloat16", "int8") if WIDTHS[kind] < WIDTHS[dtype]]
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


def load_module(source: Source, config: Any, *, dtype: str, device: str) -> Any:
    """The transformers model in evaluation mode, without gradients. Raises ModelError on missing weights."""
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()
    automatic: Any = AutoModelForCausalLM
    try:
        module, report = automatic.from_pretrained(
            source.folder,
            config=config,
            dtype=getattr(torch, dtype),
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
            attn_implementation="sdpa",
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # they are named below
        )
    except Exception as error:
        raise ModelError(f"“{source.name}” could not be loaded: {first_line(error)}") from error
    if odd := sorted(str(key[0] if isinstance(key, tuple) else key) for key in report["mismatched_keys"]):
        raise ModelError(
            f"“{source.name}” has {len(odd)} weights of another shape than its config.json says (the first: {odd[0]}), "
            "so the two do not belong together. Get the model again."
        )
    complete(source, [*report["missing_keys"]])
    for name, weight in module.named_parameters():
        finite(weight, name)
    return module.eval().requires_grad_(False).to(device)


def complete(source: Source, missing: list[Any]) -> None:
    """Raises ModelError if any weight is missing: a model with random parts answers with noise."""
    if missing:
        first = sorted(str(key) for key in missing)[0]
        raise ModelError(
            f"“{source.name}” lacks {len(missing)} of its weights (the first: {first}), so it would "
            "answer with noise. Get it again."
        )


def give_back() -> None:
    """Ask the C library to return what loading has freed to the system (glibc only; elsewhere nothing happens)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or ["it gives no reason"]
    return "".join(letter if letter.isprintable() else "?" for letter in lines[0][:300])
