"""The chat page's sampling settings. They begin with what the makers of the model recommend for chat."""

import streamlit as st

from lib import chat, models
from lib.chat import Recommended
from lib.engine import Sampling
from lib.numbers import Number
from lib.settings import settings
from lib.ui.components.link_values import MAX_SEED, SEED, in_link
from lib.ui.components.page import escape

# By the key of its slider: the name of a setting in lib.chat's `KNOBS`, and where it is off.
_KNOBS = {
    "chat-t": ("temperature", 1.0),
    "chat-p": ("top_p", 1.0),
    "chat-k": ("top_k", 0),
    "chat-r": ("repetition_penalty", 1.0),
}
_OWN = {"temperature": 0.7}  # of this app, for models whose makers recommend nothing
_BEFORE = "chat-sampling-before"  # in the session: what the sliders began with for the model of the last run


def advice(model_id: str) -> Recommended | None:
    """What the makers of a model recommend for chat."""
    place = models.where(model_id)
    return chat.recommended(models.spec(model_id).template, place.folder if place else None)


def start_values(advised: Recommended | None) -> dict[str, float | int]:
    """What the sliders begin with, by their keys, within their ends.

    >>> start_values(None)
    {'chat-t': 0.7, 'chat-p': 1.0, 'chat-k': 0, 'chat-r': 1.0}
    """
    values = advised.values if advised else _OWN
    found = {key: values.get(name, off) for key, (name, off) in _KNOBS.items()}
    return {
        "chat-t": min(float(found["chat-t"]), 2.0),
        "chat-p": float(found["chat-p"]),
        "chat-k": min(int(found["chat-k"]), 200),
        "chat-r": min(float(found["chat-r"]), 2.0),
    }


def knobs(model_id: str) -> Sampling:
    """How a token is chosen, and where these settings come from."""
    advised = advice(model_id)
    start = start_values(advised)
    _follow(start)

    def slider(key: str, label: str, ends: tuple[float, float], step: float, help: str) -> float:
        return float(st.slider(label, *ends, start[key], step, key=key, **in_link(key, Number(*ends)), help=help))

    temperature = slider("chat-t", "Temperature", (0.0, 2.0), 0.05, "0 always takes the likeliest token: greedy.")
    top_p = slider("chat-p", "Top-p", (0.0, 1.0), 0.01, "1 is off.")
    top_k = slider("chat-k", "Top-k", (0, 200), 1, "0 is off.")
    penalty = slider(
        "chat-r", "Repetition penalty", (1.0, 2.0), 0.01, "1 is off. Above 1, tokens that already occurred lose."
    )
    _source(advised, start, {"chat-t": temperature, "chat-p": top_p, "chat-k": top_k, "chat-r": penalty})
    return Sampling(
        temperature=temperature, top_k=int(top_k) or None, top_p=top_p if top_p < 1 else None,
        repetition_penalty=penalty,
    )  # fmt: skip


def _follow(start: dict[str, float | int]) -> None:
    """With another model, sliders that nobody has touched go to what is recommended for that one."""
    state = st.session_state
    before = state.get(_BEFORE, start)
    for key, value in start.items():
        if value != before[key] and state.get(key) == before[key]:
            state[key] = value
    state[_BEFORE] = start


def _source(advised: Recommended | None, start: dict[str, float | int], now: dict[str, float]) -> None:
    """Who recommends the settings that the sliders began with, and the way back to them."""
    words = ", ".join(
        f"{name.replace('_', '‑' if name.startswith('top') else ' ')} {_shown(start[key])}"
        for key, (name, off) in _KNOBS.items()
        if start[key] != off or name == "temperature"
    )
    if advised:
        st.caption(f"The makers recommend for chat: {words} (from {advised.source}).")
    else:
        st.caption(f"The makers recommend no sampling settings. This app begins with {words}.")
    st.button(
        "Back to the recommended settings" if advised else "Back to these settings",
        on_click=_apply,
        args=(start,),
        key="chat-makers",
        width="stretch",
        disabled=now == start,
    )


def _shown(value: float) -> str:
    return escape(f"{value:g}")


def _apply(start: dict[str, float | int]) -> None:
    st.session_state.update(start)


def limits() -> tuple[int, int]:
    """How many tokens a reply may have, and the seed."""
    most = settings().max_new_tokens
    ends = Number(1, most, whole=True)
    length = st.slider("Max new tokens", 1, most, 256, 1, key="chat-n", **in_link("chat-n", ends))
    seed = st.number_input(
        "Seed",
        0,
        MAX_SEED,
        0,
        1,
        key="chat-seed",
        **in_link("chat-seed", SEED),
        help="Same seed, settings and conversation: same reply. Regenerating adds 1.",
    )
    return int(length), int(seed)
