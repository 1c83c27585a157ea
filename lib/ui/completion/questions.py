"""Questions of the completion page. The models that are here answer them, so no answer contradicts what they do."""

import re
from collections.abc import Callable

import streamlit as st

from lib import models
from lib.engine import Engine, Sampling
from lib.ui import cache
from lib.ui.completion import small_world
from lib.ui.completion.experiments import UNSEEN
from lib.ui.components.page import escape, predict

QUESTION = "What is 2 + 2?"
FEW_SHOT = "London: England\nParis: France\nRome: Italy\nMadrid:"
_LENGTH = 24  # tokens that are written for an answer


def show_questions(base_id: str) -> None:
    """Both questions, about the first of the two models."""
    name = escape(models.spec(base_id).name)
    predict(
        f"cvc-raw-{base_id}",
        f"{name} gets “{QUESTION}” raw, without a template. What does it write, greedily?",
        ("The answer, 4", "More text, but no answer", "Nothing: it ends the text at once"),
        _remembered("raw", base_id, raw_answer),
    )
    if small_world.from_it(base_id):  # it knows no countries; what it can be asked instead is whether it has understood
        predict(
            f"cvc-unseen-{base_id}",
            f"No document that {name} has read adds {UNSEEN[0]} and {UNSEEN[1]}, in either order. It gets "
            f"“{UNSEEN[0]} + {UNSEEN[1]} =”. Does it write {sum(UNSEEN)}?",
            ("Yes", "No"),
            _remembered("unseen", base_id, unseen_answer),
        )
        return
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


def says_four(text: str) -> bool:
    """Whether a sentence of the text that is no question has the number 4.

    >>> says_four(" 2 + 2 = 4."), says_four(" What is 4 + 1? Write 14 answers."), says_four(" Four? It is 4!")
    (True, False, True)
    """
    sentences = re.findall(r"[^.?!\n]+[.?!]?", text)
    return any(re.search(r"(?<![\d.])4(?!\d)", one) for one in sentences if not one.endswith("?"))


def raw_answer(engine: Engine, role: str) -> tuple[int, str]:
    """What the model does with the question, and why, for a base and for an instruct model."""
    text, ended = written(engine, QUESTION)
    right = 2 if ended and not text.strip() else 0 if says_four(text) else 1
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


def unseen_answer(engine: Engine, role: str) -> tuple[int, str]:
    """Whether the tiny base model adds two numbers that it never saw added."""
    text, _ = written(engine, f"{UNSEEN[0]} + {UNSEEN[1]} =")
    first = re.match(r"\s*(\d+)", text)
    right = 0 if first is not None and int(first[1]) == sum(UNSEEN) else 1
    whole = escape(text.split(".")[0].strip() or text.strip())
    return right, (
        f"It went on with “{whole}”. "
        + (
            "It cannot have looked this up: from other sums it has learned something about adding."
            if right == 0
            else "From the sums that it read it has not learned how to add these two."
        )
    )
