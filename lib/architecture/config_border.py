"""The border for configurations: text to a dict, how large what is in it may be, and its one spelling for caches."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from lib.architecture.config_values import shown
from lib.architecture.errors import ArchitectureError

MAX_DEPTH, MAX_VALUES = 20, 200_000  # a configuration with the names of 100,000 classes has that many
MAX_VALUE = (
    100_000_000  # a whole number in any key that may be a size; the longest context so far has 10 million tokens
)
MAX_PARTS = 4_096  # in a key that counts parts: each of them is built
_PARTS = re.compile(r"(?:layers?|blocks?|depths?|heads?|experts?|stages?|groups?|labels)$")
_NO_SIZE = re.compile(  # numbers that nothing is built by: bases of RoPE, seeds, ids of tokens, limits of texts
    r"theta|base|seed|token|_ids?$|scal|factor|eps|max_length|min|value|softcap|limit|version|date|label2id"
)


def parsed(data: str | bytes, what: str = "That config.json") -> dict[str, Any]:
    """The JSON object in a text. Raises ArchitectureError if it is none."""
    try:
        config = json.loads(data)
    except RecursionError as error:
        raise ArchitectureError(f"{what} is nested too deeply to be a model's configuration.") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ArchitectureError(f"{what} is not valid JSON. A whole config.json goes from {{ to }}.") from error
    except ValueError as error:  # Python reads no whole number of more than 4,300 digits
        raise ArchitectureError(f"{what} has a whole number of thousands of digits in it.") from error
    if not isinstance(config, dict):
        raise ArchitectureError(f"{what} is not a model's configuration, which is a JSON object: {{ … }}.")
    return config


def canonical(config: Mapping[str, Any]) -> str:
    """The whole configuration in one spelling: two that differ anywhere differ here."""
    try:
        plain = json.loads(json.dumps(config, default=str))  # keys become texts, which can be sorted
        return json.dumps(plain, sort_keys=True)
    except (TypeError, ValueError, RecursionError) as error:
        raise ArchitectureError("This configuration has something in it that JSON has not.") from error


def check_sizes(config: Mapping[str, Any]) -> None:
    """Walk everything in a configuration, whatever its keys are called. Raises ArchitectureError with what no model
    has."""
    for count, (key, value) in enumerate(_walk(config, "", 0)):
        if count > MAX_VALUES:
            raise ArchitectureError(f"This configuration has more than {MAX_VALUES:,} values in it.")
        check_number(key, value)


def check_number(key: str, value: object) -> None:
    """Whether a number is one that a model can have under this key."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    most = MAX_PARTS if _PARTS.search(key) else MAX_VALUE
    if most < value < float("inf") and not _NO_SIZE.search(key):
        raise ArchitectureError(
            f"In this configuration {key[:60]} is {shown(value)}; no model comes near that. This page goes up to "
            f"{most:,} there."
        )


def _walk(value: Any, key: str, depth: int) -> Iterator[tuple[str, object]]:
    """Every value with the name of the nearest key above it."""
    if depth > MAX_DEPTH:
        raise ArchitectureError("This configuration is nested too deeply to be a model's.")
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield "", _whole_characters(str(name))
            yield from _walk(inner, str(name), depth + 1)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _walk(inner, key, depth + 1)
    else:
        yield key, _whole_characters(value) if isinstance(value, str) else value


def _whole_characters(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ArchitectureError("This configuration has half a character (a lone surrogate) in it.") from error
    return text
