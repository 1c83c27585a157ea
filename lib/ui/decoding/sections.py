"""What stands under the texts, one thought at a time: only the open tab is computed."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from lib.engine import Engine
from lib.ui.components.link_values import in_link
from lib.ui.components.linked_text import renamed
from lib.ui.components.live_updates import LiveUpdates
from lib.ui.components.page import explained
from lib.ui.decoding import beam, lesson, parting, samples, step
from lib.ui.decoding.state import STEP_TAB, TAB, Column

PARTING, SAMPLES, TREE = "Where they diverge", "Many samples", "Beam tree"
CODE, QUESTIONS, LESSON = "Code", "Questions", "In short"
TABS = (PARTING, STEP_TAB, SAMPLES, TREE, CODE, QUESTIONS, LESSON)


@dataclass(frozen=True)
class Asked:
    """What the page's controls say in one run. `ids`: the prompt's tokens."""

    engine: Engine
    model_id: str
    columns: Sequence[Column]
    prompt: str
    ids: Sequence[int]
    seed: int
    length: int


def show_sections(asked: Asked, updates: LiveUpdates) -> None:
    """The tabs under the texts."""
    engine, columns = asked.engine, asked.columns
    renamed(TAB, {"Where they part": PARTING})  # as the tab was called before
    tabs = dict(zip(TABS, st.tabs(TABS, on_change="rerun", key=TAB, **in_link(TAB, TABS)), strict=True))
    show = {
        PARTING: lambda: parting.panel(engine, columns, updates=updates),
        STEP_TAB: lambda: step.panel(engine, asked.model_id, columns, asked.prompt),
        SAMPLES: lambda: samples.panel(engine, columns, asked.ids, seed=asked.seed, updates=updates),
        TREE: lambda: beam.panel(engine, columns, updates=updates),
        CODE: lambda: lesson.code_panel(engine, columns, asked.prompt, seed=asked.seed, max_new_tokens=asked.length),
        QUESTIONS: lambda: lesson.questions(engine, asked.model_id, asked.ids),
        LESSON: lesson.closing,
    }
    for name, tab in tabs.items():
        if tab.open:
            with tab, explained():  # what a model on a server cannot do is said in the tab
                show[name]()
