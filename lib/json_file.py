"""The JSON files of model folders, which come from outside: read here, once, whatever is wrong with them."""

import json
import stat
from pathlib import Path
from typing import Any

MAX_BYTES = 16_000_000  # bytes of a file that is read as JSON, where nothing else is said; the largest known have a few


def read_json(path: Path, most: int = MAX_BYTES) -> dict[str, Any]:
    """The JSON object in a file; {} if there is no such file or it holds something else."""
    try:
        return json_object(path, most)
    except (OSError, ValueError):
        return {}


def json_object(path: Path, most: int = MAX_BYTES) -> dict[str, Any]:
    """The same, or the reason why not: OSError for a file that cannot be read, ValueError with words that follow "it".

    >>> json_object(Path("/dev/zero"))
    Traceback (most recent call last):
    ValueError: is no ordinary file
    """
    text = text_of(path, most)
    try:
        content = json.loads(text)
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    except ValueError:  # a number of 5,000 digits, too
        raise ValueError("is not JSON") from None
    if not isinstance(content, dict):
        raise ValueError("holds no JSON object")
    return content


def text_of(path: Path, most: int = MAX_BYTES) -> str:
    """The text of an ordinary file. A pipe would never end, nor would a device. Raises like `json_object`."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise ValueError("is no ordinary file")
    with path.open("rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise ValueError(f"has more than {most / 1e6:.0f} MB")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise ValueError("is no text in UTF-8") from None
