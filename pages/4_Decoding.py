"""Decoding: the model gives probabilities, the strategy chooses. One prompt, one seed, a grid of strategies at once."""

import streamlit as st

from lib.ui import cache
from lib.ui.components.live_updates import LiveUpdates
from lib.ui.components.page import explained, setup_page
from lib.ui.decoding import beam as decoding_beam
from lib.ui.decoding import columns as decoding_columns
from lib.ui.decoding import controls as decoding_controls
from lib.ui.decoding import lesson as decoding_lesson
from lib.ui.decoding import samples as decoding_samples
from lib.ui.decoding import state as decoding_state
from lib.ui.decoding import step as decoding_step

setup_page(
    "Decoding",
    icon="🎲",
    lead="The model gives every token a probability; it does not choose. A decoding strategy chooses, one token after "
    "the other. Here one prompt and one seed go through several strategies at the same time.",
)

updates = LiveUpdates()
prompt, seed, length, model_id = decoding_controls.settings_bar()
columns = decoding_state.columns()
decoding_controls.action_bar(columns)
slots = decoding_controls.cards(columns)
decoding_state.write_link()

with explained():
    engine = cache.engine(model_id)
    ids = decoding_state.prompt_ids(engine, prompt)
    if st.session_state.pop("decoding-asked", False):
        with explained():  # whatever keeps the texts from starting, the page below stays
            decoding_state.run_all(engine, ids, seed=seed, max_new_tokens=length)
    decoding_columns.show_columns(engine, slots, settings=(ids, seed, length), updates=updates)
    decoding_lesson.legend(prompt)

    decoding_step.panel(engine, model_id, columns, prompt)
    decoding_samples.panel(engine, columns, ids, seed=seed, updates=updates)
    decoding_beam.panel(engine, columns, updates=updates)
    decoding_lesson.code_panel(engine, columns, prompt, seed=seed, max_new_tokens=length)
    st.subheader("What do you expect?")
    decoding_lesson.questions(engine, model_id, ids)

decoding_lesson.closing()
updates.follow()
