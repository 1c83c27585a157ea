"""Small experiments on what instruction tuning adds, one prompt each."""

from dataclasses import dataclass

import streamlit as st

from lib.ui.completion.choices import fill
from lib.ui.completion.corners import Request
from lib.ui.components import scroll
from lib.ui.components.page import escape


@dataclass(frozen=True)
class Experiment:
    """A prompt that shows one thing that instruction tuning adds."""

    name: str
    request: Request
    watch: str


EXPERIMENTS = (
    Experiment(
        "Reads the request",
        Request("Write a headline about the moon."),
        "Raw, the request is the beginning of a document, and the document goes on. In the template it is a "
        "request, and the reply is a headline.",
    ),
    Experiment(
        "Stays in dialogue",
        Request("Suggest a party theme."),
        "A chat model says its part and ends its turn with a control token. A completion model knows no turns: "
        "it writes until the limit, or plays both speakers.",
    ),
    Experiment(
        "Declines",
        Request("Can you call my mother for me?"),
        "Tuned models were shown replies that say what they cannot or should not do. Small ones have seen few: "
        "try a request of your own, and do not rely on it.",
    ),
    Experiment(
        "Keeps a persona",
        Request("What is your job?", system="You are a pirate. You talk like a pirate."),
        "The system prompt is one more turn at the top. Tuning taught the model to stay in that role; raw, it "
        "is only a line of text above the question.",
    ),
)


def show_experiments() -> None:
    """A card for each; a click fills the boxes, has all cells write, and goes up to them."""
    for column, experiment in zip(st.columns(len(EXPERIMENTS), gap="small"), EXPERIMENTS, strict=True):
        with column, st.container(border=True, height="stretch"):
            st.markdown(f"**{experiment.name}**")
            st.caption(f"“{escape(experiment.request.prompt)}”")
            st.markdown(f":small[{experiment.watch}]")
            st.button("Try it", key=f"cvc-try-{experiment.name}", on_click=_try, args=(experiment.request,))


def _try(request: Request) -> None:
    fill(request)
    scroll.ask("cvc-run")  # the texts are above
