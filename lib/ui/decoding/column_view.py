"""One column of the decoding page: coloured tokens and the numbers under them; drawn once, then kept up to date."""

from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lib.decoding import text_metrics
from lib.decoding.strategies import MAX_COLUMNS
from lib.engine import Engine, Step
from lib.generation.strategy_run import StrategyRun
from lib.text_format import finished
from lib.ui.components.page import escape
from lib.ui.components.replaceable import Replaceable
from lib.ui.components.token_stream import stream_data, stream_tokens, token_stream
from lib.ui.decoding import state

Settings = tuple[tuple[int, ...], int, int]  # prompt ids, seed, new tokens
_LOOP = 6  # a repeat of so many tokens is pointed out
_STATS_CSS = """
<style>
.dec-stats { display: grid; grid-template-columns: repeat(3, auto); justify-content: space-between;
  gap: .35rem .5rem; font-size: .78rem; line-height: 1.25; font-variant-numeric: tabular-nums; }
.dec-stats div { white-space: nowrap; }
.dec-stats b { display: block; font-size: .98rem; font-weight: 600; }
.dec-stats span { opacity: .72; }
</style>
"""


class ColumnView:
    """A column on the screen in one run of the page."""

    def __init__(self, engine: Engine, column: state.Column, slot: DeltaGenerator, settings: Settings) -> None:
        self.engine, self.column, self.slot, self.settings = engine, column, slot, settings
        self._sent = 0  # tokens that the browser has with their alternatives
        self._shown: tuple[Any, ...] = ()  # what the last look painted

    def draw(self, steps: list[Step], marks: dict[int, str]) -> tuple[int, int] | None:
        """Place everything; gives back a clicked alternative (index of the token, id)."""
        track, uid, problem = self.column.track, self.column.uid, self.column.strategy.problem()
        with self.slot:
            if problem:
                st.error(escape(problem), icon=":material/error:")
            elif track and track.error:
                st.error(escape(track.error), icon=":material/error:")
            self._stream = Replaceable(
                lambda: token_stream(
                    f"decoding-{uid}-stream",
                    self._tokens(steps, 0),
                    on_select=lambda index: _focus(uid, index),
                    **self._looks(steps, marks),
                    whole=0,
                )
            )
            self._below = st.empty()
            self._numbers(steps)
            self._earlier()
        self._sent = len(steps)
        return self._stream.value

    def look(self, steps: list[Step], marks: dict[int, str]) -> None:
        """Show what has come since."""
        looks = self._looks(steps, marks)
        now = (len(steps), steps[-1:], looks["note"], looks["placeholder"], looks["live"], marks)
        if now == self._shown:
            return
        self._shown = now
        # A beam search's text is another one at any step; else what was sent is known.
        whole = 0 if self.column.strategy.kind == "beam" else min(self._sent, len(steps))
        self._stream.show(stream_data(self._tokens(steps, whole), select=True, whole=whole, **looks))
        self._sent = len(steps)
        self._numbers(steps)

    def _tokens(self, steps: list[Step], whole: int) -> list[dict[str, Any]]:
        track = self.column.track
        tokens = stream_tokens(self.engine.tokenizer, steps, forced=len(track.forced) if track else 0, whole=whole)
        beam = bool(track and track.strategy.kind == "beam")
        return [_unfiltered(token) if beam or token["forced"] else token for token in tokens]

    def _looks(self, steps: list[Step], marks: dict[int, str]) -> dict[str, Any]:
        track, uid = self.column.track, self.column.uid
        focus = st.session_state.get("decoding-focus", (None, None))
        return {
            "live": bool(track and track.running),
            "marks": marks,
            "branch": len(st.session_state["decoding-columns"]) < MAX_COLUMNS,
            "selected": focus[1] if focus[0] == uid else None,
            "note": _note(track, steps),
            "placeholder": _placeholder(track, self.column.strategy.problem()),
            "name": f"text of {self.column.strategy.title()}",
        }

    def _numbers(self, steps: list[Step]) -> None:
        if self.column.track and steps:
            self._below.html(_STATS_CSS + _stats(self.column.track, steps))

    def _earlier(self) -> None:
        track, (prompt, seed, length) = self.column.track, self.settings
        same = track is None or (
            track.prompt == prompt
            and track.max_new_tokens == length
            and track.strategy == self.column.strategy
            and (track.seed == seed or not self.column.strategy.random)
        )
        if track is None or same:
            st.empty()  # or the sentence of the last text would stay, pale, until this one is written
        elif track.running:
            st.caption(":material/history: Being written with earlier settings; Run begins anew.")
        else:
            st.caption(":material/history: Written with earlier settings; Run writes it again.")


def _unfiltered(token: dict[str, Any]) -> dict[str, Any]:
    """Beam search filters nothing, and a token given by hand was not drawn: there is no second probability to show."""
    return {**token, "prob": None, "alternatives": [{**a, "prob": None} for a in token["alternatives"]]}


def _focus(uid: int, index: int) -> None:
    st.session_state["decoding-focus"] = (uid, index)
    st.session_state["decoding-focus-changed"] = True


def _placeholder(track: StrategyRun | None, problem: str | None) -> str:
    if problem:
        return ""
    if track is None:
        return "Press Run."
    return track.waiting


def _note(track: StrategyRun | None, steps: list[Step]) -> str:
    if track is None or track.state in {"waiting", "failed"}:
        return ""
    if track.running:
        looked = f" · step {len(track.beam_steps)} of the search" if track.strategy.kind == "beam" else ""
        return ("waits for its next turn …" if steps and track.queue_position else "writing …") + looked
    end = finished("cancelled" if track.state == "stopped" else track.reason)
    repeat = text_metrics.longest_repeat([step.id for step in steps])
    if repeat.length < _LOOP:
        return end
    return (
        f"{end} · tokens {repeat.first + 1} to {repeat.first + repeat.length} come again from token {repeat.second + 1}"
    )


def _stats(track: StrategyRun, steps: list[Step]) -> str:
    ids, logprobs = [step.id for step in steps], [step.logprob for step in steps]
    repeat = text_metrics.longest_repeat(ids)
    one, two, three = (_share(text_metrics.distinct_n(ids, n)) for n in (1, 2, 3))
    ppl, rate = text_metrics.perplexity(logprobs), track.rate
    cells = [
        (str(len(steps)), "tokens", "Generated tokens, the stop token included"),
        (f"{rate:.1f}" if rate else "–", "tokens/s", "While being computed, together with the other columns"),
        (
            f"{text_metrics.sequence_logprob(logprobs):.2f}".replace("-", "−"),
            "log-probability",
            "Sum of ln p over the tokens, under the model itself (temperature 1, no filter)",
        ),
        (
            "–" if ppl is None else f"{ppl:.2f}" if ppl < 1e4 else f"{ppl:.1e}",
            "perplexity",
            "exp(−mean log-probability): low = the model expected it (or it loops), high = it rambles",
        ),
        (two, "distinct-2", f"Share of two-token runs that are different. Of single tokens: {one}, of three: {three}"),
        (
            f"{repeat.length} tok." if repeat.length > 1 else "none",
            "longest repeat",
            "Longest run of tokens that occurs twice without overlapping",
        ),
    ]
    return (
        '<div class="dec-stats">'
        + "".join(f'<div title="{hint}"><b>{value}</b><span>{name}</span></div>' for value, name, hint in cells)
        + "</div>"
    )


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"
