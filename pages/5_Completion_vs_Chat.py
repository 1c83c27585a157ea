"""Completion against chat: the same words, raw and in a chat template, to a completion model and to a chat model."""

import streamlit as st

from lib.ui.completion import view as completion_view
from lib.ui.completion.corners import cells, stands_in
from lib.ui.components.live_updates import LiveUpdates
from lib.ui.components.model_picker import pick_model
from lib.ui.components.page import escape, explained, predict, setup_page, takeaways

setup_page(
    "Completion vs chat",
    icon="⚖️",
    lead="A completion model continues a text. A chat model does the same, but was taught a format in which one side "
    "asks and the other answers. Give both the same words, with and without that format.",
)
updates = LiveUpdates()
left, right = st.columns(2)
with left:
    base = pick_model("base", role="base", label="Completion model", remote=True)
with right:
    instruct = pick_model("instruct", role="instruct", label="Chat model", remote=True)
if said := stands_in(base, instruct):
    st.caption(f":material/swap_horiz: {escape(said)}")

with explained():
    choice = completion_view.controls()
    if choice.request.prompt.strip() or choice.request.prefill or choice.request.system:
        completion_view.grid(cells(base, instruct, choice.request), choice, updates)
    else:
        st.info("Write a prompt first: a model needs at least one token to go on from.")

completion_view.experiments()

predict(
    "completion-question",
    "A completion model that has only read web pages gets “What is 2+2?”. What is it likely to do?",
    ("Answer 4", "Go on with more text, perhaps more questions", "Refuse"),
    lambda: (
        1,
        "On web pages a question is often followed by another question: a quiz, a list, a forum. Nothing "
        "in the text says that it is its turn to answer.",
    ),
)

takeaways(
    "Both kinds of model do the same thing: **predict the next token**.",
    "Instruction tuning taught one of them what comes next **in a conversation**: an answer, and then an end token.",
    "The **template** is how you tell it that it is in one. Without the template even a chat model may ramble.",
    "To a model that was never taught the format, control tokens are odd punctuation.",
    "With a **prefill** you begin the reply yourself. For a completion model that is the only way to steer it: write "
    "the beginning of a text whose likely continuation is what you want.",
)
updates.follow()
