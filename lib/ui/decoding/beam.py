"""A beam search as a river, and why the best first token can lose: on the page's own text and on a toy."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import streamlit as st

from lib.decoding import beam_nodes, text_metrics
from lib.decoding.strategies import MAX_COLUMNS, Strategy
from lib.engine import BeamStep, Engine
from lib.figures import river
from lib.generation.strategy_run import StrategyRun
from lib.generation.token_view import token_name
from lib.ui.components.live_updates import LiveRegion, LiveUpdates
from lib.ui.components.number_widgets import whole_slider
from lib.ui.decoding import toy
from lib.ui.decoding.beam_words import verdict
from lib.ui.decoding.state import Column, add
from lib.ui.river.component import ShownRiver, show_river

_SHOWN = 6  # steps that are drawn at once while a search grows
_HEIGHT = 330  # px of the river
TOY, YOURS = "A toy to check by hand", "Your prompt"


def panel(engine: Engine, columns: Sequence[Column], *, updates: LiveUpdates) -> None:
    """The section: the search of a column, or the toy."""
    tracks = [c.track for c in columns if c.track and c.track.strategy.kind == "beam" and not c.track.error]
    with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
        # Another key once there is a search: a choice made while there was none would hide it.
        shown = st.segmented_control(
            "Search",
            (YOURS, TOY),
            key="decoding-beam-tab" if tracks else "decoding-beam-tab-before",
            default=YOURS if tracks else TOY,
            required=True,
            label_visibility="collapsed",
            persist_state="page",
        )
        track = _which(tracks) if tracks and shown == YOURS else None
    if shown == TOY:
        toy.show_toy()
    else:
        _your_prompt(engine, columns, track, updates)


def _which(tracks: Sequence[StrategyRun]) -> StrategyRun:
    """The search to look at, where there are several."""
    if len(tracks) == 1:
        return tracks[0]
    place = st.selectbox(
        "Which search",
        range(len(tracks)),
        key="decoding-beam-which",
        format_func=lambda i: tracks[i].strategy.title(),
        label_visibility="collapsed",
        width=320,
    )
    return tracks[min(place or 0, len(tracks) - 1)]


def _your_prompt(engine: Engine, columns: Sequence[Column], track: StrategyRun | None, updates: LiveUpdates) -> None:
    if track is None:
        _none_yet(columns)
    elif track.running:
        _growing(engine, track, updates)
    elif track.beam_steps:
        _finished(engine, list(track.beam_steps))
        _against_greedy(track, [c.track for c in columns if c.track and c.strategy == Strategy("greedy")])


def _none_yet(columns: Sequence[Column]) -> None:
    if any(column.strategy.kind == "beam" for column in columns):
        st.caption("Press Run: the tree of your prompt appears here, step by step.")
        return
    full = len(columns) >= MAX_COLUMNS
    st.button(
        "Add a beam search column",
        icon=":material/account_tree:",
        key="decoding-beam-add",
        on_click=_add_beam,
        disabled=full,
    )
    if full:
        st.caption(f"There are {MAX_COLUMNS} columns already: remove one first.")


def _against_greedy(search: StrategyRun, greedy: Sequence[StrategyRun]) -> None:
    """Beam search prunes too: say so where greedy decoding found the likelier text of the same length."""
    best = search.beam_steps[-1].best
    for track in greedy:
        total = text_metrics.sequence_logprob([step.logprob for step in track.steps])
        same = (track.prompt, len(track.steps)) == (search.prompt, len(best.ids)) and not search.strategy.forced
        if same and track.state == search.state == "done" and total > best.total + 1e-3:
            st.markdown(
                f"Greedy decoding found a likelier text of the same length here (log-probability {total:.2f} "
                f"against {best.total:.2f}). Beam search looks ahead, but it prunes too: nothing guarantees the best."
            )
            return


def _growing(engine: Engine, track: StrategyRun, updates: LiveUpdates) -> None:
    """The newest steps while the search runs."""
    with st.container(key="decoding-beams"):
        place = st.empty()
        st.empty()  # or a part of the toy would stay, pale, as long as the search runs
    below, seen = st.empty(), 0
    shown: ShownRiver | None = None

    def look() -> None:
        nonlocal shown, seen
        steps = list(track.beam_steps)
        if not steps:
            below.caption(track.waiting or "The search begins …")
        elif shown is None:
            with place.container():
                shown = _river(newest(engine, steps), "Dark: the best text so far. Light: kept. Grey: pruned.")
        elif len(steps) > seen:
            shown.redraw(newest(engine, steps))
        if len(steps) > seen:
            seen = len(steps)
            below.caption(
                f"Step {seen}: every step keeps {int(track.strategy.num_beams)} beginnings. Here are the newest "
                "steps; when the search is done, you see all of them."
            )

    look()
    updates.add(LiveRegion(over=lambda: not track.running, look=look, stop=track.stop))


def newest(engine: Engine, steps: Sequence[BeamStep]) -> river.River:
    """The last steps of a search: a message of one size, however long the search is."""
    whole = river.of_beams(steps, lambda token: token_name(engine.tokenizer, token))
    first = max(0, len(steps) - _SHOWN)
    kept = [number for number, node in enumerate(whole.nodes) if node.depth >= first]
    where = {number: place for place, number in enumerate(kept)}
    nodes = (whole.nodes[number] for number in kept)
    return replace(whole, nodes=tuple(replace(n, parent=where.get(n.parent, -1), depth=n.depth - first) for n in nodes))


def _river(tree: river.River, hint: str) -> ShownRiver:
    return show_river(
        "decoding-beam-river", tree, name="The beam search with its pruned arms", height=_HEIGHT, hint=hint
    )


def _finished(engine: Engine, steps: list[BeamStep]) -> None:
    """The whole search as a river with its pruned arms, the verdict, and the numbers of one step."""

    def name(token: int) -> str:
        return token_name(engine.tokenizer, token)

    with st.container(key="decoding-beams"):
        _river(
            river.of_beams(steps, name),
            "Dark: the text that was returned. Light: beginnings that were kept. Grey: pruned. The width is the share "
            "of the probability of all that a step looked at.",
        )
    st.markdown(verdict(steps, name))
    with st.expander("The numbers of every step", on_change="rerun", key="decoding-beam-numbers") as numbers:
        if numbers.open:
            last = len(steps)
            at = whole_slider("Step", 1, last, 1, key=f"decoding-beam-step-{last}")
            _table(steps[:at], name)


def _add_beam() -> None:
    add(Strategy("beam"))


def _table(steps: Sequence[BeamStep], name: Callable[[int], str]) -> None:
    """All candidates of the last of `steps`."""
    newest = [node for node in beam_nodes.nodes(steps) if node.step == len(steps) - 1]
    st.dataframe(
        [
            {
                "rank": node.place + 1,
                "token": name(node.ids[-1]),
                "after": "".join(map(name, node.ids[-7:-1])),
                "probability": round(math.exp(node.logprob), 5),
                "log-probability": round(node.logprob, 3),
                "total": round(node.total, 3),
                "score": round(node.score, 3),
                "fate": node.fate,
            }
            for node in newest
        ],
        hide_index=True,
    )
    st.caption(
        "total = sum of log-probabilities; score = total / length^penalty ranks the texts that have ended (0 is no "
        "penalty)."
    )
