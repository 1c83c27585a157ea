"""The beam tree, step by step, and why the best first token can lose: on the page's own text and on a toy."""

import math
from collections.abc import Callable, Sequence

import streamlit as st

from lib.decoding import beam_nodes, text_metrics
from lib.decoding.strategies import MAX_COLUMNS, Strategy
from lib.engine import BeamStep, Engine, compute
from lib.figures import beam_tree
from lib.figures.prepared import as_json
from lib.figures.theme import Figure
from lib.generation.strategy_run import StrategyRun
from lib.generation.token_view import token_name
from lib.text_format import percent
from lib.ui.components.charts import chart
from lib.ui.components.live_updates import LiveRegion, LiveUpdates
from lib.ui.components.page import escape, wide_chart
from lib.ui.components.replaceable import Replaceable
from lib.ui.decoding.state import Column, add

_SHOWN = 6  # steps that are drawn at once
_TOY = ("The", " nice", " dog", " house", " has", " woman")  # invented numbers, small enough to check by hand
_TOY_NEXT = {
    0: {1: 0.5, 2: 0.4, 3: 0.1},
    1: {5: 0.4, 3: 0.3, 2: 0.3},
    2: {4: 0.9, 5: 0.05, 3: 0.05},
    3: {4: 0.5, 5: 0.3, 2: 0.2},
}


def panel(engine: Engine, columns: Sequence[Column], *, updates: LiveUpdates) -> None:
    """The section: the toy first, then the search of a column."""
    st.markdown(
        "Greedy decoding takes the best token now. Beam search keeps several beginnings, follows each of them "
        "one token further, and keeps the best in **total**: the sum of log-probabilities, that is, the "
        "logarithm of the product of probabilities."
    )
    tracks = [c.track for c in columns if c.track and c.track.strategy.kind == "beam" and not c.track.error]
    # Another key once there is a search: a choice made while there was none would hide it.
    toy, yours = st.tabs(
        ["A toy to check by hand", "Your prompt"],
        on_change="rerun",
        key="decoding-beam-tab" if tracks else "decoding-beam-tab-before",
        default="Your prompt" if tracks else "A toy to check by hand",
    )
    with toy:
        if toy.open is not False:
            _toy()
    with yours:
        if yours.open is not False:
            _your_prompt(engine, columns, tracks, updates)


def _toy() -> None:
    steps = toy_steps()
    chart(beam_tree.figure(steps, _TOY.__getitem__, shown=2), key="decoding-toy")
    st.markdown(
        "Invented probabilities after “The”. Greedy takes “nice” (0.5) and then “woman” (0.4): the product "
        "is 0.5 × 0.4 = **0.20**. Two beams also keep “dog” (0.4), find “has” (0.9) behind it, and "
        "0.4 × 0.9 = **0.36** wins. The best first token lost. Under each token stands its total: "
        "ln 0.20 = −1.61, ln 0.36 = −1.02."
    )


@st.cache_resource(show_spinner=False)
def toy_steps() -> list[BeamStep]:
    """Two beams, two steps, on the toy's table; computed by the same search as everything else."""
    table = [
        [math.log(_TOY_NEXT.get(before, {}).get(token, 1e-99)) for token in range(len(_TOY))]
        for before in range(len(_TOY))
    ]
    steps: list[BeamStep] = compute("lib.engine.beam.search_table", table, 0, 2, 2)
    return steps


def _your_prompt(
    engine: Engine, columns: Sequence[Column], tracks: Sequence[StrategyRun], updates: LiveUpdates
) -> None:
    if not tracks:
        if any(column.strategy.kind == "beam" for column in columns):
            st.caption("Press Run: the tree of your prompt appears here, step by step.")
        else:
            st.button(
                "Add a beam search column",
                icon=":material/account_tree:",
                key="decoding-beam-add",
                on_click=_add_beam,
                disabled=len(columns) >= MAX_COLUMNS,
            )
            if len(columns) >= MAX_COLUMNS:
                st.caption(f"There are {MAX_COLUMNS} columns already: remove one first.")
        return
    place = 0
    if len(tracks) > 1:
        place = (
            st.selectbox(
                "Which search",
                range(len(tracks)),
                key="decoding-beam-which",
                format_func=lambda i: tracks[i].strategy.title(),
            )
            or 0
        )
    track = tracks[min(place, len(tracks) - 1)]
    if track.running:
        _growing(engine, track, updates)
    elif track.beam_steps:
        _finished(engine, list(track.beam_steps))
        _against_greedy(track, [c.track for c in columns if c.track and c.strategy == Strategy("greedy")])


