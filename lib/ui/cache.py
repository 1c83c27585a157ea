"""The cached boundary between pages and the rest: tokenizers, engines, logits. Every cache is bounded.

Keys are strings and ids, never models or tensors. Engines are shared by all sessions.
"""

import gc

import numpy as np
import streamlit as st

from lib import engine as engines
from lib import models, tokenization
from lib.ui.chrome import freeze_garbage


@st.cache_resource(max_entries=16, show_spinner=False)
def tokenizer(name: str) -> tokenization.Tokenizer:
    """A tokenizer by name or local folder, loaded once."""
    return tokenization.load(name)


def _release(engine: engines.Engine) -> None:
    engine.close()
    gc.unfreeze()


@st.cache_resource(max_entries=3, show_spinner="Loading the model …", on_release=_release)
def engine(model_id: str, dtype: str = "auto") -> engines.Engine:
    """A loaded model, shared by all sessions. Raises PlaygroundError (not here, does not fit, damaged)."""
    models.where(model_id)  # a clear sentence before torch is imported
    loaded = engines.load(model_id, dtype=dtype)
    freeze_garbage()
    return loaded


@st.cache_data(max_entries=256, max_size="200MB", show_spinner=False)
def logits(model_id: str, dtype: str, ids: tuple[int, ...], position: int = -1) -> np.ndarray:
    """Raw logits float32 (V,) of the token after `position`: one forward pass per (model, ids)."""
    return engine(model_id, dtype).logits(ids, position)
