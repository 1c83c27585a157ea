"""The rarer ways to an architecture: sizes of one's own, a hub id, a folder, a pasted configuration."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import streamlit as st

from lib import models
from lib.architecture import Architecture, known_configs
from lib.architecture.config_border import parsed
from lib.architecture.config_readers import read
from lib.architecture.custom_model import STYLES, custom_architecture
from lib.numbers import Number
from lib.settings import settings
from lib.ui.components.link_values import SWITCH, in_link

_MOST = 10**9  # of a number typed


def kept(key: str, takes: Number | Iterable[str]) -> dict[str, Any]:
    """Options of a widget that is in the link, and keeps its value while one is on the page."""
    return {"persist_state": "page", **in_link(key, takes)}


def custom() -> Architecture:
    """Sizes and a style of one's own. Raises ArchitectureError for what does not fit together."""
    style = st.segmented_control(
        "Style",
        list(STYLES),
        default="llama",
        required=True,
        key="style",
        **kept("style", map(_short, STYLES)),
        format_func=_short,
    )
    st.caption(STYLES[style].split(": ", 1)[1])
    one, two = st.columns(2)
    with one:
        layers = st.slider("Layers", 1, 96, 12, key="layers", **kept("layers", Number(1, 96, whole=True)))
        heads = st.slider("Heads", 1, 64, 12, key="heads", **kept("heads", Number(1, 64, whole=True)))
        inner = _size("MLP width", 3072, 64, "inner")
        context = _size("Context length", 1024, 1024, "context")
    with two:
        width = st.slider(
            "Hidden size (d)", 64, 8192, 768, 64, key="width", **kept("width", Number(64, 8192, whole=True))
        )
        kv_heads = st.slider(
            "KV heads",
            1,
            64,
            12,
            key="kv",
            disabled=style == "gpt2",
            **kept("kv", Number(1, 64, whole=True)),
            help="How many keys and values a block makes; query heads share them.",
        )
        vocab = _size("Vocabulary", 50257, 1000, "vocab")
        tied = st.toggle("Head tied to embedding", value=True, key="tied_own", **kept("tied_own", SWITCH))
    return custom_architecture(
        style=style,
        layers=layers,
        hidden_size=width,
        heads=heads,
        kv_heads=heads if style == "gpt2" else kv_heads,
        intermediate_size=inner,
        vocab_size=vocab,
        context=context,
        tied=tied,
    )


def _short(style: str) -> str:
    return STYLES[style].split(":")[0]


def _size(label: str, start: int, step: int, key: str) -> int:
    ends = Number(0, _MOST, whole=True)
    return int(st.number_input(label, 0, _MOST, start, step, key=key, **kept(key, ends)))


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
        bind="query-params",
        persist_state="page",
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
    path = "" if settings().public else _path()
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


def _path() -> str:
    """A folder of the machine that runs the app; nothing that strangers may ask for."""
    return st.text_input(
        "or the path of a folder",
        key="folder",
        max_chars=400,
        persist_state="page",
        help="A folder with a config.json, on the machine that runs this app.",
    )


def _folder(model_id: str) -> Path | None:
    location = models.where(model_id)
    return location.folder if location and (location.folder / "config.json").is_file() else None
