"""The weights in a folder's safetensors files: what the headers say, one tensor at a time, and whether it is whole."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib.models import ModelError, folders
from lib.models.memory import BYTES_PER_WEIGHT
from lib.models.safetensors_header import header

# The exponent's bits of a number format, and the integers of its width.
_EXPONENTS = {
    "torch.float64": (0x7FF0 << 48, "int64"),
    "torch.float32": (0x7F80 << 16, "int32"),
    "torch.bfloat16": (0x7F80, "int16"),
    "torch.float16": (0x7C00, "int16"),
}
FLOATS = {"F64", "F32", "F16", "BF16"}


@dataclass(frozen=True)
class StoredTensor:
    """One tensor of a safetensors file, as its header describes it."""

    name: str
    dtype: str  # safetensors' spelling: "F32", "BF16", ...
    shape: tuple[int, ...]
    file: Path
    start: int = 0  # bytes from the beginning of the file

    @property
    def count(self) -> int:
        """Number of values.

        >>> StoredTensor("w", "F32", (2, 3), Path("x")).count
        6
        """
        size = 1
        for side in self.shape:
            size *= side
        return size


def stored_tensors(folder: Path) -> list[StoredTensor]:
    """Names, types and shapes of all weights, from the files' headers. Raises ModelError if they are not whole, or of a
    type that is no plain number."""
    trouble = folders.problem(folder)
    if trouble:
        raise ModelError(trouble)
    tensors = [
        StoredTensor(name, entry["dtype"], tuple(entry["shape"]), file, base + entry["data_offsets"][0])
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


def read_tensor(stored: StoredTensor) -> Any:
    """One tensor, read and not mapped: a mapped file would count as resident memory until the last tensor is read.

    Raises ModelError if the file has lost it since it was looked at, or on values that are no numbers."""
    import torch

    kind = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}[stored.dtype]
    with stored.file.open("rb") as opened:
        opened.seek(stored.start)
        data = bytearray(stored.count * kind.itemsize)
        if opened.readinto(data) != len(data):
            raise ModelError(f"The weights file {stored.file.name} ends before the tensor {stored.name}. Get it again.")
    return check_finite(torch.frombuffer(data, dtype=kind).view(stored.shape), stored.name)


def check_finite(tensor: Any, name: str) -> Any:
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


def weight_bytes(tensors: list[StoredTensor], dtype: str) -> int:
    """Bytes that the weights take once loaded in `dtype`."""
    return sum(t.count * BYTES_PER_WEIGHT[dtype] for t in tensors if t.dtype in FLOATS)


def check_complete(name: str, missing: list[Any]) -> None:
    """Raises ModelError if any weight is missing: a model with random parts answers with noise."""
    if missing:
        first = sorted(str(key) for key in missing)[0]
        raise ModelError(
            f"“{name}” lacks {len(missing)} of its weights (the first: {first}), so it would "
            "answer with noise. Get it again."
        )
