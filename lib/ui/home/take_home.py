"""What one takes home from Home: the river as a notebook, and the worksheet."""

from functools import partial

import numpy as np

from lib.figures.river import TEMPERATURES
from lib.takehome.parts import prompt_of, source_of
from lib.takehome.river import river_notebook
from lib.ui import cache
from lib.ui.components import take_home
from lib.ui.home.demo import LONGEST, MAX_TOKENS
from lib.ui.home.state import State
from lib.ui.river.reading import rivals


def page_menu(view: State, model_id: str, typed: str) -> None:
    """The menu of the page. Called after the river: its model is loaded."""
    ready = bool(typed) and view.base is not None
    take_home.menu(
        take_home.File(
            "Notebook (.ipynb)",
            "river.ipynb",
            take_home.NOTEBOOK,
            partial(_notebook, model_id, typed[:LONGEST], view.path, view.temperature) if ready else None,
            help="This text and its rivals with transformers and Plotly, without the app"
            if ready
            else "Write a text first",
        )
    )


def _notebook(model_id: str, typed: str, path: tuple[int, ...], temperature: float) -> str:
    engine = cache.inspectable(model_id)
    typed_ids = tuple(engine.tokenizer.ids(typed))
    ids = (*typed_ids, *path)[:MAX_TOKENS]
    found = rivals(model_id, ids)
    at = TEMPERATURES.index(temperature)
    chances = np.exp(found.logits.astype(np.float64) / temperature - found.log_z[:, at : at + 1])
    places = [list(zip(i.tolist(), p.tolist(), strict=True)) for i, p in zip(found.ids, chances, strict=True)]
    prompt = prompt_of(typed, typed_ids[: len(ids)], engine.tokenizer.special)
    source = source_of(model_id, engine.info.dtype)
    return river_notebook(source, prompt, ids[len(typed_ids) :], temperature, places)
