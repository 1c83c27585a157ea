"""One strategy, many times: seeds in a row, computed together, and how the texts spread."""

from collections.abc import Sequence
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lib.decoding import text_metrics
from lib.engine import Engine
from lib.figures import river
from lib.figures import samples as figures
from lib.figures.decoding import strategy_colour
from lib.generation.strategy_run import StrategyRun
from lib.generation.token_view import printable, token_name
from lib.ui.components.charts import chart
from lib.ui.components.kept_clicks import carrying_out, kept_button
from lib.ui.components.live_updates import LiveRegion, LiveUpdates
from lib.ui.components.page import escape, switch, wide_chart
from lib.ui.components.session import session_alive, session_id
from lib.ui.decoding.state import Column, numbered
from lib.ui.river.component import show_river

DELTA, BOXES, SPREAD, TABLE = VIEWS = ("Delta", "Boxes", "Spread", "All texts")
_HEIGHT = 330  # px of the delta


def panel(engine: Engine, columns: Sequence[Column], ids: Sequence[int], *, seed: int, updates: LiveUpdates) -> None:
    """The section: which strategy, how often, how long; then the tree and the numbers, live."""
    usable = [column for column in columns if column.strategy.problem() is None and column.strategy.kind != "beam"]
    if not usable:
        st.caption("Add a column that draws (top-k, top-p, min-p or pure sampling) to see how much its texts vary.")
        return
    default = next((i for i, column in enumerate(usable) if column.strategy.random), 0)
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        place = st.selectbox(
            "Strategy",
            range(len(usable)),
            index=default,
            key="decoding-many-which",
            width=300,
            format_func=lambda i: numbered(columns, usable[i]),
        )
        count = st.number_input("Texts", 2, 32, 20, key="decoding-many-count", width=110, persist_state="page")
        length = st.number_input(
            "Max new tokens", 2, 60, 16, key="decoding-many-length", width=130, persist_state="page"
        )
        asked = kept_button("Write them", key="decoding-many-run", icon=":material/dynamic_feed:")
        busy = asked or any(track.running for track in st.session_state.get("decoding-many", []))
        st.button("Stop", key="decoding-many-stop", icon=":material/stop:", on_click=stop, disabled=not busy)
    if asked:
        chosen = usable[min(place or 0, len(usable) - 1)].strategy
        alive, owner = session_alive(), session_id()
        with carrying_out("decoding-many-run"):
            stop()
            st.session_state["decoding-many"] = [
                StrategyRun(
                    engine, ids, chosen, seed=(seed + n) % 2**31, max_new_tokens=int(length), alive=alive, owner=owner
                )
                for n in range(int(count))
            ]
    tracks: list[StrategyRun] = st.session_state.get("decoding-many", [])
    if any(track.running for track in tracks):
        _growing(tracks, updates)
    elif tracks:
        _finished(engine, tracks)
    else:
        st.caption(
            "One text says little about a strategy that draws. Here it writes many, each with its own seed, computed "
            "together. Greedy decoding gives the same text every time; the others vary."
        )


def stop() -> None:
    """Stop all samples; what is there stays."""
    for track in st.session_state.get("decoding-many", []):
        track.stop()


def _growing(tracks: Sequence[StrategyRun], updates: LiveUpdates) -> None:
    """A bar and the numbers so far, kept up to date."""
    bar = st.empty()
    with st.container(horizontal=True, gap="medium"):
        places = [st.empty() for _ in range(4)]
    for _ in range(3):  # or what the last samples showed would stay, pale, while these are written
        st.empty()

    def look() -> None:
        texts = [[step.id for step in track.steps] for track in tracks if track.steps]
        finished = sum(not track.running for track in tracks)
        waiting = sum(track.queue_position > 0 for track in tracks)
        said = f"{finished} of {len(tracks)} finished" + (f", {waiting} waiting" if waiting else "")
        first = next((track.waiting for track in tracks if track.waiting), "")
        bar.progress(
            min(1.0, sum(map(len, texts)) / max(1, sum(track.max_new_tokens for track in tracks))),
            text=said if texts else first or said,
        )
        if texts:
            _numbers(tracks, texts, places, so_far=" so far")

    def stop_all() -> None:
        for track in tracks:
            track.stop()

    look()
    updates.add(LiveRegion(over=lambda: not any(track.running for track in tracks), look=look, stop=stop_all))


