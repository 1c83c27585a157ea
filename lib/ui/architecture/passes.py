"""Live passes of loaded models, cached for all sessions: keys are model ids and token IDs."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from lib.architecture.ablation_data import Ablation, Effect
from lib.architecture.live_pass_data import Lens, Step, Trace
from lib.tokenization import Tokenizer, display
from lib.ui import cache

MOST = 20_000  # characters of a text that is cut into tokens here; the last 48 tokens are computed


@cache.of_models
@st.cache_resource(max_entries=8, show_spinner="Computing every step …")
def trace(model_id: str, ids: tuple[int, ...]) -> Trace:
    """Every step of a pass but the lens."""
    traced: Trace = cache.inspectable(model_id).run("lib.architecture.live_pass.without_lens", ids)
    return traced


@cache.of_models
@st.cache_resource(max_entries=8, show_spinner="Asking every layer …")
def lens(model_id: str, ids: tuple[int, ...]) -> Lens:
    """What every layer would predict."""
    found: Lens = cache.inspectable(model_id).run("lib.architecture.live_pass.logit_lens", trace(model_id, ids))
    return found


@cache.of_models
@st.cache_resource(max_entries=16, show_spinner=False)
def steps(model_id: str, ids: tuple[int, ...], block: int) -> tuple[Step, ...]:
    """The steps of one block."""
    found: tuple[Step, ...] = cache.inspectable(model_id).run(
        "lib.architecture.live_pass.block_steps", trace(model_id, ids), block
    )
    return found


@cache.of_models
@st.cache_resource(max_entries=64, show_spinner="Computing without it …")
def effect(model_id: str, ids: tuple[int, ...], part: str, block: int | None, head: int) -> Effect:
    """The next token with and without a part."""
    found: Effect = cache.inspectable(model_id).run(
        "lib.architecture.ablation.ablate", ids, Ablation(part, block, head)
    )
    return found


def ids_of(model_id: str, text: str) -> tuple[int, ...]:
    """The token IDs of a text; loads the model."""
    return tuple(token.id for token in cache.engine(model_id).tokenizer.encode(text))


def names_of(tokenizer: Tokenizer, ids: Sequence[int] | np.ndarray) -> list[str]:
    """Visible labels of ids; rows of the table that have no token are named by their number."""
    names = []
    for token in ids:
        try:
            names.append(display.label(tokenizer.token_bytes(int(token))))
        except ValueError:  # the embedding table may have more rows than the tokenizer has tokens
            names.append(f"⟨id {token}⟩")
    return names
