"""The decoding page's controls: the header bar with prompt, model and settings, and the row of actions under it."""

from collections.abc import Sequence

import streamlit as st

from lib.decoding.strategies import MAX_COLUMNS, PRESETS, Strategy
from lib.numbers import Number
from lib.ui.components import header
from lib.ui.components.link_values import MAX_SEED, SEED, in_link
from lib.ui.components.linked_text import for_link
from lib.ui.components.model_picker import about, pick_model
from lib.ui.components.page import page_style
from lib.ui.decoding import state

PROMPTS = ("Once upon a time", "What is 2+2?", "Suggest a party theme.")
_PRESET = "decoding-preset"
_LEGEND = """
<div class="heat"><span>surprise: 0 bits</span><i></i><span>10 and more</span>
<b></b><span>here the texts diverge</span></div>
"""


def header_bar() -> tuple[str, int, int, str]:
    """The prompt, the seed, the number of new tokens and the model."""
    page_style(__file__, "page.css")  # before what it places
    with header.bar():
        prompt = header.prompt_box("Prompt", PROMPTS[0], help="The text that every column continues.")
        header.examples(PROMPTS)
        model_id = pick_model("model", role="capable", remote=True)
        with header.settings():
            seed, length = _settings()
            st.caption(about(model_id))
            held = "prompt, seed, length and columns" if for_link(prompt=prompt) else "seed, length and columns"
            st.caption(f"The address bar holds this comparison ({held}): copy it to share it.")
    _hint(prompt)
    return prompt, seed, length, model_id


def _settings() -> tuple[int, int]:
    seed = st.number_input(
        "Seed",
        min_value=0,
        max_value=MAX_SEED,
        value=42,
        key="seed",
        **in_link("seed", SEED),
        help="The same seed gives the same draws. Greedy and beam search draw nothing.",
    )
    length = st.slider(
        "Max new tokens",
        5,
        200,
        48,
        key="n",
        **in_link("n", Number(5, 200, whole=True)),
        help="The longest a text may get; it may end by itself before that.",
    )
    return int(seed), int(length)


def _hint(prompt: str) -> None:
    """Once for a prompt that ends with a space: nobody sees the space that spoils the texts."""
    if prompt.endswith(" ") and st.session_state.get("decoding-hinted") != prompt:
        st.toast(
            "The prompt ends with a space. In running text most words carry their own, so the model now has to "
            "continue without one: the text often gets worse.",
            icon=":material/lightbulb:",
        )
    st.session_state["decoding-hinted"] = prompt


def next_seed() -> None:
    """Callback: one seed on, then run."""
    st.session_state["seed"] = (int(st.session_state.get("seed", 42)) + 1) % 2**31
    ask_to_run()


def ask_to_run() -> None:
    """Callback: the run starts once the model is loaded."""
    st.session_state["decoding-asked"] = True


def action_bar(columns: Sequence[state.Column]) -> None:
    """Run, Stop, next seed, add a column, presets; and what the heat of a token says."""
    asked = st.session_state.get("decoding-asked") and st.session_state.get("prompt")
    running = bool(asked) or any(c.track and c.track.running for c in columns)
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="decoding-actions"):
        st.button("Run", type="primary", icon=":material/play_arrow:", key="decoding-run", on_click=ask_to_run)
        st.button("Stop", icon=":material/stop:", key="decoding-stop", on_click=state.stop_all, disabled=not running)
        st.button("Run with the next seed", icon=":material/casino:", key="decoding-next", on_click=next_seed)
        st.button(
            "Add a column",
            icon=":material/add:",
            key="decoding-add",
            on_click=_add,
            disabled=len(columns) >= MAX_COLUMNS,
        )
        st.menu_button("Presets", list(PRESETS), icon=":material/view_column:", key=_PRESET, on_click=_preset)
        st.html(_LEGEND)


def _add() -> None:
    state.add(Strategy("sampling"))


def _preset() -> None:
    name = st.session_state.get(_PRESET)
    if name in PRESETS:
        state.set_columns(PRESETS[name])
