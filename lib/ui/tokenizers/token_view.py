"""Tokens on screen: a text box that answers while one types, and rows of tokens that light up together.

Both are small browser components; all text reaches the page through `textContent`, so no markup in it ever acts.
"""

import unicodedata
from collections.abc import Sequence
from typing import Any

import streamlit as st

from lib.design import tokenizer_colour
from lib.tokenization import Token, Tokenizer
from lib.tokenization.clusters import groups
from lib.tokenization.comparison import ComparisonRow
from lib.tokenization.display import label, visible
from lib.ui.components.custom import asset, component

UNKNOWN, SPECIAL, PART = 1, 2, 4


_AREA = component(
    "playground_typed_text",
    html='<div class="box"><textarea id="text" rows="1" spellcheck="false"></textarea></div>',
    css=asset(__file__, "typed_text.css"),
    js=asset(__file__, "typed_text.js"),
)
_HINT = (
    "<p>A <b>token</b> is an entry of a fixed list, the vocabulary. Its <b>token ID</b> is its place in the list. A "
    "model "
    "reads IDs, never letters.</p><p>Point at a token: the same characters light up in every row. A click keeps its "
    "card open; arrow keys go from token to token. A dashed box holds the pieces of one visible character.</p>"
)
_ROWS = component(
    "playground_token_rows",
    html='<div class="frame"><div class="rows"><div class="list"></div><div class="place">'
    f'<div class="card" id="card" role="tooltip" hidden></div><div class="hint">{_HINT}</div></div></div></div>',
    css=asset(__file__, "token_rows.css"),
    js=asset(__file__, "token_card.js", "token_rows.js"),
)


def _nothing() -> None:
    pass


def set_text(key: str, text: str) -> None:
    """Put `text` into the text box `key` (an example, a link). Call before the box is drawn, or in a callback."""
    source = st.session_state.get(f"{key}-source", {"version": 0})
    st.session_state[f"{key}-source"] = {"version": source["version"] + 1, "text": text}
    st.session_state[f"{key}-last"] = text


def typed_text(key: str, *, label: str, default: str, placeholder: str = "Type or paste something") -> str:
    """Header text box that reports 150 ms after the last key and gives its text back. Survives leaving the page."""
    if f"{key}-source" not in st.session_state:
        set_text(key, default)
    typed = st.session_state.get(key, {}).get("typed")
    if typed is None and st.session_state[f"{key}-last"] != st.session_state[f"{key}-source"]["text"]:
        set_text(key, st.session_state[f"{key}-last"])  # the page was left and is drawn anew
    source = st.session_state[f"{key}-source"]
    data = {**source, "label": label, "placeholder": placeholder}
    typed = _AREA(key=key, data=data, on_typed_change=_nothing).typed
    current = typed is not None and typed["version"] == source["version"]
    text = str(typed["text"]) if current else str(source["text"])
    st.session_state[f"{key}-last"] = text
    return text


def token_rows(
    key: str,
    text: str,
    rows: Sequence[dict[str, Any]],
    *,
    view: str = "text",
    spaces: bool = True,
    beside: bool = False,
) -> None:
    """Rows made by `row_data`, over the characters `text` that they cover. `view` is "text" or "ids".

    With `beside`, what is said of a token has a place of its own beside the rows, on a screen that is wide enough.
    """
    names = {char: unicodedata.name(char, "") for char in set(text)}
    data = {"rows": list(rows), "text": text, "names": names, "view": view, "spaces": spaces, "beside": beside}
    _ROWS(key=key, data=data)


def row_data(row: ComparisonRow, tokenizer: Tokenizer, text: str, *, title: str, about: str) -> dict[str, Any]:
    """What the browser needs of one tokenizer's row: names, figures, and its tokens in display groups."""
    hidden = row.tokens - len(row.head)
    plural = "token" if row.tokens == 1 else "tokens"
    return {
        "name": row.name,
        "label": title,
        "about": about,
        "colour": tokenizer_colour(tokenizer.name),
        "count": "" if row.error else f"{row.tokens:,} {plural}",
        "rate": f"{row.chars_per_token:.2f} characters each" if row.tokens else "",
        "total": row.tokens,
        "error": row.error,
        "more": f"The first {len(row.head):,} are shown; {hidden:,} more are counted, not drawn." if hidden else "",
        "items": items(row.head, tokenizer, text, complete=not hidden),
    }


def items(tokens: Sequence[Token], tokenizer: Tokenizer, text: str, *, complete: bool = True) -> list[dict[str, Any]]:
    """Tokens as display items: {"tokens"}, with "of" where several make one visible character, and {"gap"} between."""
    out: list[dict[str, Any]] = []
    reach = 0
    for first, after in groups(text, tokens):
        some = tokens[first:after]
        start, end = some[0].start, max(token.end for token in some)
        if start > reach:
            out.append(_gap(text, reach, start))
        drawn: dict[str, Any] = {"tokens": [_token(token, tokenizer) for token in some]}
        if len(some) > 1:
            drawn["of"] = _as_seen(text[start:end])
        out.append(drawn)
        reach = max(reach, end)
    if complete and reach < len(text):
        out.append(_gap(text, reach, len(text)))
    return out


def _as_seen(cluster: str) -> str:
    """What a reader sees of a cluster: drawn whole, with its joiners, unless nothing of it is visible."""
    drawn = any(visible(char) == char for char in cluster)
    return cluster.replace(" ", "␣") if drawn else visible(cluster)


def _gap(text: str, start: int, end: int) -> dict[str, Any]:
    between = text[start:end]
    return {"gap": visible(between), "space": between.isspace(), "start": start, "end": end}


def _token(token: Token, tokenizer: Tokenizer) -> list[Any]:
    name = label(token.data)
    plain = label(token.data, False)
    flags = (UNKNOWN if token.id == tokenizer.unk_id else 0) | (SPECIAL if token.special else 0)
    flags |= 0 if _complete(token.data) else PART
    raw = tokenizer.raw(token.id)
    return [
        token.id,
        name,
        "" if plain == name else plain,
        token.data.hex(" ").upper(),
        raw,
        token.start,
        token.end,
        flags,
    ]


def _complete(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
