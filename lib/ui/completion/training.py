"""How a chat model is made: the stages of training as a strip, and which of them the two models went through."""

from collections.abc import Iterable
from dataclasses import dataclass

import streamlit as st

from lib import models
from lib.json_file import read_json
from lib.models import trained
from lib.training.world import SEEN, UNSEEN
from lib.ui import available_models
from lib.ui.completion.pair import TEXT
from lib.ui.components.glossary import term
from lib.ui.components.page import escape


@dataclass(frozen=True)
class StageCard:
    """One stage of training: its terms in the glossary, what the model is shown, what it learns and what comes out."""

    name: str
    shown: str
    learns: str
    result: str


# Ouyang et al. 2022, "Training language models to follow instructions with human feedback" (InstructGPT,
# arXiv:2203.02155), figure 2: supervised fine-tuning on demonstrations, a reward model of people's rankings, PPO
# against it. Rafailov et al. 2023, "Direct Preference Optimization" (arXiv:2305.18290): the same pairs without a reward
# model.
STAGES = (
    StageCard(
        term("pre-training", "Pre-training"),
        "Trillions of tokens of web pages, books and code. The documents are separated by a special token.",
        "To predict the next token. It is all a model ever does.",
        f"A **{term('base model')}**: it goes on with any text, and may end it with the "
        f"{term('end-of-text token')}. It knows no questions and answers as such.",
    ),
    StageCard(
        term("supervised fine-tuning (SFT)", "Supervised fine-tuning (SFT)"),
        "Thousands to millions of written conversations in the chat template.",
        "Still to predict the next token, now of good replies: answer the request, then end the turn.",
        f"An **{term('instruct model')}**: in its template it answers and stops.",
    ),
    StageCard(
        term("preference tuning", "Preference tuning"),
        "Pairs of replies to the same request, of which people or another model preferred one.",
        "To make the preferred reply likelier, compared with the other. "
        f"{term('RLHF')} (InstructGPT, 2022) trains a reward model of the "
        f"preferences first; {term('DPO')} (2023) learns from the pairs directly.",
        "A **chat model** whose replies people like better: more helpful, more careful. It learns hardly any new "
        "facts.",
    ),
)


@dataclass(frozen=True)
class PublishedTraining:
    """What is published of a model's training: the number of stages of the strip, and it in words with its source."""

    stages: int
    words: str


# By the beginning of a model's id, the first that fits. Sources: the model card of SmolLM2-135M-Instruct; Radford et
# al. 2019 (GPT-2); the model card of DistilGPT-2; Yang et al. 2024 (Qwen2.5, arXiv:2412.15115); Yang et al. 2025
# (Qwen3, arXiv:2505.09388, section 4.5: small models learn from bigger ones); the Qwen1.5 release notes (DPO and PPO).
_RECIPES = {
    models.BASE: PublishedTraining(1, "pre-training only, on the tiny world: stories, facts, sums, lists of questions"),
    models.CHAT: PublishedTraining(2, "it began as Playground-Base; then SFT on dialogues about the same tiny world"),
    "smollm2": PublishedTraining(3, "pre-training on 2 trillion tokens, then SFT, then DPO (its model card)"),
    "gpt2": PublishedTraining(1, "pre-training only, on 40 GB of web pages (Radford et al. 2019)"),
    "distilgpt2": PublishedTraining(1, "pre-training only, to imitate GPT-2's predictions (its model card)"),
    "qwen2.5-0.5b-instruct": PublishedTraining(
        3, "pre-training on 18 trillion tokens, SFT, DPO and GRPO (arXiv:2412.15115)"
    ),
    "qwen2.5": PublishedTraining(1, "pre-training only, on 18 trillion tokens (arXiv:2412.15115)"),
    "qwen3": PublishedTraining(
        2, "pre-training on 36 trillion tokens, then replies learned from bigger models (arXiv:2505.09388)"
    ),
    "qwen1.5": PublishedTraining(3, "pre-training, SFT, then DPO and PPO (the Qwen1.5 release notes)"),
}


def recipe(model_id: str) -> PublishedTraining | None:
    """What is known of a model's training; None for a model of one's own."""
    if (checkpoint := trained.parsed(model_id)) is not None:
        stages = trained.STAGES.index(checkpoint.stage) + 1
        return PublishedTraining(stages, "trained on this machine, on the page [Training](Training)")
    if model_id not in models.CATALOG and model_id not in models.SHIPPED:
        return None
    return next((found for start, found in _RECIPES.items() if model_id.startswith(start)), None)


def show_training(model_ids: Iterable[str]) -> None:
    """The strip, and where the models of this page stand on it."""
    for place, (column, stage) in enumerate(zip(st.columns(len(STAGES), gap="small"), STAGES, strict=True), 1):
        with column, st.container(border=True, height="stretch", gap="xsmall", key=f"cvc-stage-{place}"):
            st.markdown(f"{place}. **{stage.name}**")
            st.markdown(f":small[**It is shown:** {stage.shown}]")
            st.markdown(f":small[**It learns:** {stage.learns}]")
            st.markdown(f":small[→ {stage.result}]")
    st.markdown("\n".join(f"- {where(model_id)}" for model_id in dict.fromkeys(model_ids)))
    st.markdown(
        "Watch these stages happen on [Training](Training): a small model learns a tiny world and then to chat, and "
        f"[its whole training text]({TEXT}) is there to read."
    )


def where(model_id: str) -> str:
    """A model's way through the stages, in a sentence of Markdown."""
    spec = available_models.spec(model_id)
    name = f"**{escape(spec.name)}**"
    found = recipe(model_id)
    if found is None:
        kind = "an instruct model" if spec.role == "instruct" else "a base model"
        return f"{name} counts as {kind} here; how it was trained is not known to this app."
    ends = ("1 only", "1 and 2", "1 to 3")[found.stages - 1]
    measured = _measured(model_id) if model_id in models.SHIPPED else ""
    return f"{name}: stage{'s' * (found.stages > 1)} {ends}. {found.words[0].upper()}{found.words[1:]}.{measured}"


def _measured(model_id: str) -> str:
    """What was measured of a shipped model when it was made; "" where that is not told."""
    told = read_json(models.require(model_id).folder.parent / "figures.json")
    try:
        mine = told[model_id]
        if model_id == models.CHAT:
            known, new = f"{mine['seen']} of the {len(SEEN)}", f"{mine['unseen']} of the {len(UNSEEN)}"
            return f" It gets {known} sums in its data right, and {new} that are in no text."
        return (
            f" Its {term('held-out loss')} is {mine['held_out']:.2f} nats a token. A trigram model of the same text "
            f"has {told['trigram']:.2f}; on average no model can have less than {told['entropy']:.2f}, the "
            f"{term('entropy')} of that world."
        )
    except (KeyError, TypeError, ValueError):
        return ""
