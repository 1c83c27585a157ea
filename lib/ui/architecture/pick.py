"""Choosing an architecture: a known model, one's own, any hub model, or a configuration of one's own."""

import json
from pathlib import Path
from typing import Any

import streamlit as st

from lib import models
from lib.architecture import Architecture, known_configs
from lib.architecture.config_readers import read
from lib.architecture.custom_model import STYLES, custom_architecture
from lib.architecture.errors import ArchitectureError
from lib.ui.components.page import escape

KNOWN, OWN, HUB, FOLDER = "A known model", "Build your own", "Any hub model", "A folder or a file"
_MINE = "explored"
_KEEP: dict[str, Any] = {"bind": "query-params", "persist_state": "page"}


def pick_architecture() -> Architecture | None:
    """The chosen architecture; None (with a sentence on the page) when there is nothing sensible to show."""
    way = st.segmented_control(
        "Which model?",
        [KNOWN, OWN, HUB, FOLDER],
        default=KNOWN,
        required=True,
        key="from",
        bind="query-params",
        persist_state="page",
    )
    try:
        if way == KNOWN:
            return pick_known("arch", "Model")
        arch = _custom() if way == OWN else _from_hub() if way == HUB else _from_folder()
        if arch:
            st.session_state["explored"] = arch  # for the comparison
            if way == OWN:
                st.session_state["own_last"] = arch
        return arch
    except ArchitectureError as error:
        st.error(escape(str(error)), icon=":material/error:")
        last: Architecture | None = st.session_state.get("own_last") if way == OWN else None
        if last:
            st.caption(
                f"Below is still the last model that made sense: {last.layers} blocks, width {last.width:,}, "
                f"{last.heads} heads, {last.kv_heads} KV heads."
            )
        return last


def pick_known(key: str, label: str, *, start: str = "gpt2", mine: bool = False) -> Architecture:
    """A selectbox over the configurations that come with the app; with `mine` also the one explored last."""
    explored: Architecture | None = st.session_state.get("explored") if mine else None
    names = known_configs.names() + ([_MINE] if explored else [])
    asked = st.query_params.get(key, "").lower()
    if key not in st.session_state:  # links may name a model by its id; the widget itself writes its label
        st.session_state[key] = asked if asked in names else start

    def shown(name: str) -> str:
        return f"The one you explored: {explored.name}" if explored and name == _MINE else known_configs.label(name)

    chosen = st.selectbox(label, names, key=key, format_func=shown, **_KEEP)
    if chosen == _MINE and explored:
        return explored
    return known_configs.architecture(chosen)


def _custom() -> Architecture:
    st.caption("Drag, and everything below follows. It starts as GPT-2 small would look in Llama's style.")
    style = st.segmented_control(
        "Style",
        list(STYLES),
        default="llama",
        required=True,
        key="style",
        **_KEEP,
        format_func=lambda name: STYLES[name].split(":")[0],
    )
    st.caption(STYLES[style].split(": ", 1)[1])
    one, two, three, four = st.columns(4)
    with one:
        layers = st.slider("Blocks", 1, 96, 12, key="layers", **_KEEP)
        inner = st.number_input("MLP width", value=3072, step=64, key="inner", **_KEEP)
    with two:
        width = st.slider("Width (d)", 64, 8192, 768, 64, key="width", **_KEEP)
        vocab = st.number_input("Vocabulary", value=50257, step=1000, key="vocab", **_KEEP)
    with three:
        heads = st.slider("Heads", 1, 64, 12, key="heads", **_KEEP)
        context = st.number_input("Context", value=1024, step=1024, key="context", **_KEEP)
    with four:
        kv_heads = st.slider(
            "KV heads",
            1,
            64,
            12,
            key="kv",
            disabled=style == "gpt2",
            **_KEEP,
            help="How many keys and values a block makes; query heads share them.",
        )
        tied = st.toggle("Head tied to embedding", value=True, key="tied_own", **_KEEP)
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


def _from_hub() -> Architecture | None:
    hub_id = st.text_input(
        "Hub id",
        placeholder="Qwen/Qwen2.5-3B",
        key="hub",
        max_chars=200,
        **_KEEP,
        help="Only its config.json is fetched: a few kilobytes, no weights.",
    )
    if not hub_id.strip():
        st.info(
            "Type a model's id from the Hugging Face hub. Only its configuration is fetched: no weights, no code.",
            icon=":material/cloud_download:",
        )
        return None
    return _hub_config(hub_id)


def _from_folder() -> Architecture | None:
    folders = {spec.id: where for spec in models.local_models() if (where := _folder(spec.id))}
    left, right = st.columns(2)
    with left:
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
    with right:
        text = st.text_area(
            "or paste a config.json",
            key="pasted",
            height=122,
            max_chars=100_000,
            persist_state="page",
            placeholder='{"model_type": "llama", "hidden_size": 2048, …}',
        )
    if text.strip():
        return read(_json(text), name="Your configuration")
    if path.strip():
        return known_configs.from_folder(path.strip())
    if chosen:
        return known_configs.from_folder(folders[chosen])
    st.info("Choose a model, type a folder, or paste a configuration.", icon=":material/folder_open:")
    return None


def _folder(model_id: str) -> Path | None:
    location = models.where(model_id)
    return location.folder if location and (location.folder / "config.json").is_file() else None


def _json(text: str) -> dict[str, object]:
    try:
        config = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ArchitectureError("That is not valid JSON. Paste the whole config.json, from { to }.") from error
    if not isinstance(config, dict):
        raise ArchitectureError("A configuration is a JSON object: { … }.")
    return config
