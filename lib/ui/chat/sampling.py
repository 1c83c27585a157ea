"""The chat page's sampling: our knobs, and the settings of the model's makers beside them."""

from collections.abc import Mapping

import streamlit as st

from lib import chat, models
from lib.engine import Sampling
from lib.settings import settings
from lib.ui.components.page import escape


def knobs() -> Sampling:
    """How a token is chosen."""
    temperature = st.slider(
        "Temperature",
        0.0,
        2.0,
        0.7,
        0.05,
        key="chat-t",
        bind="query-params",
        help="0 always takes the likeliest token (greedy).",
    )
    top_p = st.slider("top-p", 0.0, 1.0, 1.0, 0.01, key="chat-p", bind="query-params", help="1 is off.")
    top_k = st.slider("top-k", 0, 200, 0, 1, key="chat-k", bind="query-params", help="0 is off.")
    penalty = st.slider(
        "Repetition penalty",
        1.0,
        2.0,
        1.0,
        0.01,
        key="chat-r",
        bind="query-params",
        help="1 is off. Above 1 it makes tokens that already occurred less likely.",
    )
    return Sampling(
        temperature=temperature, top_k=top_k or None, top_p=top_p if top_p < 1 else None, repetition_penalty=penalty
    )


def limits() -> tuple[int, int]:
    """How many tokens a reply may have, and the seed."""
    length = st.slider(
        "Longest reply (tokens)", 1, settings().max_new_tokens, 256, 1, key="chat-n", bind="query-params"
    )
    seed = st.number_input(
        "Seed",
        0,
        2**31 - 1,
        0,
        1,
        key="chat-seed",
        bind="query-params",
        help="Same seed, settings and conversation: same reply. Regenerating adds 1.",
    )
    return int(length), int(seed)


def makers(model_id: str, ours: Sampling) -> None:
    """The model's generation_config beside our settings, applied only on request."""
    place = models.where(model_id)
    theirs = chat.generation_defaults(place.folder) if place else {}
    if not theirs:
        st.caption("This model ships no sampling settings of its own.")
        return
    rows = {
        "temperature": ("Temperature", ours.temperature),
        "top_p": ("top-p", ours.top_p),
        "top_k": ("top-k", ours.top_k),
        "repetition_penalty": ("Repetition penalty", ours.repetition_penalty),
    }
    lines = ["| | here | makers |", "|---|---:|---:|"]
    lines += [
        f"| :small[{label}] | {_shown(value)} | {_shown(theirs.get(key))} |" for key, (label, value) in rows.items()
    ]
    st.markdown("\n".join(lines))
    st.caption(
        "`generation_config.json` came with the model; `generate()` would apply it without a word. Here it is "
        "only shown" + (" (temperature 0: greedy)." if theirs.get("temperature") == 0 else ".")
    )
    st.button("Use its makers' settings", on_click=_apply, args=(theirs,), key="chat-makers", width="stretch")


def _shown(value: float | None) -> str:
    return "off" if value is None else escape(f"{value:g}")


def _apply(theirs: Mapping[str, float]) -> None:
    st.session_state["chat-t"] = min(theirs.get("temperature", 1.0), 2.0)
    st.session_state["chat-p"] = theirs.get("top_p", 1.0)
    st.session_state["chat-k"] = min(int(theirs.get("top_k", 0)), 200)
    st.session_state["chat-r"] = min(theirs.get("repetition_penalty", 1.0), 2.0)
