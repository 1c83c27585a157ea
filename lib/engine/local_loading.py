"""From a model folder to a `LocalEngine`: checked, then loaded by ourselves, or by transformers where we cannot.

Only safetensors are read, never pickles. Everything that can be wrong with a folder ends in a ModelError with one
sentence.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from lib.engine import loading, model_config, own_kernels, weight_loading
from lib.engine.local import LocalEngine
from lib.engine.stop_tokens import stop_ids
from lib.engine.stored_weights import stored_tensors
from lib.models import folder_config
from lib.models.memory import trim_heap


def load_local(source: loading.Source, *, dtype: str = "auto", slots: int | None = None) -> LocalEngine:
    """Check and load a model that has been found. Raises ModelError.

    In a thread that ends: OpenMP keeps a team of threads for every thread that computed, and once there are more of
    them than cores, all of them sleep between any two operations, which nearly doubles the time of a token.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="load") as thread:
        return thread.submit(_load, source, dtype, slots).result()


def _load(source: loading.Source, dtype: str, slots: int | None) -> LocalEngine:
    tensors = stored_tensors(source.folder)
    plain = model_config.read(dict(folder_config.read(source.folder).values))
    if plain is None:
        from lib.engine.transformers_loading import read_config

        read_config(source.folder)  # raises if transformers cannot run it either
    stop_ids(source.folder, plain)  # raises before anything is read
    device = loading.pick_device()
    dtype = loading.resolve_dtype(dtype, tensors, device)
    loading.check_memory(source, tensors, dtype, device)
    module: Any = None
    if plain is not None and own_kernels.wanted():
        module = weight_loading.load(plain, tensors, dtype=dtype, device=device)
    if module is None:
        from lib.engine.transformers_loading import load_module

        module = load_module(source, tensors, dtype=dtype, device=device)
    engine = LocalEngine(source, module, dtype, slots=slots)
    trim_heap()
    return engine
