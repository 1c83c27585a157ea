"""The next token: a probability for every token there is, and what temperature and filters do to it."""

import streamlit as st

from lib import models
from lib.ui.components import header, model_picker
from lib.ui.components.page import explained, setup_page
from lib.ui.next_token import reading as next_token
from lib.ui.next_token.distribution import next_token_chart
from lib.ui.next_token.layout import held, page_settings, reserve_places
from lib.ui.next_token.note import note_line, problems
from lib.ui.next_token.panels import tab_panels
from lib.ui.next_token.partial import show_partial
from lib.ui.next_token.state import CHART, EXAMPLES, append, before_widgets, follow, look, page_state, write_link
from lib.ui.next_token.take_home import page_menu
from lib.ui.next_token.text import Known, path_buttons, show_tokens

setup_page("Next token", icon="🎲", lead="Every token gets a probability; temperature and filters reshape it.")
reserve_places()
view = page_state()
before_widgets(view)
with explained():
    with header.bar():
        prompt = header.prompt_box("Prompt", EXAMPLES[0])
        header.examples(EXAMPLES)
        model_id = model_picker.pick_model("model", role="capable", remote=True)
        with header.settings():
            ids = page_settings(model_id)
    reading = next_token.read(model_id, prompt, follow(view, next_token.tokenizer_of(model_id), prompt))
    problems(view)
    if models.is_remote(model_id):
        with st.container(key="result"):
            show_partial(reading, view, ids=ids)
        st.stop()
    with st.container(key="result"):
        with st.container(key="text-row", horizontal=True, vertical_alignment="center", gap="small"):
            tokens = held("text-strip")  # filled after the chart, as the chart is what one waits for
            path_buttons(reading, view)
        note = held("text-note", horizontal=True)
        with next_token.patience(reading):
            content = reading.content(view.at)
        reply = next_token_chart(
            CHART,
            content,
            start=view.start,
            nonce=view.nonce,
            seed=view.knobs.seed,
            actual=None if view.at is None else reading.ids[view.at],
        )
    fresh_seed = reply.knobs.seed != view.knobs.seed
    view.knobs = reply.knobs
    write_link(view)
    if fresh_seed:
        st.rerun()  # the chart needs the random numbers of this seed
    if reply.append is not None:
        append(reading, view, reply.append)
    known = Known.of(reading, view)
    with tokens:
        picked = show_tokens(reading, view, known, ids=ids)
    with note:
        note_line(reading, prompt, view, known)
    if picked is not None:
        look(reading, view, picked)
    tab_panels(reading, prompt, view)
    page_menu(reading, prompt, view)
