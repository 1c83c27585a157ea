"""Next Token for a model on a server: the 20 likeliest tokens that it gives, and what all others have together.

The chart of the page holds the whole vocabulary, which no server gives. From 20 tokens one can still compute exactly
what temperature and filters do, as long as top-k leaves no other token.
"""

from dataclasses import replace

import streamlit as st

from lib.decoding.known_tokens import KnownTokens
from lib.engine import SERVER_ALTERNATIVES, Sampling
from lib.errors import PlaygroundError
from lib.figures import decoding as figures
from lib.text_format import percent
from lib.ui import cache
from lib.ui.components.charts import chart
from lib.ui.next_token.reading import Reading
from lib.ui.next_token.state import State, append, write_link
from lib.ui.next_token.text import Chip, path_buttons, token_strip

_ROW, _AROUND = 20, 90  # px of a token's bars, and of axis and legend


@st.cache_data(max_entries=64, show_spinner="The server reads the text …")
def _known(model_id: str, ids: tuple[int, ...]) -> KnownTokens:
    """What the server says comes after `ids`. Raises PlaygroundError, which is not kept."""
    engine = cache.engine(model_id)
    greedy = Sampling(temperature=0)  # what is given is the model's own (T = 1) whatever is drawn
    steps = list(engine.generate(ids, sampling=greedy, max_new_tokens=1, alternatives=SERVER_ALTERNATIVES))
    if not steps:
        raise PlaygroundError("The likeliest token here ends the text, and the server names no tokens for an end.")
    return KnownTokens.of(steps[0], engine.info.vocab_size)


def show_partial(reading: Reading, view: State, *, ids: bool) -> None:
    """The page's result, without what needs the whole vocabulary."""
    with st.container(key="text-row", horizontal=True, vertical_alignment="center", gap="small"):
        token_strip("next-token-partial-text", _chips(reading), ids=ids)
        path_buttons(reading, view)
    known = _known(reading.model_id, reading.ids)
    names = {token: reading.label(token) for token in known.ids}
    st.caption(
        f"This model is on a server, which gives the {len(known.ids)} likeliest tokens; all other tokens together have "
        f"{percent(known.rest)} (model, T = 1). Top-k keeps none of them, so temperature and filters are exact here. "
        "What this page shows of the whole vocabulary needs a model on this machine."
    )
    bars, knobs = st.columns([3, 1], gap="medium")
    with knobs:
        sampling = _settings(view, len(known.ids))
        picked = st.selectbox(
            "Append a token",
            known.ids,
            index=None,
            format_func=lambda token: names[token],
            key=f"partial-append-{len(reading.ids)}",
            placeholder="One of these",
        )
    after = known.after(sampling)
    shaped = [figures.Shaped("after sampling settings", figures.strategy_colour("top_k"), after.probs, after.kept)]
    with bars:
        drawn = figures.step_bars(known.probs, shaped, names)
        drawn["layout"]["height"] = _AROUND + _ROW * (len(names) + 1)  # all of it in the first screen
        chart(drawn, key="next-token-partial")
    if picked is not None:
        append(reading, view, picked)


def _chips(reading: Reading) -> list[Chip]:
    """The text's tokens; a server does not say how likely they were."""
    rows = [reading.row(token) for token in reading.ids]
    return [
        Chip(
            place,
            row.id,
            row.label,
            (("position", str(place + 1)), ("token ID", str(row.id)), ("bytes", row.hex)),
            path=place >= len(reading.prompt),
            special=row.special,
        )
        for place, row in enumerate(rows)
    ]


def _settings(view: State, most: int) -> Sampling:
    """The knobs, of which top-k is always on: beyond the known tokens nothing can be said."""
    knobs, top_k = view.knobs, 1
    temperature = st.slider("Temperature", 0.0, 2.0, min(knobs.t, 2.0), 0.05, key="partial-t")
    if most > 1:
        top_k = st.slider("Top-k", 1, most, min(knobs.k or most, most), key="partial-k")
    top_p = st.slider("Top-p", 0.0, 1.0, knobs.p, 0.01, key="partial-p")
    min_p = st.slider("Min-p", 0.0, 1.0, knobs.m, 0.01, key="partial-m")
    view.knobs = replace(knobs, t=temperature, k=top_k, p=top_p, m=min_p)
    write_link(view)
    return Sampling(**view.knobs.sampling)
