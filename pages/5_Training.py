"""Training: a small language model learns before one's eyes, from noise to sentences, and then to chat."""

import streamlit as st

from lib.training.history import History
from lib.ui.components.live_updates import LiveUpdates
from lib.ui.components.page import explained, page_style, setup_page
from lib.ui.training import __file__ as room
from lib.ui.training import choices, result, sections, start, state
from lib.ui.training.take_home import page_menu

setup_page("Training", icon="🏋️", lead="It begins as random numbers. All it knows comes from its training text.")
page_style(room, "page.css")
updates = LiveUpdates()
with explained():
    state.begin()
    fields = choices.header_bar()
    state.carry_out(fields)
    run = state.shown()
    told = state.history(run) if run else History()
    with st.container(key="result"):
        stage = start.row(run, told, fields)
        shown = result.shown(run, told, stage)
        if run is None:
            start.nothing_yet(fields)
        elif shown is None:
            start.not_yet(stage, run, told)
        else:
            result.show_result(shown, updates)
    whole = shown or result.shown(run, told, "pretrain")
    sections.show_sections(shown, whole, fields, updates)
    page_menu(whole)
updates.follow()
