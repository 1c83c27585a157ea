"""The Training page's header bar: the text, the size, Train and Stop, and what is set once in a while."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from lib.numbers import Number
from lib.training.recipe import MAX_TEXT, SIZES
from lib.ui.components import header
from lib.ui.components.link_values import in_link
from lib.ui.training import state

WORLD, ALICE, OWN = "Tiny world", "Alice in Wonderland", "Your own text"
TEXTS = {WORLD: "world", ALICE: "alice", OWN: "own"}
SIZE_NAMES = {f"{name} parameters": name for name in SIZES}
FAMILIES = {"Llama": "llama", "GPT-2": "gpt2"}
STEPS = (20, 50, 100, 200, 300, 400, 600, 1000, 1500, 2000)
BATCHES = (2, 4, 8, 12, 16, 24, 32)
CONTEXTS = (16, 32, 64, 128, 256)
RATES = (0.0003, 0.001, 0.002, 0.003, 0.005, 0.007, 0.01, 0.02, 0.05, 0.1, 1.0, 10.0)
SEEDS = 100
_OWN_TEXT = "train-own"
# What the page opens with; a lesson changes some of it and begins from this.
DEFAULTS: Mapping[str, object] = {
    "train-text": WORLD,
    "train-size": "0.9 M parameters",
    "train-family": "Llama",
    "train-steps": 600,
    "train-batch": 12,
    "train-context": 128,
    "train-rate": 0.007,
    "train-seed": 0,
}


def header_bar() -> dict[str, object]:
    """What is asked, as the fields of a Recipe; not yet checked."""
    with header.bar():
        text = _choice("Text", tuple(TEXTS), "train-text")
        own = _own_text() if text == OWN else ""
        size = SIZE_NAMES[_choice("Size", tuple(SIZE_NAMES), "train-size")]
        state.buttons()
        with header.settings():
            more = _settings()
    return {"text": TEXTS[text], "own": own, "size": size, **more}


def set_up(**changes: object) -> None:
    """Callback of a lesson: the bar as it opens, with these changes. Nothing is started."""
    for key, value in {**DEFAULTS, **changes}.items():
        st.session_state[key] = value


def give_text(text: str) -> None:
    """Put a text into the box for one's own."""
    st.session_state[_OWN_TEXT] = text


def _choice(label: str, options: tuple[str, ...], key: str) -> str:
    return str(
        st.selectbox(
            label,
            options,
            index=options.index(str(DEFAULTS[key])),
            key=key,
            **in_link(key, options),
            persist_state="session",
            label_visibility="collapsed",
        )
    )


def _own_text() -> str:
    """Kept while the app is open, whatever text is chosen meanwhile; too long for a link."""
    return str(
        st.text_area(
            "Your own text",
            key=_OWN_TEXT,
            height=68,
            max_chars=MAX_TEXT,
            persist_state="session",
            label_visibility="collapsed",
            placeholder="Paste at least 200 characters",
        )
        or ""
    )


def _settings() -> dict[str, object]:
    family = st.segmented_control(
        "Family",
        tuple(FAMILIES),
        default=DEFAULTS["train-family"],
        required=True,
        key="train-family",
        **in_link("train-family", FAMILIES),
        persist_state="session",
        help="Llama: RoPE, RMSNorm and SwiGLU. GPT-2: learned positions, LayerNorm and GELU.",
    )
    steps = _slide("Steps", STEPS, "train-steps", "One step: one batch is read, and all weights change once.")
    rate = _slide("Learning rate", RATES, "train-rate", "How far a step goes, at its highest: 30 steps of warm-up "
                  "lead up to it, then a cosine leads down to a tenth of it.")  # fmt: skip
    batch = _slide("Batch size", BATCHES, "train-batch", "Rows of text that are read in one step.")
    context = _slide("Context length", CONTEXTS, "train-context", "Tokens in a row, and the most that the model reads.")
    seeds = Number(0, SEEDS - 1, whole=True)
    seed = st.slider("Seed", 0, SEEDS - 1, key="train-seed", **in_link("train-seed", seeds), persist_state="session",
                     help="The same seed gives the same run.")  # fmt: skip
    return {
        "family": FAMILIES[str(family)],
        "steps": steps,
        "learning_rate": rate,
        "batch": batch,
        "context": context,
        "seed": seed,
    }


def _slide(label: str, options: tuple[float, ...], key: str, says: str) -> float:
    first: Any = DEFAULTS[key]
    chosen: float = st.select_slider(
        label,
        options,
        value=first,
        key=key,
        **in_link(key, [str(one) for one in options]),
        persist_state="session",
        help=says,
    )
    return chosen
