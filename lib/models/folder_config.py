"""The one border for a model folder's config.json: what it says, checked, or a sentence on what cannot be.

Everybody who wants to know a folder's layers, hidden size or token IDs takes them from `read`. What is left to others
is the whole, for a forward pass that knows every key (`lib.engine.model_config`, transformers); sizes in it are bounded
here, whatever they are called, so that nobody builds what no memory holds.
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib.json_file import json_object
from lib.models.errors import ModelError

_BYTES = 2_000_000  # of a config.json; those of published models have a few thousand
_NESTED = 30
# name here: the names that transformers' families give it, and the largest value that anybody could mean
_COUNTS: dict[str, tuple[tuple[str, ...], int]] = {
    "layers": (("num_hidden_layers", "n_layer", "n_layers", "num_layers"), 10_000),
    "hidden_size": (("hidden_size", "n_embd", "d_model"), 1_000_000),
    "heads": (("num_attention_heads", "n_head", "n_heads", "num_heads"), 100_000),
    "kv_heads": (("num_key_value_heads",), 100_000),
    "head_dim": (("head_dim",), 1_000_000),
    "context": (("max_position_embeddings", "n_positions", "max_seq_len", "n_ctx"), 1_000_000_000),
    "vocab_size": (("vocab_size",), 10_000_000),
}
_POSITIVE = ("rope_theta", "rms_norm_eps", "layer_norm_eps", "layer_norm_epsilon", "norm_epsilon")
# Keys with one of these in their name count parts that are built one by one, each with a cost of its own.
_PARTS = ("layer", "blocks", "head", "expert", "depth", "stage", "num_codebooks")
_MAX_PARTS = 100_000
_MOST = 2**63  # of any other whole number: what fits into the integers of torch
_UNBOUNDED = {"time_step_limit", "time_step_max"}  # Mamba's, which say Infinity where there is no limit


@dataclass(frozen=True, slots=True)
class FolderConfig:
    """What config.json says of the text model in a folder; 0 for a number that it does not say."""

    model_type: str
    layers: int
    hidden_size: int
    heads: int
    kv_heads: int  # `heads` where it says nothing else
    head_dim: int
    context: int  # positions
    vocab_size: int  # rows of the embedding
    tied: bool  # whether the head is the embedding
    values: Mapping[str, Any]  # the whole file

    @property
    def kv_width(self) -> int:
        """Numbers that a layer caches per token, for keys and again for values."""
        return self.kv_heads * self.head_dim


def read(folder: Path) -> FolderConfig:
    """The checked description. Raises ModelError with one sentence, whatever is in the file or in its place."""
    path, name = folder / "config.json", shown_name(folder)
    try:
        values = json_object(path, _BYTES)
    except FileNotFoundError:
        raise ModelError(f"The model folder {name} has no config.json that says what kind of model it is.") from None
    except OSError as error:
        raise ModelError(f"The model folder {name} cannot be used: its config.json cannot be read ({_why(error)})."
                         ) from None  # fmt: skip
    except ValueError as error:
        raise ModelError(f"The model folder {name} cannot be used: its config.json {error}.") from None
    try:
        return _checked(values)
    except ValueError as error:
        raise ModelError(f"The model folder {name} cannot be used: its config.json {error}.") from None


def token_ids(value: Any) -> frozenset[int]:
    """`eos_token_id` as both of its files may give it: nothing, a number, or a list of numbers. Raises ValueError.

    >>> sorted(token_ids([2, 1])), token_ids(None)
    ([1, 2], frozenset())
    """
    ids = [] if value is None else value if isinstance(value, list) else [value]
    if not all(type(one) is int and abs(one) < _MOST for one in ids):
        raise ValueError(f"says that eos_token_id is {json_value(value)}, which is no token ID")
    return frozenset(ids)


def json_value(value: Any) -> str:
    """A value of a JSON file in a sentence, cut.

    >>> json_value("nine"), json_value([1.5, None]), json_value("x" * 99)[-5:]
    ('"nine"', '[1.5, null]', 'xxxx…')
    """
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:39]}…"


def file_in_folder(path: Path) -> str:
    """A file as a sentence names it: many folders hold a model.gguf.

    >>> file_in_folder(Path("/models/mine/model.gguf"))
    'model.gguf in the folder mine'
    """
    return f"{shown_name(path)} in the folder {shown_name(path.parent)}"


def shown_name(path: Path) -> str:
    """A folder's or a file's name as text: one that is no UTF-8 on the disk, or of several lines, could not be shown.

    >>> shown_name(Path("/models/a\\udcff\\nb"))
    'a? b'
    """
    return " ".join(path.name.encode("utf-8", "replace").decode().split())[:80] or "with no name"


def _why(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()


def _checked(values: dict[str, Any]) -> FolderConfig:
    kind = values.get("model_type")
    if not isinstance(kind, str) or not kind.isprintable() or not 0 < len(kind) <= 60:
        raise ValueError("does not say what kind of model it is (its model_type)")
    for key, number in _numbers(values):
        _bounded(key, number)
    inner = values.get("text_config")  # of models that also see or hear
    text: Mapping[str, Any] = {**values, **inner} if isinstance(inner, dict) else values
    found = {ours: _count(text, names, most) for ours, (names, most) in _COUNTS.items()}
    heads, kv_heads = found["heads"], found["kv_heads"] or found["heads"]
    if heads and heads % kv_heads:
        raise ValueError(f"gives {heads} heads keys and values for {kv_heads}, which cannot be shared evenly")
    found["kv_heads"] = kv_heads
    found["head_dim"] = found["head_dim"] or (found["hidden_size"] // heads if heads else 0)
    for name in _POSITIVE:
        value = text.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or value <= 0):
            raise ValueError(f"says that {name} is {json_value(value)}, and that has to be a number above 0")
    token_ids(text.get("eos_token_id"))
    tied = text.get("tie_word_embeddings")
    if tied not in (None, True, False):
        raise ValueError(f"says that tie_word_embeddings is {json_value(tied)}, which is neither true nor false")
    return FolderConfig(model_type=kind, tied=tied is not False, values=values, **found)


def _numbers(value: Any, key: str = "", depth: int = 0) -> Iterator[tuple[str, int | float]]:
    """Every number in it, with the key that it, or the list around it, stands under."""
    if depth > _NESTED:
        raise ValueError("is nested too deeply")
    if isinstance(value, dict):
        for name, one in value.items():
            yield from _numbers(one, name, depth + 1)
    elif isinstance(value, list):
        for one in value:
            yield from _numbers(one, key, depth + 1)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield key, value


def _bounded(key: str, number: int | float) -> None:
    if isinstance(number, float):
        if not math.isfinite(number) and key not in _UNBOUNDED:
            raise ValueError(f"says that {json_value(key)} is {json_value(number)}, which is no number to compute with")
    elif abs(number) >= _MOST or (number > _MAX_PARTS and any(part in key.lower() for part in _PARTS)):
        raise ValueError(f"says that {json_value(key)} is {json_value(number)}, which is more than any model has")


def _count(values: Mapping[str, Any], names: tuple[str, ...], most: int) -> int:
    """What the first of these keys says, a whole number of at least 1; 0 where none says anything (null does not)."""
    for name in names:
        value = values.get(name)
        if value is None:
            continue
        if type(value) is not int or value < 1:
            raise ValueError(
                f"says that {name} is {json_value(value)}, and that has to be a whole number of at least 1"
            )
        if value > most:
            raise ValueError(f"says that {name} is {json_value(value)}, which is more than any model has")
        return value
    return 0