def _against_greedy(search: StrategyRun, greedy: Sequence[StrategyRun]) -> None:
    """Beam search prunes too: say so where greedy decoding found the likelier text of the same length."""
    best = search.beam_steps[-1].best
    for track in greedy:
        total = text_metrics.sequence_logprob([step.logprob for step in track.steps])
        same = (track.prompt, len(track.steps)) == (search.prompt, len(best.ids)) and not search.strategy.forced
        if same and track.state == search.state == "done" and total > best.total + 1e-3:
            st.markdown(
                f"Greedy decoding found a likelier text of the same length here: {total:.2f} against "
                f"{best.total:.2f}. Beam search looks ahead, but it prunes too: nothing guarantees the best."
            )
            return


def _growing(engine: Engine, track: StrategyRun, updates: LiveUpdates) -> None:
    """The newest steps while the search runs."""
    place, below, seen = st.empty(), st.empty(), 0
    tree: Replaceable[None] | None = None

    def look() -> None:
        nonlocal tree, seen
        steps = list(track.beam_steps)
        if not steps:
            below.caption(track.waiting or "The search begins …")
        elif tree is None:
            with place.container():
                tree = Replaceable(lambda: _tree(engine, steps))
        elif len(steps) > seen:
            tree.show_chart(as_json(_figure(engine, steps)))
        if len(steps) > seen:
            seen = len(steps)
            below.caption(
                f"Step {seen}: every step keeps {int(track.strategy.num_beams)} beginnings. When the search "
                "is done, you can go through it step by step."
            )

    look()
    updates.add(LiveRegion(over=lambda: not track.running, look=look, stop=track.stop))


def _figure(engine: Engine, steps: Sequence[BeamStep]) -> Figure:
    return beam_tree.figure(
        steps, lambda token: token_name(engine.tokenizer, token), start=max(0, len(steps) - _SHOWN), shown=_SHOWN
    )


def _tree(engine: Engine, steps: Sequence[BeamStep]) -> None:
    with wide_chart("decoding-beam-tree"):
        chart(_figure(engine, steps), key="decoding-beam-tree")


def _finished(engine: Engine, steps: list[BeamStep]) -> None:
    last = len(steps)
    at = st.slider("Step", 1, last, min(last, _SHOWN), key=f"decoding-beam-step-{last}") if last > 1 else 1
    visible = steps[:at]

    def name(token: int) -> str:
        return token_name(engine.tokenizer, token)

    _tree(engine, visible)
    st.caption(
        "Every column of the drawing is one step, the best total on top (it stands under each token). "
        "● goes on, × is pruned, ■ has ended. The thick path is what would be returned if the search ended at "
        "this step. Point at a mark for its numbers."
    )
    _table(visible, name)
    st.markdown(verdict(steps, name))


def _add_beam() -> None:
    add(Strategy("beam"))


def _table(steps: Sequence[BeamStep], name: Callable[[int], str]) -> None:
    with st.expander(f"All candidates of step {len(steps)}"):
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
        st.caption("total = sum of log-probabilities; score = total / length^penalty ranks the texts that have ended.")


def verdict(steps: Sequence[BeamStep], name: Callable[[int], str]) -> str:
    """Markdown: whether the best first token won, with the numbers of the search itself."""
    firsts = beam_nodes.first_tokens(steps)
    best = steps[-1].best
    favourite, winner = firsts[0], next((f for f in firsts if best.ids and f.id == best.ids[0]), firsts[0])
    way = [node for node in beam_nodes.nodes(steps) if node.ids == best.ids[: len(node.ids)]]
    low = max(way, key=lambda node: node.place)
    if winner.id == favourite.id and low.place == 0:
        return (
            f"Here the likeliest first token, “**{escape(name(favourite.id))}**” "
            f"({percent(math.exp(favourite.logprob))}), also opens the result, and the result led at every step:"
            " greedy search finds the same. The toy shows the other case; try other prompts, or more beams."
        )
    if winner.id == favourite.id:
        return (
            f"The likeliest first token, “**{escape(name(favourite.id))}**” "
            f"({percent(math.exp(favourite.logprob))}), also opens the result. But at step {low.step + 1} the "
            f"result was only number {low.place + 1} in total: whoever keeps one beginning alone has lost it "
            "by then."
        )
    lost = (
        f"its beams were pruned after step {favourite.followed}"
        if favourite.followed < len(steps)
        else f"its best text totals {favourite.best_total:.2f}"
    )
    return (
        f"The best first token lost. “**{escape(name(favourite.id))}**” was likeliest at step 1 "
        f"({percent(math.exp(favourite.logprob))}), but {lost}. "
        f"“**{escape(name(winner.id))}**” began with only {percent(math.exp(winner.logprob))} and ends with a "
        f"total of {best.total:.2f} (score {best.score:.3f})."
    )