def _finished(engine: Engine, tracks: Sequence[StrategyRun]) -> None:
    problem = next((track.error for track in tracks if track.error), "")
    if problem:
        st.error(escape(problem), icon=":material/error:")
    begun = [track for track in tracks if track.steps]
    if len(begun) < len(tracks) and not problem:
        st.caption(
            f":material/stop: Stopped after {len(begun)} of {len(tracks)} texts had begun; those are counted, as far "
            "as "
            "they got."
        )
    if begun:
        texts = [[step.id for step in track.steps] for track in begun]
        with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
            _numbers(begun, texts, [st.empty() for _ in range(4)])
            view = switch("View", VIEWS, key="decoding-many-view")
        _views(engine, begun, texts, view)


def _numbers(
    tracks: Sequence[StrategyRun], texts: list[list[int]], places: Sequence[DeltaGenerator], so_far: str = ""
) -> None:
    logprobs = [step.logprob for track in tracks for step in track.steps]
    first = text_metrics.parting(texts)
    ppl = text_metrics.perplexity(logprobs)
    places[0].metric(f"Different texts{so_far}", f"{len(set(map(tuple, texts)))} of {len(texts)}", width="content")
    places[1].metric("They diverge at token", "–" if first is None else str(first + 1), width="content")
    places[2].metric("Different first tokens", len({text[0] for text in texts if text}), width="content")
    places[3].metric(
        "Perplexity of all texts",
        "–" if ppl is None else f"{ppl:.1f}",
        width="content",
        help="exp(−mean log-probability) under the model itself, over all tokens of all texts",
    )


def _views(engine: Engine, tracks: Sequence[StrategyRun], texts: list[list[int]], view: str) -> None:
    """One way at a time to look at the texts, all as high as each other or so."""
    colour = strategy_colour(tracks[0].strategy.kind)

    def name(token: int) -> str:
        return token_name(engine.tokenizer, token)

    if view == DELTA:
        st.html(f"<style>.st-key-decoding-many-delta {{ --pg-accent: {colour}; }}</style>")
        with st.container(key="decoding-many-delta"):
            show_river(
                "decoding-many-river",
                river.of_texts(texts, name, stop_ids=frozenset(engine.stop_ids)),
                name="All texts as a delta",
                height=_HEIGHT,
                hint="The width of an arm is the number of texts that go this way.",
            )
    elif view == BOXES:
        with wide_chart("decoding-many-tree"):
            chart(figures.sample_tree(texts, name, colour=colour), key="decoding-many-tree")
        st.caption(
            "Read from left to right: the height of a box is the number of texts that share these tokens; "
            "where a box splits, the texts diverge. Click a box to zoom in."
        )
    elif view == SPREAD:
        chart(figures.spread(texts, colour=colour), key="decoding-many-spread")
    else:
        _table(engine, tracks)


def _table(engine: Engine, tracks: Sequence[StrategyRun]) -> None:
    """All texts, likeliest first."""
    rows: list[dict[str, Any]] = []
    for track in tracks:
        steps = track.steps
        data = b"".join(engine.tokenizer.token_bytes(step.id) for step in steps)
        logprobs = [step.logprob for step in steps]
        rows.append(
            {
                "seed": track.seed,
                "text": printable(data).replace("\n", "⏎"),
                "log-probability": round(text_metrics.sequence_logprob(logprobs), 2),
                "perplexity": round(text_metrics.perplexity(logprobs) or 0, 2),
            }
        )
    st.dataframe(
        sorted(rows, key=lambda row: row["log-probability"], reverse=True),
        hide_index=True,
        column_config={"text": st.column_config.TextColumn(width="large")},
    )
