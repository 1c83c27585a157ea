"""A model's weights from its files into a `WeightTree`, one by one: no more is held than the model and one tensor."""

from pathlib import Path
from typing import Any

import torch
from torch import nn

from lib.engine import own_kernels
from lib.engine.model_config import PlainConfig
from lib.engine.stored_weights import FLOATS, StoredTensor, check_finite, read_tensor
from lib.engine.weight_tree import WeightTree

# what `lib.engine.kernels.fused_forward` copies side by side
_JOINED = {"q_proj", "k_proj", "v_proj", "gate_proj", "up_proj"}


def load(config: PlainConfig, tensors: list[StoredTensor], *, dtype: str, device: str) -> WeightTree | None:
    """The model with the weights of these files, or None if they are not exactly its own."""
    widest = max((side for tensor in tensors for side in tensor.shape), default=0)
    if config.num_hidden_layers > len(tensors) or config.head_dim > widest:  # nothing that big is built
        return None
    skeleton = WeightTree(config, torch.bfloat16 if dtype == "int8" else getattr(torch, dtype))
    found = _matched(skeleton, tensors)
    if found is None:
        return None
    if dtype == "int8":
        own_kernels.fill_int8(skeleton, tensors, device=device)
        skeleton.to(device)
    else:
        _fill(skeleton, found, torch.device(device))
    if config.rope:
        rotary: Any = skeleton.model.rotary_emb
        rotary.inv_freq = rotary.inv_freq.to(device)
    skeleton.device = torch.device(device)
    return skeleton


def _matched(skeleton: WeightTree, tensors: list[StoredTensor]) -> dict[str, StoredTensor] | None:
    """What belongs where: parameter -> tensor of a file. None unless each has one of its shape, and the head none if it
    is the embedding's."""
    shapes = {name: tuple(weight.shape) for name, weight in skeleton.named_parameters()}
    found: dict[str, StoredTensor] = {}
    for stored in tensors:
        name = stored.name if stored.name in shapes else f"{skeleton.base_model_prefix}.{stored.name}"
        if name in found or (stored.name == "lm_head.weight" and name not in shapes):
            return None
        if name in shapes:
            if stored.shape != shapes[name] or stored.dtype not in FLOATS:
                return None
            found[name] = stored
    return found if len(found) == len(shapes) else None


def _fill(skeleton: WeightTree, found: dict[str, StoredTensor], device: torch.device) -> None:
    files: dict[Path, torch.Tensor] = {}
    for name, stored in sorted(found.items(), key=lambda pair: (pair[1].file, pair[1].start)):
        path, leaf = name.rsplit(".", 1)
        part = skeleton.get_submodule(path)
        stays = device.type == "cpu" and skeleton.dtype is torch.float32 and path.rsplit(".", 1)[-1] not in _JOINED
        tensor = _mapped(stored, files) if stays else None
        tensor = read_tensor(stored).to(device, skeleton.dtype) if tensor is None else tensor
        part.register_parameter(leaf, nn.Parameter(tensor, requires_grad=False))
    skeleton.tie()


def _mapped(stored: StoredTensor, files: dict[Path, torch.Tensor]) -> torch.Tensor | None:
    """A tensor that is float32 in its file, as a part of the file in memory, which the system may drop and read again.

    None for others, whose values have to be changed or moved.
    """
    if stored.dtype != "F32" or stored.start % 4:
        return None
    if stored.file not in files:
        size = stored.file.stat().st_size
        files[stored.file] = torch.from_file(str(stored.file), shared=False, size=size, dtype=torch.uint8)
    values = files[stored.file][stored.start : stored.start + 4 * stored.count]
    return check_finite(values.view(torch.float32).view(stored.shape), stored.name)
