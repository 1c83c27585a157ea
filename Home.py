"""Home: the river of roads not taken as a first demo, the course, and the models on this machine."""

import streamlit as st

from lib.ui.components import header
from lib.ui.components.link_values import in_link
from lib.ui.components.live_updates import LiveUpdates
from lib.ui.components.model_picker import pick_model
from lib.ui.components.page import explained, setup_page
from lib.ui.home.cards import course_panel
from lib.ui.home.demo import EXAMPLES, first_demo, room
from lib.ui.home.model_shelf import loaded_models, shelf_panel
from lib.ui.home.state import page_state
from lib.ui.home.take_home import page_menu

TABS = ("The course", "Models on this machine")
setup_page(
    "LLM Playground",
    icon="🛝",
    lead="Watch a real model write: every number on the screen is computed by the model in front of you.",
)
view, updates = page_state(), LiveUpdates()
with explained():
    with header.bar():
        text = header.prompt_box("Your text", EXAMPLES[0])
        header.examples(EXAMPLES)
        model_id = pick_model(role="capable")
    first = room()  # filled last: it loads the model, and the page should be there before
    course, shelf = st.tabs(TABS, key="home", on_change="rerun", **in_link("home", TABS))
    if course.open:
        with course:
            course_panel()
    if shelf.open:
        with shelf:
            shelf_panel()
    before = loaded_models()
    with first:
        first_demo(view, model_id, text, updates)
    if loaded_models() != before:
        st.rerun()  # the demo has just loaded its model: the shelf, drawn before, should say so
    page_menu(view, model_id, text)
updates.follow()
