"""The Next Token page's one computation: text to ids to logits, with everything that the panels share."""

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import streamlit as st

from lib.decoding.likeliest_tokens import likeliest_ids
from lib.engine import Engine, TokenScores
from lib.engine.sampling import Distribution, distribution, softmax
from lib.errors import PlaygroundError
from lib.tokenization import TokenizationError, Tokenizer, display
from lib.ui import available_models, cache
from lib.ui.next_token.distribution import ROWS, ChartRow, Content, Knobs

DTYPE = "auto"
HEATED = 512  # tokens up to which every place is scored unasked
# What a document begins with where a model's tokenizer has such a token.
START_TOKENS = ("<|endoftext|>", "<|begin_of_text|>", "<s>", "<bos>", "<|im_start|>")


@st.cache_data(max_entries=64, max_size="100MB", show_spinner=False)
def scores(model_id: str, ids: tuple[int, ...]) -> TokenScores:
    """How the model reads `ids`, and the logits after them: one pass per (model, ids)."""
    return cache.inspectable(model_id, DTYPE).score(ids)


def _logits(model_id: str, ids: tuple[int, ...]) -> np.ndarray:
    """After `ids`, float32 (V,): of the pass that colours the text too, where the text is short enough for that."""
    return scores(model_id, ids).next_logits if len(ids) <= HEATED else cache.logits(model_id, DTYPE, ids)


@cache.of_models
@st.cache_resource(max_entries=64, show_spinner=False)
def _content(model_id: str, ids: tuple[int, ...]) -> Content:
    """The chart of the token after `ids`, for everybody who looks at it."""
    logits, tokenizer = _logits(model_id, ids), tokenizer_of(model_id)
    return Content.of(logits, [token_row(tokenizer, int(i)) for i in likeliest_ids(logits, ROWS)])


@dataclass(frozen=True)
class Reading:
    """A model and the ids it reads. Nothing is computed until it is asked for; logits are cached by (model, ids)."""

    model_id: str
    prompt: tuple[int, ...]
    path: tuple[int, ...]
    start: str  # the start token's text where the prompt is empty, otherwise ""

    @property
    def ids(self) -> tuple[int, ...]:
        """Prompt and path."""
        return self.prompt + self.path

    @cached_property
    def engine(self) -> Engine:
        """The loaded model."""
        return cache.engine(self.model_id, DTYPE)

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """The model's tokenizer."""
        return tokenizer_of(self.model_id)

    def logits(self, at: int | None = None) -> np.ndarray:
        """Logits float32 (V,) of the token at place `at` (None: after the end), given what stands before it."""
        return _logits(self.model_id, self.ids[:at])

    def content(self, at: int | None = None) -> Content:
        """What the chart shows for the same place."""
        return _content(self.model_id, self.ids[:at])

    def row(self, token_id: int) -> ChartRow:
        """A token as people see it."""
        return token_row(self.tokenizer, token_id)

    def label(self, token_id: int) -> str:
        """A token's short visible name."""
        return self.row(token_id).label

    def shaped(self, knobs: Knobs, at: int | None = None) -> Distribution:
        """The distribution after the knobs."""
        return distribution(self.logits(at), **knobs.sampling)


def tokenizer_of(model_id: str) -> Tokenizer:
    """A model's tokenizer, without loading the model. Raises PlaygroundError where there is none."""
    return cache.tokenizer(available_models.spec(model_id).tokenizer)


def token_row(tokenizer: Tokenizer, token_id: int) -> ChartRow:
    """A token as people see it; ids that the head has but the tokenizer has not are named as such."""
    seen = _rows.setdefault(tokenizer.name, {})
    if token_id not in seen:
        seen[token_id] = _make_row(tokenizer, token_id)
    return seen[token_id]


# By tokenizer: at most its vocabulary, as a page shows the same tokens again.
_rows: dict[str, dict[int, ChartRow]] = cache.of_models({})


def _make_row(tokenizer: Tokenizer, token_id: int) -> ChartRow:
    control = next((text for text, i in tokenizer.special.items() if i == token_id), None)
    if control is not None:
        return ChartRow(token_id, control, control.encode().hex(" ").upper(), special=True)
    try:
        data = tokenizer.token_bytes(token_id)
    except TokenizationError:
        data = b""
    if not data:
        return ChartRow(token_id, f"⟨unused {token_id}⟩", "none", special=True)
    return ChartRow(token_id, display.label(data), data.hex(" ").upper())


def read(model_id: str, prompt: str, path: Sequence[int]) -> Reading:
    """Encode the prompt as plain text (nothing typed becomes a special token); an empty one becomes the start token,
    unless the path brings its own (a chat from the Chat page, which begins with one)."""
    tokenizer = tokenizer_of(model_id)
    ids = tuple(token.id for token in tokenizer.encode(prompt))
    start = ""
    if not ids and not (path and path[0] in tokenizer.special.values()):
        start = next((text for text in START_TOKENS if text in tokenizer.special), "")
        if not start:
            raise PlaygroundError(
                "The prompt is empty, and this model has no token that stands for the start of a text: "
                "type at least one letter."
            )
        ids = (tokenizer.special[start],)
    return Reading(model_id, ids, tuple(path), start)


def path_logprobs(reading: Reading, known: dict[tuple[str, tuple[int, ...]], float]) -> list[float]:
    """ln p of each path token under the raw model. `known` keeps what was seen; a restored path takes one pass."""
    first, total = max(1, len(reading.prompt)), len(reading.ids)  # nothing predicts the first token of all
    keys = [(reading.model_id, reading.ids[: place + 1]) for place in range(first, total)]
    if sum(key not in known for key in keys) > 1:
        found = scores(reading.model_id, reading.ids).logprobs[first - 1 :]
        known.update(zip(keys, map(float, found), strict=True))
    for place, key in zip(range(first, total), keys, strict=True):
        if key not in known:
            known[key] = math.log(max(5e-324, float(softmax(reading.logits(place))[reading.ids[place]])))
    return [known[key] for key in keys]


def patience(reading: Reading) -> AbstractContextManager[object]:
    """A spinner around what takes long: a text of many tokens."""
    count = len(reading.ids)
    return st.spinner(f"The model reads {count:,} tokens …") if count > 400 else nullcontext()
