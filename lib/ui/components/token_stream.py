"""Generated tokens as coloured text: what the model thought of each, what it beat, and a click to go another way.

The heat is the model's own surprise in bits (temperature 1, no filter), from 0 to 10 and more. Hover, keyboard focus or
a tap opens a card. Works for a stream: show it once in a run, and then other data (`lib.ui.components.replaceable`);
what is already on screen stays untouched. A page may give the text a height with the CSS variable --pg-stream-height:
a longer one then scrolls in itself, and one that grows is followed to its end.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lib.generation.token_view import stream_tokens
from lib.ui.components.custom import asset, component

__all__ = ["show_token_stream", "stream_data", "stream_tokens"]


def _source(name: str) -> str:
    """An asset without comments and indentation: it travels with every update."""
    lines = (line.strip() for line in asset(__file__, name).splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("// "))


_HTML = """
<div class="stream">
  <div class="text" role="group"></div>
  <div class="placeholder"></div>
  <div class="note"></div>
  <div class="legend" hidden>
    <span>expected by the model, 0 bits</span><span class="ramp"></span><span>10 bits of surprise and more</span>
  </div>
</div>
"""
_COMPONENT = component(
    "playground_token_stream", html=_HTML, css=_source("token_stream.css"), js=_source("token_stream.js")
)
_TAIL = 8  # tokens that are sent whole while the stream is live; the others are in the browser already
_BRIEF = ("id", "text", "label", "logprob", "group")  # what is enough to draw a token


def stream_data(
    tokens: Sequence[Mapping[str, Any]],
    *,
    live: bool = False,
    branch: bool = True,
    select: bool = False,
    selected: int | None = None,
    marks: Mapping[int, str] | None = None,
    note: str = "",
    placeholder: str = "",
    after: str = "after sampling settings",
    column: str = "filtered",
    name: str = "generated tokens",
    legend: bool = False,
    whole: int | None = None,
) -> dict[str, Any]:
    """What the browser needs to show `tokens` (dicts as `stream_tokens` makes them).

    `live` shows a caret. `branch=False` shows the alternatives without offering them; `select` lets tokens be clicked,
    and the token `selected` gets a frame. `marks` puts a flag with a sentence on tokens by index. `note` stands under
    the text, `placeholder` in its place while there is none. `after` and `column` name the probability after the
    strategy's filters (leave `prob` None where there is none). `whole`: the token from which on the browser has not
    yet seen alternatives; the others travel without. All texts are shown literally.
    """
    first = whole if whole is not None else max(0, len(tokens) - _TAIL) if live else 0
    return {
        "tokens": [_brief(token) for token in tokens[:first]] + [_whole(token) for token in tokens[first:]],
        "live": live,
        "branch": branch,
        "select": select,
        "selected": selected,
        "marks": {str(index): text for index, text in (marks or {}).items()},
        "note": note,
        "placeholder": placeholder,
        "after": after,
        "column": column,
        "name": name,
        "legend": legend,
    }


def show_token_stream(
    key: str, tokens: Sequence[Mapping[str, Any]], *, on_select: Callable[[int], None] | None = None, **looks: Any
) -> tuple[int, int] | None:
    """Show `tokens` and give back a clicked alternative (index, id), or None; `looks` are those of `stream_data`.

    `on_select` is called with the index of a token that was clicked.
    """
    data = stream_data(tokens, select=on_select is not None, **looks)
    result = _COMPONENT(key=key, data=data, on_branch_change=_nothing, on_select_change=_nothing)
    if on_select and isinstance(result.select, int) and 0 <= result.select < len(tokens):
        on_select(result.select)
    return _clicked(result.branch, tokens) if data["branch"] else None


def _nothing() -> None:
    """Streamlit offers a state or trigger only when it has a callback."""


def _clicked(value: object, tokens: Sequence[Mapping[str, Any]]) -> tuple[int, int] | None:
    """What the browser sent, if it is an alternative that was on offer."""
    if not isinstance(value, Mapping):
        return None
    index, token_id = value.get("index"), value.get("id")
    if not isinstance(index, int) or not isinstance(token_id, int) or not 0 <= index < len(tokens):
        return None
    offered = {item["id"] for item in tokens[index].get("alternatives", ())}
    return (index, token_id) if token_id in offered else None


def _brief(token: Mapping[str, Any]) -> dict[str, Any]:
    """A token that the browser has seen whole: what it is, and the flags that are set."""
    flags = {name: True for name in ("special", "forced") if token.get(name)}
    return {name: token.get(name) for name in _BRIEF} | {"logprob": _number(token.get("logprob"))} | flags


def _whole(token: Mapping[str, Any]) -> dict[str, Any]:
    others = [{**item, "logprob": _number(item.get("logprob"))} for item in token.get("alternatives", ())]
    return {**token, "logprob": _number(token.get("logprob")), "alternatives": others}


def _number(value: float | None) -> float | None:
    """JSON knows no infinity: a probability of 0 has log-probability -inf, sent as a very small number."""
    if value is None or math.isnan(value):
        return None
    return round(max(float(value), -9999.0), 5)
