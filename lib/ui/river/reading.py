"""What the river of a text needs of a model: rivals and ln Z of every place, one pass for what is new of a text."""

from collections import OrderedDict
from threading import Lock

import numpy as np
import streamlit as st

from lib.engine import Rivals
from lib.figures import river as figures
from lib.generation.token_view import token_name
from lib.tokenization import TokenizationError, Tokenizer
from lib.ui import cache

DTYPE = "auto"
_TEXTS = 64


class _Known:
    """The rivals of the latest texts, so that a text which goes on where another ends is read from there on."""

    def __init__(self) -> None:
        self._mutex = Lock()
        self._found: OrderedDict[tuple[str, tuple[int, ...]], Rivals] = OrderedDict()

    def keep(self, model_id: str, ids: tuple[int, ...], found: Rivals) -> None:
        with self._mutex:
            self._found[model_id, ids] = found
            self._found.move_to_end((model_id, ids))
            while len(self._found) > _TEXTS:
                self._found.popitem(last=False)

    def begins_like(self, model_id: str, ids: tuple[int, ...]) -> tuple[int, Rivals | None]:
        """How many tokens a known text has in common with `ids`, and its rivals; the one that has most."""
        with self._mutex:
            shared = [(_common(known, ids), found) for (name, known), found in self._found.items() if name == model_id]
        return max(shared, key=lambda pair: pair[0], default=(0, None))


@cache.of_models
@st.cache_resource(show_spinner=False)
def _known() -> _Known:
    return _Known()


def _common(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    pairs = zip(one, other, strict=False)
    return next((place for place, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def rivals(model_id: str, ids: tuple[int, ...]) -> Rivals:
    """As `InspectableEngine.rivals` over the whole text. Raises PlaygroundError."""
    shared, found = _known().begins_like(model_id, ids)
    if found is None or shared < len(ids):
        start = max(0, shared - 1)  # the place before the first new token: which token is taken there is new
        new = cache.inspectable(model_id, DTYPE).rivals(
            ids, count=figures.ASKED, temperatures=figures.TEMPERATURES, start=start
        )
        found = new if found is None or start == 0 else _joined(found, new, start)
    whole = Rivals(
        found.ids[: len(ids)], found.logits[: len(ids)], found.taken[: len(ids) - 1], found.log_z[: len(ids)]
    )
    _known().keep(model_id, ids, whole)
    return whole


def _joined(before: Rivals, after: Rivals, start: int) -> Rivals:
    columns = ("ids", "logits", "taken", "log_z")
    return Rivals(*(np.concatenate((getattr(before, name)[:start], getattr(after, name))) for name in columns))


def river_of(model_id: str, ids: tuple[int, ...]) -> figures.River:
    """The text as a stream with its rivals. Raises PlaygroundError."""
    engine = cache.engine(model_id, DTYPE)
    found = rivals(model_id, ids)
    return figures.of_reading(ids, found, lambda i: visible(engine.tokenizer, i), stop_ids=engine.stop_ids)


def visible(tokenizer: Tokenizer, token_id: int) -> str:
    """A token's visible name; ids that the head has but the tokenizer has not are named as such."""
    try:
        return token_name(tokenizer, token_id)
    except TokenizationError:
        return f"⟨unused {token_id}⟩"
