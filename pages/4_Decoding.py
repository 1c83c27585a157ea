"""Decoding: the model gives probabilities, the strategy chooses. One prompt, one seed, a grid of strategies at once."""

import streamlit as st

from lib.ui import cache
from lib.ui.components.live_updates import LiveUpdates
from lib.ui.components.page import explained, setup_page
from lib.ui.decoding import cards as decoding_cards
from lib.ui.decoding import columns as decoding_columns
from lib.ui.decoding import controls as decoding_controls
from lib.ui.decoding import sections as decoding_sections
from lib.ui.decoding import state as decoding_state
from lib.ui.decoding.take_home import page_menu

setup_page("Decoding", icon="🎲", lead="The model gives probabilities; a decoding strategy chooses.")

updates = LiveUpdates()
prompt, seed, length, model_id = decoding_controls.header_bar()
columns = decoding_state.columns()
decoding_controls.action_bar(columns)
with st.container(key="result"):
    slots = decoding_cards.column_cards(columns)
    decoding_cards.legend()
decoding_state.write_link()

with explained():
    engine = cache.engine(model_id)
    ids = decoding_state.prompt_ids(engine, prompt)
    if st.session_state.pop("decoding-asked", False):
        with explained():  # whatever keeps the texts from starting, the page below stays
            decoding_state.run_all(engine, ids, seed=seed, max_new_tokens=length)
    decoding_columns.show_columns(engine, slots, settings=(ids, seed, length), updates=updates)
    asked = decoding_sections.Asked(engine, model_id, columns, prompt, ids, seed, length)
    decoding_sections.show_sections(asked, updates)
    page_menu(asked)
updates.follow()
