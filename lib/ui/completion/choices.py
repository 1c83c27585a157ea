"""The completion page's header bar: the prompt, the pair of models, and the settings."""

from dataclasses import dataclass

import streamlit as st

from lib import models
from lib.decoding.strategies import PRESETS
from lib.engine import Sampling
from lib.numbers import Number
from lib.settings import settings
from lib.ui import available_models
from lib.ui.completion.corners import Request
from lib.ui.components import header
from lib.ui.components.link_values import MAX_SEED, SEED, in_link
from lib.ui.components.linked_text import keep_choice_of, text_box
from lib.ui.components.model_picker import about, pick_model
from lib.ui.components.page import escape

# All of them are in the world of the tiny pair, and bigger models know what to do with them too.
PROMPTS = (
    "What is 2 + 2?",
    "Once upon a time",
    "Tell me a story about Nora.",
    "Where does the penguin live?",
    "Suggest a party theme.",
)
STRATEGIES = {strategy.title(): strategy.sampling() for strategy in PRESETS["The course: greedy, top-k 80, top-p 0.9"]}


@dataclass(frozen=True)
class CompletionSettings:
    """What is asked, of whom, and how it is decoded."""

    base: str
    instruct: str
    request: Request
    sampling: Sampling
    length: int
    seed: int
    ids: bool = False  # the number under every token
    colour: bool = False  # tokens heated by surprise


def header_bar() -> CompletionSettings:
    """Draw the bar and give back what it says."""
    _old_links()
    _take_over_model()
    with header.bar():
        prompt = header.prompt_box("Prompt", PROMPTS[0], max_chars=settings().max_prompt_chars)
        header.examples(PROMPTS, then=_write_example)
        base = pick_model("base", role="base", label="Base model", remote=True)
        instruct = pick_model("instruct", role="instruct", label="Chat model", remote=True, first=_other_half())
        with header.settings():
            prefill, system = _texts()
            sampling, length, seed = _decoding()
            ids = st.toggle("Show token IDs", key="cvc-ids", help="The number of every token that goes in.")
            colour = st.toggle(
                "Colour by probability",
                key="cvc-colour",
                help="The more a written token surprised the model, the more orange it is.",
            )
            for model_id in dict.fromkeys([base, instruct]):
                st.caption(f"**{escape(available_models.spec(model_id).name)}**: {about(model_id)}")
    return CompletionSettings(base, instruct, Request(prompt, system, prefill), sampling, length, seed, ids, colour)


def _other_half() -> str:
    """The chat model that the page opens with: of the tiny pair where its base model is the best base model here, else
    "" for the best chat model."""
    pair = available_models.default("base") == models.BASE and models.where(models.CHAT) is not None
    return models.CHAT if pair else ""


def choose(base: str, instruct: str) -> None:
    """For callbacks: choose a pair of models and have them write."""
    keep_choice_of("base", base)
    keep_choice_of("instruct", instruct)
    st.session_state["cvc-go"] = True


def fill(request: Request) -> None:
    """For callbacks: put a request into the boxes and have it written."""
    state = st.session_state
    state["prompt"], state["cvc-system"], state["cvc-prefill"] = request.prompt, request.system, request.prefill
    state["cvc-go"] = True


def _write_example() -> None:
    fill(Request(str(st.session_state["prompt"])))


def _old_links() -> None:
    """Links had the prompt under "cvc-prompt" before all pages had it in common."""
    query = st.query_params
    if (text := query.get("cvc-prompt")) is not None:
        del query["cvc-prompt"]
        query.setdefault("prompt", text)


def _take_over_model() -> None:
    """A model that was chosen on another page since the last visit is chosen here too, in the part that it plays."""
    state = st.session_state
    chosen = state.get("chosen-model")
    if chosen is None or chosen == state.get("cvc-taken-over"):
        return
    state["cvc-taken-over"] = chosen
    role = {spec.id: spec.role for spec in available_models.local_models(chosen)}.get(chosen, "instruct")
    state[f"chosen-{role}"] = chosen


def _texts() -> tuple[str, str]:
    """Prefill and system prompt."""
    prefill = text_box(
        st.text_input,
        "Prefill",
        "",
        key="cvc-prefill",
        placeholder="Start the reply with …, e.g. The answer is",
        help="The first words of the reply, given to all: the models go on from there.",
    )
    system = text_box(
        st.text_input,
        "System prompt",
        "",
        key="cvc-system",
        placeholder="none: the template may insert its own",
        help="In the template it is the system turn. Raw, it is text above the prompt.",
    )
    return prefill, system


def _decoding() -> tuple[Sampling, int, int]:
    """How a token is chosen, how many of them at most, and the seed."""
    names = list(STRATEGIES)
    strategy = st.segmented_control("Decoding", names, default=names[0], required=True, key="cvc-strategy")
    with st.container(horizontal=True):
        most = settings().max_new_tokens
        length = st.number_input(
            "Max new tokens", 1, most, 60, 10, key="cvc-n", **in_link("cvc-n", Number(1, most, whole=True)), width=140
        )
        seed = st.number_input("Seed", 0, MAX_SEED, 0, 1, key="cvc-seed", **in_link("cvc-seed", SEED), width=140)
    return STRATEGIES[str(strategy)], int(length), int(seed)
