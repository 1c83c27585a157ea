"""The completion page's controls, its grid, and the small experiments on what instruction tuning adds."""

from dataclasses import astuple, dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lib.decoding.strategies import PRESETS
from lib.engine import Sampling
from lib.settings import settings
from lib.ui.chat.xray import room, show_xray
from lib.ui.completion import write
from lib.ui.completion.corners import Cell, Request
from lib.ui.components import scroll
from lib.ui.components.linked_text import text_box
from lib.ui.components.live_updates import LiveUpdates
from lib.ui.components.page import escape

COURSE_PROMPTS = ("Once upon a time", "What is 2+2?", "Suggest a party theme.")
_EARLIER = "  \n:material/history: Written with other settings or another prompt than those shown now."
STRATEGIES = {strategy.title(): strategy.sampling() for strategy in PRESETS["The course: greedy, top-k 80, top-p 0.9"]}


@dataclass(frozen=True)
class Experiment:
    """A prompt that shows one thing that instruction tuning adds."""

    name: str
    request: Request
    watch: str


EXPERIMENTS = (
    Experiment(
        "Reads the request",
        Request("Write a headline about the moon."),
        "Raw, the request is the beginning of a document, and the document goes on. In the template it is a "
        "request, and the reply is a headline.",
    ),
    Experiment(
        "Stays in dialogue",
        Request("Suggest a party theme."),
        "A chat model says its part and ends its turn with a control token. A completion model knows no turns: "
        "it writes until the limit, or plays both speakers.",
    ),
    Experiment(
        "Declines",
        Request("Can you call my mother for me?"),
        "Tuned models were shown replies that say what they cannot or should not do. Small ones have seen few: "
        "try a request of your own, and do not rely on it.",
    ),
    Experiment(
        "Keeps a persona",
        Request("What is your job?", system="You are a pirate. You talk like a pirate."),
        "The system prompt is one more turn at the top. Tuning taught the model to stay in that role; raw, it "
        "is only a line of text above the question.",
    ),
)


@dataclass(frozen=True)
class CompletionSettings:
    """What the controls say."""

    request: Request
    sampling: Sampling
    length: int
    seed: int


def controls() -> CompletionSettings:
    """Prompt, prefill, strategy; presets fill them in."""
    with st.container(horizontal=True):
        for index, text in enumerate(COURSE_PROMPTS):
            st.button(text, key=f"cvc-course-{index}", on_click=_fill, args=(Request(text),))
    prompt = text_box(
        st.text_area, "Prompt", COURSE_PROMPTS[2], key="cvc-prompt", height=80, max_chars=settings().max_prompt_chars
    )
    first, second = st.columns(2)
    prefill = text_box(
        first.text_input,
        "Start the reply with …",
        "",
        key="cvc-prefill",
        placeholder="e.g. The answer is",
        help="The first words of the reply, given to all: the models go on from there.",
    )
    system = text_box(
        second.text_input,
        "System prompt",
        "",
        key="cvc-system",
        placeholder="none: the template may put in its own",
        help="In the template it is the system turn. Raw, it is text above the prompt.",
    )
    names = list(STRATEGIES)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        strategy = st.segmented_control("Decoding", names, default=names[0], required=True, key="cvc-strategy")
        length = st.number_input(
            "Tokens", 1, settings().max_new_tokens, 60, 10, key="cvc-n", bind="query-params", width=130
        )
        seed = st.number_input("Seed", 0, 2**31 - 1, 0, 1, key="cvc-seed", bind="query-params", width=130)
    return CompletionSettings(Request(prompt, system, prefill), STRATEGIES[str(strategy)], int(length), int(seed))


def _fill(request: Request) -> None:
    st.session_state["cvc-prompt"], st.session_state["cvc-system"] = request.prompt, request.system
    st.session_state["cvc-prefill"] = request.prefill
    st.session_state["cvc-go"] = True


def _try(request: Request) -> None:
    _fill(request)
    scroll.ask("cvc-run")  # the texts are above


def _go() -> None:
    st.session_state["cvc-go"] = True


def _stop() -> None:
    write.stop(st.session_state.get("cvc-results", (None, {}))[1])


def grid(cells: list[Cell], choice: CompletionSettings, updates: LiveUpdates) -> None:
    """Run and Stop, the cells two by two, and the texts as they come."""
    asked = (astuple(choice.request), choice.sampling, choice.length, choice.seed, tuple(c.model_id for c in cells))
    if st.session_state.pop("cvc-go", False):
        _stop()
        st.session_state["cvc-results"] = (
            asked,
            write.begin_all(cells, sampling=choice.sampling, length=choice.length, seed=choice.seed),
        )
    known, texts = st.session_state.get("cvc-results", (None, {}))
    shown = texts if known is not None and known[-1] == asked[-1] else {}  # written by these models
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Write all", type="primary", icon=":material/play_arrow:", on_click=_go, key="cvc-run")
        st.button(
            "Stop",
            icon=":material/stop:",
            key="cvc-stop",
            help="What is written so far stays.",
            on_click=_stop,
            disabled=not any(text.running for text in texts.values()),
        )
        ids = st.toggle("Show ids", key="cvc-ids", value=True)
        colour = st.toggle("Colour by probability", key="cvc-colour")
    scroll.place("cvc-run")
    slots = {}
    for row in range(0, len(cells), 2):
        for column, cell in zip(st.columns(2), cells[row : row + 2], strict=True):
            with column, st.container(border=True, key=f"cell-{cell.key}"):
                slots[cell.key] = _cell(cell, ids=ids)
    earlier = bool(texts) and known != asked
    write.show_all(cells, shown, slots, updates=updates, note=_EARLIER if earlier else "", colour=colour)
    if earlier:
        st.caption("Something was changed since the last texts: press “Write all”.")


def _cell(cell: Cell, *, ids: bool) -> DeltaGenerator:
    """One corner: title, the place of the text, what went in."""
    st.markdown(f"**{escape(cell.title)}**")
    slot = st.container(gap="small")
    st.caption(f"What went in: {len(cell.rendered.ids):,} ids")
    if cell.note:
        st.caption(f":material/info: {escape(cell.note)}")
    with room(cell.rendered):
        show_xray(f"xray-{cell.key}", cell.rendered, cell.engine.tokenizer, ids=ids)
    return slot


def experiments() -> None:
    """What instruction tuning adds, one prompt each."""
    st.subheader("What instruction tuning adds")
    for column, experiment in zip(st.columns(len(EXPERIMENTS)), EXPERIMENTS, strict=True):
        with column, st.container(border=True, height="stretch"):
            st.markdown(f"**{experiment.name}**")
            st.caption(f"“{escape(experiment.request.prompt)}”")
            st.markdown(experiment.watch)
            st.button("Try it", key=f"cvc-try-{experiment.name}", on_click=_try, args=(experiment.request,))
