"""The cached boundary between pages and the rest: tokenizers, engines, logits. Every cache is bounded.

Keys are strings and ids, never models or tensors. Engines are shared by all sessions.
"""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

import numpy as np
import streamlit as st

from lib import engine as engines
from lib import models, tokenization
from lib.errors import PlaygroundError
from lib.models.folders import Stamp, stamp
from lib.models.memory import give_memory_back, small_host
from lib.settings import settings


def tokenizer(name: str) -> tokenization.Tokenizer:
    """A tokenizer by name or local folder, loaded once for each state of its files. Raises TokenizationError."""
    return tokenization.load(name)


_PRECISIONS = {
    "int8": "On this machine it computes with weights of 8 bits, or of 4 where its file has 4: probabilities are a "
    "little off those of float32.",
    "bfloat16": "On this machine it computes in bfloat16: probabilities are a little off those of float32.",
    "float16": "On this machine it computes in float16: probabilities are a little off those of float32.",
}
_REFUSED_SECONDS = 2.0  # a class that waits for one server hears of its fault together, not one after the other
_refused: dict[tuple[str, str], tuple[float, PlaygroundError]] = {}  # at most one
_loaded: dict[tuple[str, str], engines.EngineInfo] = {}  # what is in memory now, for the model shelf
_read: dict[str, tuple[Path, Stamp]] = {}  # of a model that was loaded: its folder, and the state of its files then
_computed: list[Callable[[], object]] = []  # empties what was computed with models
_mutex = Lock()
Cached = TypeVar("Cached", bound=Any)


def of_models(cached: Cached) -> Cached:
    """Marks a cached function whose answers a model has computed: they go when the model's files change."""
    _computed.append(cached.clear)
    return cached


def _release(engine: engines.Engine) -> None:
    for key in [key for key, info in _loaded.items() if info is engine.info]:
        _loaded.pop(key, None)
    engine.close()
    gc.unfreeze()


@st.cache_resource(
    max_entries=3, show_spinner="Loading the model …", on_release=_release, validate=lambda engine: engine.alive
)
def _engine(model_id: str, dtype: str) -> engines.Engine:
    folder = models.require(model_id).folder  # a clear sentence before torch is imported
    _read[model_id] = folder, stamp(folder)
    with without_collecting():
        loaded = engines.load_for_pages(model_id, dtype=dtype)
    _loaded[model_id, dtype] = loaded.info
    give_memory_back()
    return loaded


@st.cache_resource(max_entries=1, show_spinner="Asking the server for its models …", on_release=_release)
def _server_engine(model_id: str) -> engines.Engine:
    loaded = engines.load_for_pages(model_id)
    _loaded[model_id, "remote"] = loaded.info
    return loaded


@contextmanager
def without_collecting() -> Iterator[None]:
    """No garbage collection inside, and what was made inside is out of the collector's sight afterwards.

    Importing torch and transformers takes a fifth less time that way (2.6 s instead of 3.3 s of one core), and the
    collection that Streamlit asks for after every run takes microseconds instead of a third of a second.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def engine(model_id: str, dtype: str = "auto") -> engines.Engine:
    """A loaded model, shared by all sessions. Raises PlaygroundError (not here, does not fit, damaged).

    A plain function around the cache: Streamlit's key leaves defaults out, so that `engine(m)` and `engine(m, "auto")`
    would otherwise load the model twice.
    """
    if models.is_remote(model_id):
        return _remote(model_id)
    _let_go_if_changed(model_id)
    return _engine(model_id, default_dtype() if dtype == "auto" else dtype)


def _remote(model_id: str) -> engines.Engine:
    """The model of the server. What is wrong there is said at once to all who waited for the same answer."""
    key = (model_id, settings().remote_url)
    since, error = _refused.get(key, (0.0, None))
    if error is not None and time.monotonic() - since < _REFUSED_SECONDS:
        raise error
    try:
        return _server_engine(model_id)
    except PlaygroundError as problem:
        _refused.clear()
        _refused[key] = time.monotonic(), problem
        raise


def _let_go_if_changed(model_id: str) -> None:
    """Forget a loaded model, and all that was computed with it, if its files are others now and whole. One whose folder
    is gone or damaged stays: whoever uses it goes on."""
    known = _read.get(model_id)
    if known is None or (now := stamp(known[0])) == known[1] or not now:
        return
    with _mutex:
        if _read.get(model_id) == known and models.where(model_id) is not None:
            del _read[model_id]
            unload(model_id)
            st.cache_data.clear()
            for clear in _computed:
                clear()


def inspectable(model_id: str, dtype: str = "auto") -> engines.InspectableEngine:
    """The same, for pages that look into a model. Raises PlaygroundError for one on a server too."""
    return engines.inspectable(engine(model_id, dtype))


def default_dtype() -> str:
    """What "auto" means in this app: PLAYGROUND_DTYPE, or int8 on a small machine (bfloat16 where only transformers
    computes), or what `lib.engine` finds best."""
    wanted = settings().dtype
    smallest = "int8" if settings().own_kernels else "bfloat16"
    return smallest if wanted == "auto" and small_host() else wanted


def precision(model_id: str) -> str:
    """A sentence on the number format that a model computes in by default here; "" for float32 and on servers."""
    if models.is_remote(model_id):
        return ""
    wanted = default_dtype()
    info = loaded().get((model_id, wanted))
    return _PRECISIONS.get(info.dtype if info else wanted, "")


def loaded() -> dict[tuple[str, str], engines.EngineInfo]:
    """What is in memory now, by (model id, dtype asked for)."""
    return dict(_loaded)


def unload(model_id: str) -> None:
    """Take a model out of memory, in every dtype. Running requests end; the next use loads it again."""
    for known, dtype in loaded():
        if known == model_id:
            _server_engine.clear(known) if models.is_remote(known) else _engine.clear(known, dtype)
    give_memory_back()


@st.cache_data(max_entries=256, max_size="200MB", show_spinner=False)
def logits(model_id: str, dtype: str, ids: tuple[int, ...], position: int = -1) -> np.ndarray:
    """Raw logits float32 (V,) of the token after `position`: one forward pass per (model, ids)."""
    return inspectable(model_id, dtype).logits(ids, position)
