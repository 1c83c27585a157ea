"""The next token: a probability for every token there is, and what temperature and filters do to it."""

import streamlit as st

from lib.ui.components import header, model_picker
from lib.ui.components.page import explained, setup_page, takeaways
from lib.ui.next_token import reading as next_token
from lib.ui.next_token.distribution import next_token_chart
from lib.ui.next_token.lesson import explanations, question
from lib.ui.next_token.panels import tab_panels
from lib.ui.next_token.state import (
    CHART,
    EXAMPLES,
    append,
    before_widgets,
    example,
    follow,
    look,
    page_state,
    write_link,
)
from lib.ui.next_token.text import HEATED, notes, path_buttons, place_note, show_tokens

setup_page(
    "Next token",
    icon="🎲",
    lead="Every token the model knows gets a probability of coming next. Temperature and filters reshape it.",
)
view = page_state()
before_widgets(view)
with explained():
    with header.bar():
        prompt = header.prompt_box("Prompt", EXAMPLES[0])
        header.examples(EXAMPLES, then=example)
        model_id = model_picker.pick_model("model", role="base")
    reading = next_token.read(model_id, prompt, follow(view, next_token.tokenizer_of(model_id), prompt))
    notes(reading, prompt, view)
    left, right = st.columns([5, 2])
    tokens = left.container()  # filled after the chart, as the chart is what one waits for
    with right:
        path_buttons(reading, view)
    place_note(reading, view)
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
    with tokens:
        picked = show_tokens(reading, view, heated=len(reading.ids) <= HEATED)
    if picked is not None:
        look(reading, view, picked)
    tab_panels(reading, prompt, view)
    question(reading, view)
explanations()
takeaways(
    "The model gives a probability to **every** token it knows; choosing one is a separate step.",
    "**Temperature** divides the scores before the softmax: below 1 the likely get likelier, above 1 the unlikely get a"
    " chance. The order never changes, and 0 means: always the first.",
    "**Top-k, top-p and min-p** cut the tail off, each in its own way, and share what is left out among the rest.",
    "A text's probability is the product of its tokens' probabilities: every step of a path counts.",
)
