"""The rarer ways to an architecture: sizes of one's own, a hub id, a folder, a pasted configuration."""

from pathlib import Path
from typing import Any

import streamlit as st

from lib import models
from lib.architecture import Architecture, known_configs
from lib.architecture.config_border import parsed
from lib.architecture.config_readers import read
from lib.architecture.custom_model import STYLES, custom_architecture

KEEP: dict[str, Any] = {"bind": "query-params", "persist_state": "page"}


def custom() -> Architecture:
    """Sizes and a style of one's own. Raises ArchitectureError for what does not fit together."""
    style = st.segmented_control(
        "Style",
        list(STYLES),
        default="llama",
        required=True,
        key="style",
        **KEEP,
        format_func=lambda name: STYLES[name].split(":")[0],
    )
    st.caption(STYLES[style].split(": ", 1)[1])
    one, two = st.columns(2)
    with one:
        layers = st.slider("Layers", 1, 96, 12, key="layers", **KEEP)
        heads = st.slider("Heads", 1, 64, 12, key="heads", **KEEP)
        inner = st.number_input("MLP width", value=3072, step=64, key="inner", **KEEP)
        context = st.number_input("Context length", value=1024, step=1024, key="context", **KEEP)
    with two:
        width = st.slider("Hidden size (d)", 64, 8192, 768, 64, key="width", **KEEP)
        kv_heads = st.slider(
            "KV heads",
            1,
            64,
            12,
            key="kv",
            disabled=style == "gpt2",
            **KEEP,
            help="How many keys and values a block makes; query heads share them.",
        )
        vocab = st.number_input("Vocabulary", value=50257, step=1000, key="vocab", **KEEP)
        tied = st.toggle("Head tied to embedding", value=True, key="tied_own", **KEEP)
    return custom_architecture(
        style=style,
        layers=layers,
        width=width,
        heads=heads,
        kv_heads=heads if style == "gpt2" else kv_heads,
        inner=int(inner),
        vocab=int(vocab),
        context=int(context),
        tied=tied,
    )


@st.cache_data(ttl=3600, max_entries=64, show_spinner="Fetching the configuration …")
def _hub_config(hub_id: str) -> Architecture:
    return known_configs.from_hub(hub_id)


def from_hub() -> Architecture | None:
    """A hub id; None while there is none. Raises ArchitectureError if its configuration cannot be fetched or read."""
    hub_id = st.text_input(
        "Hub id",
        placeholder="Qwen/Qwen2.5-3B",
        key="hub",
        max_chars=200,
        **KEEP,
        help="Only its config.json is fetched: a few kilobytes, no weights.",
    )
    return _hub_config(hub_id) if hub_id.strip() else None


def from_folder() -> Architecture | None:
    """A model of this machine, a folder or pasted JSON; None while there is none. Raises ArchitectureError."""
    folders = {spec.id: where for spec in models.local_models() if (where := _folder(spec.id))}
    chosen = st.selectbox(
        "A model on this machine",
        list(folders),
        index=None,
        key="here",
        persist_state="page",
        placeholder="Choose a model",
    )
    path = st.text_input(
        "or the path of a folder",
        key="folder",
        max_chars=400,
        persist_state="page",
        help="A folder with a config.json, on the machine that runs this app.",
    )
    text = st.text_area(
        "or paste a config.json",
        key="pasted",
        height=122,
        max_chars=100_000,
        persist_state="page",
        placeholder='{"model_type": "llama", "hidden_size": 2048, …}',
    )
    if text.strip():
        return read(parsed(text, "What you pasted"), name="Your configuration")
    if path.strip():
        return known_configs.from_folder(path.strip())
    if chosen:
        return known_configs.from_folder(folders[chosen])
    return None


def _folder(model_id: str) -> Path | None:
    location = models.where(model_id)
    return location.folder if location and (location.folder / "config.json").is_file() else None
