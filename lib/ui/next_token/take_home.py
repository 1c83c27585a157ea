"""What one takes home from the Next Token page: its notebook and the distribution."""

from functools import partial

import numpy as np

from lib.engine import Sampling
from lib.engine.sampling import distribution, softmax
from lib.takehome.next_token import Bar, next_token_notebook
from lib.takehome.parts import Prompt, prompt_of, source_of
from lib.ui.components import looked_at, take_home
from lib.ui.next_token.distribution import Knobs
from lib.ui.next_token.reading import Reading
from lib.ui.next_token.state import State
from lib.ui.next_token.table import full_csv


def page_menu(reading: Reading, prompt: str, view: State) -> None:
    """The menu of the page, and a note that this prompt was looked at."""
    looked_at.keep_look(reading.model_id, reading.ids[: view.at], Sampling(**view.knobs.sampling))
    files = (
        take_home.File(
            "Notebook (.ipynb)",
            "next-token.ipynb",
            take_home.NOTEBOOK,
            partial(_notebook, reading, prompt, view.at, view.knobs),
            help="This text and these settings with transformers and Plotly, without the app",
        ),
        take_home.File(
            "Distribution (CSV)",
            "next-token.csv",
            take_home.CSV,
            partial(_csv, reading, view.at, view.knobs),
            help="Every token of the vocabulary, likeliest first",
        ),
    )
    take_home.menu(*files)


def _logits(reading: Reading, at: int | None) -> np.ndarray:
    return reading.logits(at)


def _csv(reading: Reading, at: int | None, knobs: Knobs) -> str:
    return full_csv(reading, _logits(reading, at), knobs)


def _notebook(reading: Reading, text: str, at: int | None, knobs: Knobs) -> str:
    ids, first = reading.ids[:at], len(reading.prompt)
    prompt = prompt_of(text, reading.prompt, reading.tokenizer.special)
    if reading.start or len(ids) < first:  # the start token, or a place inside the prompt
        prompt = Prompt(text, ids[:first], plain=False)
    logits = _logits(reading, at)
    raw, now = softmax(logits), distribution(logits, **knobs.sampling)
    bars = [Bar(i, float(raw[i]), float(now.probs[i])) for i in reading.content(at).ids[: knobs.n]]
    source = source_of(reading.model_id, reading.engine.info.dtype)
    return next_token_notebook(source, prompt, ids[first:], Sampling(**knobs.sampling), bars)
