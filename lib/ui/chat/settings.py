"""What a reply is made with: the model and the template in the header bar, the rest in its settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from lib import chat, models
from lib.chat import ChatTemplate
from lib.engine import Sampling
from lib.settings import settings
from lib.ui.chat.sampling import knobs, limits
from lib.ui.components import header
from lib.ui.components.link_values import in_link
from lib.ui.components.model_picker import about, pick_model

PRECISIONS = {"auto": "Float", "int8": "int8 (faster)"}
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
    """Draw the controls, into the header bar where there is one, and give back what was chosen."""
    model_id = pick_model("model", role="instruct", remote=True)
    template = _template(model_id)
    with header.settings():
        texts, numbers = st.columns(2)
        with texts:
            _system_prompt()
            prefill = st.text_input(
                "Prefill",
                key="chat-prefill",
                placeholder="Start the reply with …",
                help="These words are put into the model's mouth; it goes on from there.",
            )
            variables = _thinking(template)
            dtype = _precision(model_id)
            length, seed = limits()
            st.caption(about(model_id))
        with numbers:
            sampling = knobs(model_id)
    return ChatSettings(model_id, dtype, template, sampling, length, seed, variables, prefill)


def _template(model_id: str) -> ChatTemplate:
    """The format of the conversation: the model's own, or another's."""
    own = chat.for_model(model_id)
    names = [OWN, *chat.TEMPLATES]

    def label(name: str) -> str:
        return f"The model's own ({own.label})" if name == OWN else chat.TEMPLATES[name].label

    chosen = st.selectbox(
        "Chat template",
        names,
        key="chat-template",
        **in_link("chat-template", map(label, names)),
        format_func=label,
        label_visibility="collapsed",
    )
    return own if chosen == OWN else chat.TEMPLATES[chosen]


def _precision(model_id: str) -> str:
    """The precision that the model computes in; "auto" where there is no choice."""
    if models.is_remote(model_id) or not settings().own_kernels:  # int8 is theirs
        return "auto"
    return str(
        st.segmented_control(
            "Precision",
            list(PRECISIONS),
            key="chat-dtype",
            default="auto",
            format_func=PRECISIONS.__getitem__,
            required=True,
            **in_link("chat-dtype", PRECISIONS.values()),
            help="The precision (dtype) of the weights. Float: 32 bits each, or 16 where memory is short. int8 "
            "stores each weight of the linear layers in one byte, or in half a byte if it came from a 4-bit file: "
            "faster on a processor, and the probabilities change a little.",
        )
    )


def _thinking(template: ChatTemplate) -> dict[str, Any]:
    """The variables of a template that can have its model think first."""
    if not template.thinks:
        return {}
    thinks = st.toggle(
        "Think first",
        value=True,
        key="chat-thinking",
        help="Off: the template puts an empty `<think>` block in, so the answer comes at once.",
    )
    return {"enable_thinking": thinks}


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
