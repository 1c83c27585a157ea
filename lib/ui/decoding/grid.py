"""The decoding page's columns while they write: coloured tokens, where they part, and the numbers under each text."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lib.engine import Engine, Step
from lib.figures import text_metrics
from lib.figures.strategies import KINDS, MAX_COLUMNS
from lib.ui.chrome import escape
from lib.ui.decoding import state
from lib.ui.decoding.track import Track
from lib.ui.linked import for_link
from lib.ui.stream.token_stream import stream_tokens, token_stream
from lib.ui.stream.writing import tick

Settings = tuple[tuple[int, ...], int, int]  # prompt ids, seed, new tokens
_LOOP = 6  # a repeat of so many tokens is pointed out
_ENDS = {"stop": "ended by itself", "length": "reached the length", "context": "the model's context is full"}
_STATS_CSS = """
<style>
.dec-stats { display: grid; grid-template-columns: repeat(3, auto); justify-content: space-between;
  gap: .35rem .5rem; font-size: .78rem; line-height: 1.25; font-variant-numeric: tabular-nums; }
.dec-stats div { white-space: nowrap; }
.dec-stats b { display: block; font-size: .98rem; font-weight: 600; }
.dec-stats span { opacity: .72; }
</style>
"""


_LEGEND = """
<div style="display:flex;flex-wrap:wrap;gap:.5rem;align-items:center;font-size:.82rem;opacity:.85">
<span>expected by the model</span><span style="width:9rem;height:.7rem;border-radius:4px;border:1px solid
rgba(128,128,128,.4);background:linear-gradient(90deg,rgba(99,102,241,.1),rgba(174,109,132,.25) 33%,
rgba(249,115,22,.4) 67%,rgba(249,115,22,.55))"></span><span>surprising (1 in 1000)</span>
<span>Point at a token or tap it for its alternatives, click one to branch · ⑂ where a column leaves the first</span>
</div>
"""


def legend(prompt: str) -> None:
    """What the colours and flags mean, and that the address bar is the link to share."""
    st.html(_LEGEND)
    held = "prompt, seed, length and columns" if for_link(prompt=prompt) else "seed, length and columns, but not a " \
        "prompt as long as this one"
    st.caption(f"The address bar holds this comparison: {held}. Copy it to share it.")


def per_row(count: int) -> int:
    """Columns in a row: never more than three, so that none is narrow.

    >>> [per_row(n) for n in range(1, 9)]
    [1, 2, 3, 2, 3, 3, 3, 3]
    """
    return 2 if count == 4 else min(count, 3)


def live(engine: Engine, slots: Sequence[tuple[state.Column, DeltaGenerator]], *, settings: Settings) -> None:
    """Draw the texts, again and again while any of them grows; the rest of the page stays free to answer clicks."""
    live_now = st.session_state.get("decoding-live") or any(c.track and c.track.running for c, _ in slots)
    st.session_state["decoding-live"] = live_now  # until a look finds nothing running and draws the whole page again
    st.fragment(draw, run_every=tick() if live_now else None)(engine, slots, settings=settings)


def draw(engine: Engine, slots: Sequence[tuple[state.Column, DeltaGenerator]], *, settings: Settings) -> None:
    """Fill every column's slot; `settings` are (prompt ids, seed, length) as they stand now. One look per call."""
    running = any(column.track and column.track.running for column, _ in slots)
    texts = [column.track.steps if column.track else [] for column, _ in slots]
    marks = parting_marks([column for column, _ in slots], texts)
    clicked: tuple[state.Column, list[Step], tuple[int, int]] | None = None
    for (column, slot), steps, mark in zip(slots, texts, marks, strict=True):
        with slot:
            click = _text(engine, column, steps, mark)
            _below(column, steps, settings)
        clicked = (column, steps, click) if click else clicked
    if clicked:
        _branch(engine, *clicked)
    if st.session_state.pop("decoding-focus-changed", False) or (st.session_state.get("decoding-live") and not running):
        st.session_state["decoding-live"] = False
        st.rerun()


def _text(engine: Engine, column: state.Column, steps: list[Step], marks: dict[int, str]) -> tuple[int, int] | None:
    track, uid = column.track, column.uid
    problem = column.strategy.problem()
    if problem:
        st.error(escape(problem), icon=":material/error:")
    elif track and track.error:
        st.error(escape(track.error), icon=":material/error:")
    tokens = stream_tokens(engine.tokenizer, steps, forced=len(track.forced) if track else 0)
    beam = bool(track and track.strategy.kind == "beam")
    tokens = [_unfiltered(token) if beam or token["forced"] else token for token in tokens]
    focus = st.session_state.get("decoding-focus", (None, None))
    return token_stream(
        f"decoding-{uid}-stream", tokens, live=bool(track and track.running), marks=marks,
        branch=len(st.session_state["decoding-columns"]) < MAX_COLUMNS,
        on_select=lambda index: _focus(uid, index), selected=focus[1] if focus[0] == uid else None,
        note=_note(track, steps), placeholder=_placeholder(track, problem), name=f"text of {column.strategy.title()}",
    )


