"""Completion against chat: the same words, raw and in a chat template, to a completion model and to a chat model."""

import streamlit as st

from lib.ui.completion import view as completion_view
from lib.ui.completion.choices import header_bar
from lib.ui.completion.corners import cells
from lib.ui.completion.experiments import show_experiments
from lib.ui.completion.take_home import page_menu
from lib.ui.components.live_updates import LiveUpdates
from lib.ui.components.page import explained, predict, setup_page, takeaways

setup_page(
    "Completion vs chat",
    icon="⚖️",
    lead="Both kinds of model continue a text. One was taught a format in which it answers.",
)
completion_view.style()
updates = LiveUpdates()
with explained():
    choice = header_bar()
    if choice.request.prompt.strip() or choice.request.prefill or choice.request.system:
        corners = cells(choice.base, choice.instruct, choice.request)
        texts = completion_view.grid(corners, choice, updates)
        page_menu(corners, choice, texts)
    else:
        st.info("Write a prompt first: a model needs at least one token to go on from.")

tuning, questions, short = st.tabs(
    ["What instruction tuning adds", "Questions", "In short"], on_change="rerun", key="cvc-tab", bind="query-params"
)
if tuning.open:
    with tuning:
        show_experiments()
if questions.open:
    with questions:
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
if short.open:
    with short:
        takeaways(
            "Both kinds of model do the same thing: **predict the next token**.",
            "Instruction tuning taught one of them what comes next **in a conversation**: an answer, and then an end "
            "token.",
            "The **template** is how you tell it that it is in one. Without the template even a chat model may ramble.",
            "To a model that was never taught the format, control tokens are odd punctuation.",
            "With a **prefill** you begin the reply yourself. For a completion model that is the only way to steer it: "
            "write the beginning of a text whose likely continuation is what you want.",
        )
updates.follow()
