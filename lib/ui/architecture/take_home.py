"""What one takes home from the Architecture page: its parameters and its live pass as a notebook."""

from functools import partial

import numpy as np

from lib.architecture import Architecture, ledger
from lib.engine.sampling import softmax
from lib.takehome.architecture import Counted, Live, architecture_notebook
from lib.takehome.parts import prompt_of, source_of
from lib.ui import cache
from lib.ui.components import take_home

_TOKENS = 48  # the live pass looks at the last ones: MAX_TOKENS of lib/architecture/live_pass.py, which imports torch


def page_menu(arch: Architecture | None = None, *, text: str = "", model_id: str = "") -> None:
    """The menu of the page: of a configuration, of a live pass of the loaded model on a text, or of both."""
    ready = arch is not None or bool(text and model_id)
    take_home.menu(
        take_home.File(
            "Notebook (.ipynb)",
            "architecture.ipynb",
            take_home.NOTEBOOK,
            partial(_notebook, arch, text, model_id) if ready else None,
            help="This model with transformers and Plotly, without the app" if ready else "Choose a model first",
        )
    )


def _notebook(arch: Architecture | None, text: str, model_id: str) -> str:
    return architecture_notebook(
        None if arch is None else _counted(arch), _live(text, model_id) if text and model_id else None
    )


def _counted(arch: Architecture) -> Counted:
    book = ledger(arch)
    return Counted(arch.name, arch.config, book.by_component(), book.total)


def _live(text: str, model_id: str) -> Live:
    engine = cache.inspectable(model_id)
    ids = tuple(engine.tokenizer.ids(text))
    kept = min(len(ids), _TOKENS, engine.info.context)
    probs = softmax(engine.logits(ids[-kept:]))
    best = [(int(i), float(probs[i])) for i in np.argsort(-probs, kind="stable")[:5]]
    source = source_of(model_id, engine.info.dtype)
    return Live(source, prompt_of(text, ids, engine.tokenizer.special), kept, best)