def _unfiltered(token: dict[str, Any]) -> dict[str, Any]:
    """Beam search filters nothing, and a token given by hand was not drawn: there is no second probability to show."""
    return {**token, "prob": None, "alternatives": [{**a, "prob": None} for a in token["alternatives"]]}


def _focus(uid: int, index: int) -> None:
    st.session_state["decoding-focus"] = (uid, index)
    st.session_state["decoding-focus-changed"] = True


def _placeholder(track: Track | None, problem: str | None) -> str:
    if problem:
        return ""
    if track is None:
        return "Press Run."
    return track.waiting


def _note(track: Track | None, steps: list[Step]) -> str:
    if track is None or track.state in {"waiting", "failed"}:
        return ""
    if track.running:
        looked = f" · step {len(track.beam_steps)} of the search" if track.strategy.kind == "beam" else ""
        return "writing …" + looked
    end = "stopped" if track.state == "stopped" else _ENDS.get(track.reason, "")
    repeat = text_metrics.longest_repeat([step.id for step in steps])
    if repeat.length < _LOOP:
        return end
    return (f"{end} · tokens {repeat.first + 1} to {repeat.first + repeat.length} come again "
            f"from token {repeat.second + 1}")


def parting_marks(columns: Sequence[state.Column], texts: Sequence[list[Step]]) -> list[dict[int, str]]:
    """Where every column leaves the first one that has a text; in that one, where the first other leaves it."""
    ids = [[step.id for step in steps] for steps in texts]
    marks: list[dict[int, str]] = [{} for _ in ids]
    first = next((number for number, text in enumerate(ids) if text), None)
    if first is None:
        return marks
    where = [text_metrics.first_divergence(ids[first], other) for other in ids]
    for mark, place in zip(marks, where, strict=True):
        if place is not None:
            mark[place] = (f"Up to here the same as column {first + 1} ({columns[first].strategy.title()}); "
                           "this token is another.")
    parted = min((place for place in where if place is not None), default=None)
    if parted is not None:
        marks[first][parted] = "The first token where the columns part."
    return marks


def _below(column: state.Column, steps: list[Step], settings: Settings) -> None:
    track = column.track
    if track is None:
        return
    if steps:
        st.html(_STATS_CSS + _stats(track, steps))
    prompt, seed, length = settings
    same = track.prompt == prompt and track.max_new_tokens == length
    same &= track.seed == seed or not column.strategy.random
    if not track.running and (not same or track.strategy != column.strategy):
        st.caption(":material/history: Written with earlier settings; Run writes it again.")


def _stats(track: Track, steps: list[Step]) -> str:
    ids, logprobs = [step.id for step in steps], [step.logprob for step in steps]
    repeat = text_metrics.longest_repeat(ids)
    one, two, three = (_share(text_metrics.distinct_n(ids, n)) for n in (1, 2, 3))
    ppl, rate = text_metrics.perplexity(logprobs), track.rate
    cells = [
        (str(len(steps)), "tokens", "Generated tokens, the stop token included"),
        (f"{rate:.1f}" if rate else "–", "tokens/s", "While being computed, together with the other columns"),
        (f"{text_metrics.sequence_logprob(logprobs):.2f}".replace("-", "−"), "log-probability",
         "Sum of ln p over the tokens, under the model itself (temperature 1, no filter)"),
        ("–" if ppl is None else f"{ppl:.2f}" if ppl < 1e4 else f"{ppl:.1e}", "perplexity",
         "exp(−mean log-probability): low = the model expected it (or it loops), high = it rambles"),
        (two, "distinct-2", f"Share of two-token runs that are different. Of single tokens: {one}, of three: {three}"),
        (f"{repeat.length} tok." if repeat.length > 1 else "none", "longest repeat",
         "Longest run of tokens that occurs twice without overlapping"),
    ]
    return '<div class="dec-stats">' + "".join(
        f'<div title="{hint}"><b>{value}</b><span>{name}</span></div>' for value, name, hint in cells) + "</div>"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.0f} %"


def _branch(engine: Engine, column: state.Column, steps: list[Step], click: tuple[int, int]) -> None:
    """A new column beside this one: the same tokens up to the click, then the chosen one, then the strategy again."""
    index, token = click
    track = column.track
    if track is None:
        return
    forced = (*(step.id for step in steps[:index]), token)
    where = f"Branch of column “{KINDS[track.strategy.kind].label}” at token {index + 1}."
    new = state.add(replace(track.strategy, forced=forced), after=column.uid, origin=where)
    if new:
        new.parent = track
        state.run(new, engine, track.prompt, seed=track.seed, max_new_tokens=max(track.max_new_tokens, index + 2))
        st.session_state["decoding-live"] = True
        st.rerun()
