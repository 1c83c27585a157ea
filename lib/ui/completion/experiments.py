"""Small experiments, one prompt each: what tuning adds, and what steers a model without it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import streamlit as st

from lib import models
from lib.ui.completion import small_world
from lib.ui.completion.choices import choose, fill
from lib.ui.completion.corners import Request
from lib.ui.components import scroll
from lib.ui.components.glossary import term
from lib.ui.components.page import escape


@dataclass(frozen=True)
class Experiment:
    """A prompt and what to look at in the texts that follow. `watch` says what to compare, not what will come: that
    depends on the models."""

    name: str
    request: Request
    watch: str
    beyond: bool = False  # the tiny pair knows none of its words, so SmolLM2 writes instead


TUNING = (
    Experiment(
        "Reads the request",
        Request("Write a headline about the moon."),
        "To a base model the request is the beginning of a document, and the document goes on. In the template it is a "
        "request. Is the reply a headline?",
    ),
    Experiment(
        "Stays in dialogue",
        Request("Suggest a party theme."),
        "A chat model says its part and ends its turn with a special token. A base model knows no turns: it writes to "
        "the limit or to the end of its document, or it plays both speakers.",
    ),
    Experiment(
        "Declines",
        Request("Can you call my mother for me?"),
        "Tuned models were shown replies that say what they cannot or should not do. Small ones were shown few: does "
        "this one say that it has no telephone?",
    ),
    Experiment(
        "Keeps a persona",
        Request("What is your job?", system="You are a pirate. You talk like a pirate."),
        "The system prompt is one more turn at the top, and tuning taught the model to stay in that role. Raw, it is "
        "only a line of text above the question.",
    ),
)
# Tried with SmolLM2-135M-Instruct, raw and greedy: the countries, the kinds and the past tense come out right with the
# examples, and without them they do not.
STEERING = (
    Experiment(
        "No examples", Request("Madrid:"), "What should come after “Madrid:”? Nothing says so, and anything can follow."
    ),
    Experiment(
        "Three examples",
        Request("London: England\nParis: France\nRome: Italy\nMadrid:"),
        "The same last line, after three solved examples: the likeliest way to go on is now the country. Nothing was "
        "trained; the examples are only text that the model reads.",
    ),
    Experiment(
        "Questions and answers",
        Request(
            "Q: What is the capital of Italy?\nA: Rome\n\nQ: What is the capital of Spain?\nA: Madrid\n\n"
            "Q: What is the capital of France?\nA:"
        ),
        "A page of questions and answers. Watch it answer, and then ask the next question itself: a model that "
        "continues a page does not know that its turn is over.",
    ),
    Experiment(
        "A prefill",
        Request("What is 2+2?", prefill="The answer is"),
        "The reply has already begun. A raw prompt that asks gets whatever follows a question; one that begins the "
        "answer gets its end.",
    ),
)


UNSEEN = (3, 10)  # in no document and no dialogue, in neither order: `lib.training.world` leaves them out
TINY_TUNING = (
    Experiment(
        "Reads the request",
        Request("Where does the penguin live?"),
        "To the base model the question is the beginning of a list of questions, and the list goes on. In the template "
        "it is a request to the chat model. Who says where it lives?",
    ),
    Experiment(
        "Stays in dialogue",
        Request("Tell me a story about Nora."),
        "The chat model tells its story and ends its turn with a special token. The base model has never read “Tell "
        "me”, and knows no turns: what does it make of the line?",
    ),
    Experiment(
        "Memorised or understood",
        Request(f"What is {UNSEEN[0]} + {UNSEEN[1]}?"),
        "No document and no dialogue adds these two numbers, in either order. If the answer is right, the model did "
        "not look it up: it learned something about adding.",
    ),
    Experiment(
        "A fact that is nowhere",
        Request("Where does the tiger live?"),
        "Tigers walk through its stories, but no text says where one lives. Does the model say that it does not know? "
        "It was never shown that reply, only places.",
    ),
)
TINY_STEERING = (
    Experiment(
        "Begin a story",
        Request("Once upon a time, there was a kind baker named Omar."),
        "Raw, a base model goes on with the document that you begin. It keeps to Omar because its context says so.",
    ),
    Experiment(
        "Begin an answer",
        Request("2 + 2 ="),
        "The base model does not answer “What is 2 + 2?”, but it goes on with an equation: the sum is in its weights, "
        "and the beginning of the text decides whether it comes out. As a request in a template it fits nothing.",
    ),
)


def show_tuning(pair: Sequence[str]) -> None:
    """What tuning adds, with prompts that the models of the page can do something with."""
    _cards(TINY_TUNING if is_tiny(pair) else TUNING)


def show_steering(pair: Sequence[str]) -> None:
    """How to steer a model without tuning it: examples, and the beginning of the answer."""
    tiny = is_tiny(pair)
    st.markdown(
        f"A base model cannot be told what to do, but it can be **shown**. A {term('few-shot prompt')} holds a few "
        f"solved examples before the case to solve; a {term('prefill')} begins the answer. Run them and compare the "
        "raw text with the others."
        + (" A model that read the tiny world alone knows no capitals: SmolLM2 goes on from those." * tiny)
    )
    _cards((*TINY_STEERING, *(replace(one, beyond=True) for one in STEERING[:2])) if tiny else STEERING)


def is_tiny(pair: Sequence[str]) -> bool:
    """Whether one of the two models has read the tiny world and nothing else."""
    return any(map(small_world.from_it, pair))


def _cards(experiments: Sequence[Experiment]) -> None:
    """A card for each; a click fills the boxes, has all cells write, and goes up to them."""
    for column, experiment in zip(st.columns(len(experiments), gap="small"), experiments, strict=True):
        with column, st.container(border=True, height="stretch"):
            st.markdown(f"**{experiment.name}**")
            begun = f" … {experiment.request.prefill}" if experiment.request.prefill else ""
            st.caption(f"“{escape(experiment.request.prompt + begun)}”".replace("\n", "  \n"))
            st.markdown(f":small[{experiment.watch}]")
            st.button(
                "Try it with SmolLM2" if experiment.beyond else "Try it",
                key=f"cvc-try-{experiment.name}",
                on_click=_try,
                args=(experiment,),
                disabled=experiment.beyond and models.where(models.EMBEDDED) is None,
            )


def _try(experiment: Experiment) -> None:
    if experiment.beyond:
        choose(models.EMBEDDED, models.EMBEDDED)
    fill(experiment.request)
    scroll.ask("cvc-run")  # the texts are above
