"""What every strategy does to one distribution: the step that was clicked, seen through all columns."""

import math
from collections.abc import Sequence

import numpy as np
import streamlit as st
from streamlit.errors import StreamlitAPIException

from lib.decoding import text_metrics
from lib.decoding.known_tokens import KnownTokens
from lib.decoding.strategies import Strategy
from lib.engine import Engine
from lib.engine.sampling import distribution, penalise, ranking, softmax
from lib.figures import decoding as figures
from lib.figures.decoding import column_colours
from lib.generation.strategy_run import StrategyRun
from lib.generation.token_view import token_name
from lib.text_format import ordinal, percent
from lib.ui import cache
from lib.ui.components.charts import chart
from lib.ui.components.linked_text import for_link
from lib.ui.components.page import escape
from lib.ui.decoding.state import Column


def panel(engine: Engine, model_id: str, columns: Sequence[Column], prompt: str) -> None:
    """The section under the grid. Draws nothing but a hint while there is no text."""
    if any(column.track and column.track.running for column in columns):
        st.caption("The columns are writing. When they are done, the step that you click is shown here.")
        return
    written = [column for column in columns if column.track and column.track.steps]
    if not written:
        st.caption("Run the columns, then click a token: here you see the probabilities it was chosen from.")
        return
    column, index = _focus(written)
    track = column.track
    assert track is not None
    steps = track.steps
    before = [step.id for step in steps[:index]]
    chosen = steps[index].id
    if engine.info.device == "remote":
        _known(engine, columns, track, index)
        return
    raw_logits = cache.logits(model_id, "auto", (*track.prompt, *before))
    raw = softmax(raw_logits)
    place = int(np.flatnonzero(ranking(raw_logits) == chosen)[0]) + 1
    text = engine.tokenizer.decode([*track.prompt, *before])
    st.markdown(
        f"Token {index + 1} of column {list(columns).index(column) + 1} "
        f"({escape(track.strategy.title())}): after “{escape(_tail(text))}” comes "
        f"**{escape(token_name(engine.tokenizer, chosen))}**. The model (T = 1) gives it "
        f"{percent(float(raw[chosen]))} and "
        f"ranks it {ordinal(place)} of {raw.size:,}. Click any token above to look at its step."
    )
    shaped = _shaped(columns, raw_logits, [*track.prompt, *before])
    ids = figures.top_ids(raw, count=8, extra=[chosen])
    labels = {i: token_name(engine.tokenizer, i) for i in ids}
    chart(figures.step_bars(raw, shaped, labels), key="decoding-step-chart")
    kept = " · ".join(f"{escape(one.name)}: **{int(one.kept.sum()):,}**" for one in shaped)
    if kept:
        st.markdown(f"Tokens still possible, of {raw.size:,}: {kept}.")
    if any(c.strategy.kind == "beam" for c in columns):
        st.caption(
            "Beam search is not in the chart: it changes no probability, it adds up log-probabilities "
            "(see “Beam tree”)."
        )
    current = st.session_state.get("decoding-ids", (None, ()))[1]
    shown = prompt if current == track.prompt else engine.tokenizer.decode(track.prompt)
    _link(model_id, track.strategy, shown, before)


def _known(engine: Engine, columns: Sequence[Column], track: StrategyRun, index: int) -> None:
    """The same of a model on a server: it gives the likeliest tokens, and what they do not have the others have."""
    step = track.steps[index]
    known = KnownTokens.of(step, engine.info.vocab_size)
    text = engine.tokenizer.decode([*track.prompt, *(one.id for one in track.steps[:index])])
    st.markdown(
        f"Token {index + 1} of {escape(track.strategy.title())}: after “{escape(_tail(text))}” comes "
        f"**{escape(token_name(engine.tokenizer, step.id))}**. The model (T = 1) gives it "
        f"{percent(math.exp(step.logprob))}. Click any token above to look at its step."
    )
    shaped, left = _shaped_known(columns, known)
    ids = dict.fromkeys([*known.ids[:8], *({step.id} & set(known.ids))])
    labels = {i: token_name(engine.tokenizer, i) for i in ids}
    chart(figures.step_bars(known.probs, shaped, labels), key="decoding-step-chart")
    st.caption(
        f"The server gives the {len(known.ids)} likeliest tokens of a step ({len(ids)} of them are drawn); all other "
        f"tokens together have {percent(known.rest)}."
        + (f" What these do to the others cannot be seen from here: {escape(', '.join(left))}." if left else "")
    )


def _shaped_known(columns: Sequence[Column], known: KnownTokens) -> tuple[list[figures.Shaped], list[str]]:
    """The strategies that can be followed from the known tokens alone, and the names of the others."""
    shaped, left = dict[str, figures.Shaped](), dict[str, None]()
    for column, colour in zip(columns, column_colours([c.strategy.kind for c in columns]), strict=True):
        title = column.strategy.title()
        if column.strategy.kind == "beam" or column.strategy.problem():
            continue
        sampling = column.strategy.sampling()
        if known.follows(sampling):
            after = known.after(sampling)
            shaped.setdefault(title, figures.Shaped(title, colour, after.probs, after.kept))
        else:
            left.setdefault(title)
    return list(shaped.values()), list(left)


def _focus(written: Sequence[Column]) -> tuple[Column, int]:
    """The clicked token if it is still there, else the first token where the columns part, else the first."""
    uid, index = st.session_state.get("decoding-focus", (None, None))
    for column in written:
        if column.uid == uid and column.track and 0 <= index < len(column.track.steps):
            return column, index
    texts = [[step.id for step in column.track.steps] for column in written if column.track]
    return written[0], min(text_metrics.parting(texts) or 0, len(texts[0]) - 1)


def _shaped(columns: Sequence[Column], logits: np.ndarray, ids: Sequence[int]) -> list[figures.Shaped]:
    shaped = []
    strategies: dict[str, tuple[Strategy, str]] = {}
    for column, colour in zip(columns, column_colours([c.strategy.kind for c in columns]), strict=True):
        if column.strategy.kind != "beam" and not column.strategy.problem():
            # A branch or a copy is no other strategy.
            strategies.setdefault(column.strategy.title(), (column.strategy, colour))
    for title, (strategy, colour) in strategies.items():
        s = strategy.sampling()
        after = distribution(penalise(logits, set(ids), s.repetition_penalty), **s.filters)
        shaped.append(figures.Shaped(title, colour, after.probs, after.kept))
    return shaped


def _link(model_id: str, strategy: Strategy, prompt: str, path: Sequence[int]) -> None:
    query = {"model": model_id, **for_link(prompt=prompt)}  # the page has a longer one in common with this one
    if path:
        query["path"] = ",".join(map(str, path))
    if strategy.kind != "beam" and not strategy.problem():
        s = strategy.sampling()
        knobs = {"t": s.temperature, "k": s.top_k, "p": s.top_p, "minp": s.min_p}
        query |= {name: f"{value:g}" for name, value in knobs.items() if value is not None}
    try:
        st.page_link(
            "pages/3_Next_Token.py",
            label="Open this step on the Next Token page",
            icon=":material/bar_chart:",
            query_params=query,
        )
        if strategy.knobs.get("repetition_penalty", 1) != 1:
            st.caption("That page has no repetition penalty: it shows this step without one.")
    except StreamlitAPIException:  # the page runs on its own, without the others
        st.caption("The Next Token page shows this step with every knob.")


def _tail(text: str, limit: int = 60) -> str:
    text = text.replace("\n", "⏎")
    return text if len(text) <= limit else "…" + text[-limit:]
