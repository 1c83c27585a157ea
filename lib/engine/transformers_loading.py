"""transformers' own modules: for models that our short pass does not know, and to look inside of any model.

Only safetensors are read, and `trust_remote_code` is never set: no code of a model is run. Its import is slow and
large: import it late.
"""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import get_ident
from typing import Any

import torch
from torch import nn
from torch.nn.modules.module import register_module_module_registration_hook
from transformers import CONFIG_MAPPING, AutoConfig, AutoModelForCausalLM
from transformers.utils import logging

from lib.engine import own_kernels
from lib.engine.loading import Source
from lib.engine.stored_weights import StoredTensor, check_complete, check_finite
from lib.engine.transformers_caches import prompt_cache
from lib.engine.weight_tree import WeightModule, WeightTree
from lib.models import ModelError, folder_config


def load_module(source: Source, tensors: list[StoredTensor], *, dtype: str, device: str) -> Any:
    """The transformers model of a folder in evaluation mode, without gradients. Raises ModelError."""
    config = read_config(source.folder)
    check_size(source, config, tensors)
    if dtype != "int8":
        module = _from_pretrained(source, config, dtype=dtype, device=device)
    else:
        module = unfilled(config, torch.bfloat16)
        check_complete(source.name, own_kernels.fill_int8(module, tensors, device=device))
    with _as_described(source):
        prompt_cache(module)  # whose layers are made of the configuration too
    return module.to(device)


def read_config(folder: Path) -> Any:
    """The transformers configuration of a folder. Raises ModelError on one that transformers cannot run by itself."""
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
            f"“{folder.name}” has a config.json that transformers does not take: {_first_line(error)}"
        ) from error


def _from_pretrained(source: Source, config: Any, *, dtype: str, device: str) -> Any:
    """The transformers model in evaluation mode, without gradients. Raises ModelError on missing weights."""
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
        raise ModelError(f"“{source.name}” could not be loaded: {_first_line(error)}") from error
    if odd := sorted(str(key[0] if isinstance(key, tuple) else key) for key in report["mismatched_keys"]):
        raise ModelError(
            f"“{source.name}” has {len(odd)} weights of another shape than its config.json says (the first: {odd[0]}), "
            "so the two do not belong together. Get the model again."
        )
    check_complete(source.name, [*report["missing_keys"]])
    for name, weight in module.named_parameters():
        check_finite(weight, name)
    return module.eval().requires_grad_(False).to(device)


def around(source: Source, skeleton: WeightTree) -> Any:
    """transformers' module with the layers of a skeleton: the same objects, so that nothing is held twice, whichever of
    the two moves its weights later. Raises ModelError."""
    module = unfilled(read_config(source.folder), skeleton.dtype)
    for name, part in skeleton.named_modules():
        if not isinstance(part, WeightModule | WeightTree | nn.ModuleList):
            module.set_submodule(name, part)
        elif isinstance(part, WeightModule):  # RMSNorm, which computes in ways of its own
            for leaf, weight in part.named_parameters(recurse=False):
                module.get_submodule(name).register_parameter(leaf, weight)
    return module.to(skeleton.device)


def unfilled(config: Any, dtype: torch.dtype, *, buffers: bool = True) -> Any:
    """A model without memory for its weights; `buffers` that no file holds (rotary frequencies, say) are there."""
    with torch.device("meta"):
        module = AutoModelForCausalLM.from_config(config, dtype=dtype, attn_implementation="sdpa")
    module.eval().requires_grad_(False)
    for part in module.modules() if buffers else ():
        empty = {name: buffer for name, buffer in part.named_buffers(recurse=False) if buffer.is_meta}
        if empty:
            for name, buffer in empty.items():
                part._buffers[name] = torch.empty_like(buffer, device="cpu")
            module._init_weights(part)
    return module


def check_size(source: Source, config: Any, tensors: list[StoredTensor]) -> None:
    """Build the model without memory first, and stop as soon as it is bigger than its weights: whatever a configuration
    asks for, under whatever name, costs no more than that. Raises ModelError."""
    stored = sum(tensor.count for tensor in tensors)
    most = 1_000 + 20 * len(tensors)  # modules; those of transformers have two or three for each tensor
    try:
        with _at_most(most), _as_described(source):
            module = unfilled(config, torch.bfloat16, buffers=False)
    except _TooManyError:
        raise ModelError(
            f"“{source.name}” has a config.json that describes more than {most:,} parts, and its files hold "
            f"{len(tensors):,} tensors. Get the model again."
        ) from None
    described = sum(weight.numel() for weight in module.parameters())
    kept = sum(buffer.numel() for buffer in module.buffers())
    if described > 2 * stored + 1_000_000 or kept > stored + 100_000_000:
        raise ModelError(
            f"“{source.name}” has a config.json that describes {max(described, kept):,} numbers, and its files hold "
            f"{stored:,}. Get the model again."
        )


@contextmanager
def _as_described(source: Source) -> Iterator[None]:
    """What transformers raises on values that it cannot build with, of any kind, as a ModelError."""
    try:
        yield
    except _TooManyError:
        raise
    except Exception as error:
        reason = _first_line(error)
        raise ModelError(f"“{source.name}” could not be built from its config.json: {reason}") from error


class _TooManyError(Exception):
    """More parts than a model of these weights has."""


@contextmanager
def _at_most(most: int) -> Iterator[None]:
    """While this thread builds: _TooManyError at the module after so many."""
    built, mine = itertools.count(1), get_ident()

    def count(*_: Any) -> None:
        if get_ident() == mine and next(built) > most:
            raise _TooManyError

    handle = register_module_module_registration_hook(count)
    try:
        yield
    finally:
        handle.remove()


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or ["it gives no reason"]
    return "".join(letter if letter.isprintable() else "?" for letter in lines[0][:300])
