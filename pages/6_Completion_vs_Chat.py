"""Completion against chat: the same words, raw and in a chat template, to a base model and to a chat model."""

import streamlit as st

from lib.ui.completion import view as completion_view
from lib.ui.completion.choices import header_bar
from lib.ui.completion.corners import cells
from lib.ui.completion.experiments import show_steering, show_tuning
from lib.ui.completion.questions import show_questions
from lib.ui.completion.take_home import page_menu
from lib.ui.completion.training import show_training
from lib.ui.components.glossary import term
from lib.ui.components.link_values import in_link
from lib.ui.components.linked_text import renamed
from lib.ui.components.live_updates import LiveUpdates
from lib.ui.components.page import explained, setup_page, takeaways

setup_page("Completion vs chat", icon="⚖️", lead="Both continue a text.")
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

renamed("cvc-tab", {"What instruction tuning adds": "What tuning adds"})  # as the tab was called before
TABS = ("How a chat model is made", "What tuning adds", "Few-shot and prefill", "Questions", "In short")
made, tuning, steering, questions, short = st.tabs(TABS, on_change="rerun", key="cvc-tab", **in_link("cvc-tab", TABS))
if made.open:
    with made, explained():
        show_training((choice.base, choice.instruct))
if tuning.open:
    with tuning:
        show_tuning((choice.base, choice.instruct))
if steering.open:
    with steering:
        show_steering((choice.base, choice.instruct))
if questions.open:
    with questions, explained():
        show_questions(choice.base)
if short.open:
    with short:
        takeaways(
            "Both kinds of model do the same thing: **predict the next token**.",
            f"**{term('pre-training', 'Pre-training')}** makes a model that continues texts. "
            f"**{term('supervised fine-tuning (SFT)', 'Supervised fine-tuning')}** taught it what comes next in a "
            "conversation: an answer, and then an end token. "
            f"**{term('preference tuning', 'Preference tuning')}** made the replies that people prefer likelier.",
            f"The **{term('chat template', 'template')}** tells the model that it is in a conversation. Without it "
            "even "
            "a chat model may ramble, or say nothing.",
            f"To a model that was never taught the format, {term('special token', 'special tokens')} are odd "
            "punctuation.",
            "A base model is steered by what it is to continue: a **few-shot prompt** shows solved examples, a "
            "**prefill** begins the answer.",
        )
updates.follow()
