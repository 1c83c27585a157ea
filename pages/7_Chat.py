"""Chat: a conversation with a real model, and beside it the same conversation as the model sees it."""

import streamlit as st

from lib.settings import settings
from lib.ui.chat import browser_storage as chat_keeper
from lib.ui.chat import files as chat_files
from lib.ui.chat import focus
from lib.ui.chat import lessons as chat_lessons
from lib.ui.chat import link as chat_link
from lib.ui.chat import state as chat_state
from lib.ui.chat import view as chat_view
from lib.ui.chat.settings import controls
from lib.ui.chat.side_panel import begin_reply, fit_now, look, notices, opened, paint_reply, settle
from lib.ui.chat.small_model import doubt
from lib.ui.chat.take_home import page_menu
from lib.ui.components import header, scroll
from lib.ui.components.glossary import term
from lib.ui.components.link_values import in_link
from lib.ui.components.live_updates import LiveUpdates
from lib.ui.components.page import explained, predict, setup_page, takeaways

setup_page("Chat", icon="💬", lead="It predicts the next token, like any other model.")
chat_view.style()
space, updates = chat_state.workspace(), LiveUpdates()
settle(space)
chat_link.follow(space)

with explained():
    with header.bar():
        menu = st.container(key="chat-menu")  # filled when the model is known
        chosen = controls()
        with menu:
            chat_files.conversations(space, chosen.model_id)
    engine = opened(space, chosen)
    begin_reply(space, engine, chosen)
    fitted = fit_now(space, engine, chosen)

    with st.container(key="result"):
        left, right = st.columns([3, 2], gap="medium")
    with left, st.container(key="chat-side"):
        view = chat_view.head(space)
        with st.container(height=chat_view.TALL, border=True, key="chat-messages", autoscroll=True):
            if not space.conversation.messages and not space.task:
                chat_view.welcome()
            chat_view.history(space, view)
            doubt(space, view, fitted)
            spot = chat_view.reply_spot() if space.task or space.writer else None
            chat_files.problem(space)
            notices(fitted, engine, chosen)
        scroll.place("chat-editor", block="nearest")
        focus.place()
        st.chat_input(
            "Say something",
            key="chat-input",
            submit_mode="stop",
            on_submit=chat_state.submit,
            args=("chat-input",),
            max_chars=settings().max_prompt_chars,
        )
    with right:
        look(space, fitted, engine, chosen)

    compare, injection, questions, short = st.tabs(
        chat_lessons.TABS, on_change="rerun", key="chat-lessons", **in_link("chat-lessons", chat_lessons.TABS)
    )
    if compare.open and engine is not None:
        with compare:
            chat_lessons.compare(space.conversation.to_model(), engine.tokenizer, engine.info.name)
    if injection.open and engine is not None:
        with injection:
            chat_lessons.injection(engine, chosen, updates)
    if questions.open:
        with questions:
            predict(
                "default-system",
                "You send only “Hi”. How many tokens does Qwen2.5’s template make of it, generation prompt included?",
                chat_lessons.HI_OPTIONS,
                chat_lessons.hi,
            )
    if short.open:
        with short:
            takeaways(
                "The model has no memory of you: **the whole conversation is sent again** for every reply, as one "
                "text.",
                f"Roles are nothing but text between {term('special token', 'special tokens')}. The "
                f"**{term('chat template', 'template')}** writes them; the model learned to chat in that format.",
                "A template may **insert a system prompt** that nobody typed.",
                "Special tokens come from the template, and from the model, which ends its own turn with one. What "
                "people type is encoded as ordinary text, whatever it looks like.",
                "Fluent does not mean true. **Look at the probabilities**: they show how sure the model was "
                "of each token.",
                "When the context is full something has to go. Here it is the oldest turns.",
            )
    if engine is not None:
        page_menu(space, fitted, engine, chosen)
    paint_reply(space, spot, updates, chat_keeper.keep())
    updates.follow()
