"""Home: what this is, a first demo in three steps, the lessons, and the model shelf."""

import streamlit as st

from lib.ui.components.page import setup_page
from lib.ui.home.cards import lesson_cards
from lib.ui.home.demo import first_demo, room
from lib.ui.home.model_shelf import loaded_models, shelf_panel

setup_page(
    "LLM Playground",
    icon="🛝",
    lead="A language model reads a text and says how likely every possible next piece is; writing is doing that again "
    "and again. Here you watch real models do it: every number on the screen is computed by the model in front of you.",
)

first = room()  # filled last: it loads the model, and the page should be there before

st.subheader("The lessons", anchor="lessons")
lesson_cards()

st.subheader("The model shelf", anchor="models")
shelf_panel()

before = loaded_models()
with first:
    first_demo()
if loaded_models() != before:
    st.rerun()  # the demo has just loaded its model: the shelf, drawn before, should say so
