"""The chat page's controls: model, precision, format, system prompt, sampling; and the maker's settings beside ours."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from lib import chat, models
from lib.chat import ChatTemplate
from lib.engine import Sampling
from lib.settings import settings
from lib.ui.components.model_picker import pick_model
from lib.ui.components.page import escape

PRECISIONS = {"auto": "Full precision", "int8": "int8 (faster)"}
OWN = "own"


@dataclass(frozen=True)
class ChatSettings:
    """What a reply is made with."""

    model_id: str
    dtype: str
    template: ChatTemplate
    sampling: Sampling
    max_new_tokens: int
    seed: int
    variables: Mapping[str, Any] = field(default_factory=dict)
    prefill: str = ""


def controls() -> ChatSettings:
    """Draw the controls and give back what was chosen."""
    model_id = pick_model("model", role="instruct", remote=True)
    dtype = "auto"
    if not models.is_remote(model_id) and settings().own_kernels:  # int8 is theirs
        dtype = str(
            st.segmented_control(
                "Numbers",
                list(PRECISIONS),
                key="chat-dtype",
                default="auto",
                format_func=PRECISIONS.__getitem__,
                required=True,
                bind="query-params",
                help="Full precision keeps the weights in 32 bits each, or in 16 where memory is short. int8 "
                "stores each weight of the linear layers in one byte, or in half a byte if it came from a 4-bit file: "
                "faster on a processor, and the probabilities change a little.",
            )
        )
    custom = chat.for_model(model_id)
    chosen = st.selectbox(
        "Chat template",
        [OWN, *chat.TEMPLATES],
        key="chat-template",
        bind="query-params",
        format_func=lambda name: f"The model's own ({custom.label})" if name == OWN else chat.TEMPLATES[name].label,
        help="The format a conversation is written in before the model reads it. Try another model's.",
    )
    template = custom if chosen == OWN else chat.TEMPLATES[chosen]
    variables = {}
    if template.thinks:
        variables["enable_thinking"] = st.toggle(
            "Think first",
            value=True,
            key="chat-thinking",
            help="Off: the template puts an empty `<think>` block in, so the answer comes at once.",
        )
    _system_prompt()
    sampling, length, seed = _knobs(model_id)
    prefill = st.text_input(
        "Start the reply with …",
        key="chat-prefill",
        help="These words are put into the model's mouth; it goes on from there.",
    )
    return ChatSettings(model_id, dtype, template, sampling, length, seed, variables, prefill)


def _system_prompt() -> None:
    """The conversation's own system prompt; None leaves the template to its default."""
    from lib.ui.chat.state import workspace

    conversation = workspace().conversation
    custom = st.toggle(
        "My own system prompt",
        value=conversation.system is not None,
        key=f"system-on-{conversation.id}",
        help="Off: the template decides, and may put one in by itself. The X-ray shows it.",
    )
    if custom:
        conversation.system = st.text_area(
            "System prompt",
            value=conversation.system or "",
            key=f"system-{conversation.id}",
            height=90,
            placeholder="You answer in one short sentence.",
            max_chars=settings().max_prompt_chars,
        )
    else:
        conversation.system = None


def _knobs(model_id: str) -> tuple[Sampling, int, int]:
    with st.expander("Sampling", icon=":material/tune:", key="chat-sampling"):
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
        sampling = Sampling(
            temperature=temperature, top_k=top_k or None, top_p=top_p if top_p < 1 else None, repetition_penalty=penalty
        )
        _makers(model_id, sampling)
    return sampling, int(length), int(seed)


def _makers(model_id: str, ours: Sampling) -> None:
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
