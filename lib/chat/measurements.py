"""What was measured while a reply was written: which fields there are, and what may stand in them.

They go into files and into the browser, and come back from there. What has no row here, or is not what its row says,
is left out: a message without measurements is a message.
"""

from collections.abc import Mapping
from typing import Any

Value = str | int | float | None


def clean(text: str) -> str:
    """Text with half characters (lone surrogates), which no file and no browser takes, as "?"."""
    return text.encode("utf-8", errors="replace").decode("utf-8")


def _text(value: object) -> Value:
    return clean(value)[:200] if isinstance(value, str) else None


def _words(value: object) -> Value:
    return clean(value) if isinstance(value, str) else None


def _count(value: object) -> Value:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else None


def _number(value: object) -> Value:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if 0 <= value < 1e12 else None  # not what is no number, nor infinite


_KINDS = {
    "finish": _text,  # why the reply ended
    "prompt_tokens": _count,
    "dropped": _count,  # messages that did not fit any more
    "seed": _count,
    "model": _text,
    "model_id": _text,
    "dtype": _text,
    "template": _text,
    "temperature": _number,
    "prefill": _words,  # words that the reply began with
    "forced": _count,  # tokens that it began with
    "reply_tokens": _count,
    "seconds": _number,
    "first_token_s": _number,
    "tokens_per_s": _number,
}


def measured(stats: object) -> dict[str, Any]:
    """Those fields that are what they should be, for a file or from one.

    >>> measured({"seed": 3, "reply_tokens": "many", "seconds": float("nan"), "x": 1})
    {'seed': 3}
    """
    if not isinstance(stats, Mapping):
        return {}
    found = {name: _KINDS[name](value) for name, value in stats.items() if name in _KINDS}
    return {name: value for name, value in found.items() if value is not None}
