"""Questions of the completion page. The models that are here answer them, so no answer contradicts what they do."""

from collections.abc import Callable

import streamlit as st

from lib import models
from lib.engine import Engine, Sampling
from lib.ui import cache
from lib.ui.components.page import escape, predict

QUESTION = "What is 2+2?"
FEW_SHOT = "London: England\nParis: France\nRome: Italy\nMadrid:"
_LENGTH = 24  # tokens that are written for an answer


def show_questions(base_id: str) -> None:
    """Both questions, about the model that plays the completion model."""
    name = escape(models.spec(base_id).name)
    predict(
        f"cvc-raw-{base_id}",
        f"{name} gets “{QUESTION}” raw, without a template. What does it write, greedily?",
        ("An answer with a 4 in it", "More text, but no 4", "Nothing: it ends the text at once"),
        _remembered("raw", base_id, raw_answer),
    )
    predict(
        f"cvc-shots-{base_id}",
        f"{name} reads three lines, London: England, Paris: France, Rome: Italy, and then “Madrid:”. Does it write "
        "Spain?",
        ("Yes", "No"),
        _remembered("shots", base_id, few_shot_answer),
    )


def _remembered(
    kind: str, base_id: str, compute: Callable[[Engine, str], tuple[int, str]]
) -> Callable[[], tuple[int, str]]:
    """Computed once a session for a model."""

    def answer() -> tuple[int, str]:
        kept = st.session_state.setdefault("cvc-answers", {})
        if (kind, base_id) not in kept:
            with st.spinner("The model is asked …"):
                kept[kind, base_id] = compute(cache.engine(base_id), models.spec(base_id).role)
        found: tuple[int, str] = kept[kind, base_id]
        return found

    return answer


def written(engine: Engine, prompt: str) -> tuple[str, bool]:
    """What the model writes after `prompt`, greedily, and whether it ended the text by itself."""
    ids = [token.id for token in engine.tokenizer.encode(prompt)]
    run = engine.generate(ids, sampling=Sampling(temperature=0), max_new_tokens=_LENGTH)
    made = [step.id for step in run]
    return engine.tokenizer.decode([i for i in made if i not in engine.stop_ids]), run.finish_reason == "stop"


def raw_answer(engine: Engine, role: str) -> tuple[int, str]:
    """What the model does with the question, and why, for a base and for an instruct model."""
    text, ended = written(engine, QUESTION)
    right = 2 if ended and not text.strip() else 0 if "4" in text else 1
    said = "It wrote its end token as the very first." if right == 2 else f"It wrote “{escape(text.strip())}”."
    if role == "instruct":
        return right, (
            f"{said} This model was tuned on chats: a question without a template looks like a finished turn or like "
            "one to answer, and what it does is hard to foresee. A base model, which only ever read documents, would "
            "go on with more text: a quiz, a list, a forum."
        )
    return right, (
        f"{said} A base model goes on with a document, and in documents a question is often followed by another one: "
        "a quiz, a list, a forum. Nothing in the text says that it is its turn to answer."
    )


def few_shot_answer(engine: Engine, role: str) -> tuple[int, str]:
    """Whether three examples are enough."""
    text, _ = written(engine, FEW_SHOT)
    alone, _ = written(engine, FEW_SHOT.rsplit("\n", 1)[-1])
    right = 0 if text.strip().startswith("Spain") else 1
    return right, (
        f"After the examples it wrote “{escape(text.strip())}”; after “Madrid:” alone, “{escape(alone.strip())}”. "
        "The examples changed no weight: they are text that makes one way to go on more likely."
    )
