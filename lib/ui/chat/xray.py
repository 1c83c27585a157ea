"""The template X-ray: a rendered conversation turn by turn, every token with its id, and how full the context is."""

import json
from collections.abc import Sequence
from typing import Any

from lib.chat import BORROWED, Rendered, Segment
from lib.tokenization import Token, Tokenizer
from lib.tokenization.display import label
from lib.ui.components.custom import asset, component
from lib.ui.components.last_run import last_answer

MAX_TOKENS = 4_000  # shown; beyond that the middle is left out
_COMPONENT = component(
    "playground_chat_xray",
    html='<div class="xray"></div>',
    css=asset(__file__, "chat_xray.css"),
    js=asset(__file__, "chat_xray.js"),
)
_TEMPLATE = {"template", "generation"}  # kinds of segments that the template writes around the messages
_TITLES = {"system": "system", "user": "user", "assistant": "assistant", "tool": "tool", "raw": "raw text"}


def show_xray(
    key: str,
    rendered: Rendered,
    tokenizer: Tokenizer,
    *,
    ids: bool = False,
    context: int | None = None,
    dropped: int = 0,
) -> None:
    """Show `rendered`. `ids` puts the number under every token; with the model's `context` a bar shows how full it is.

    `dropped` is how many of the oldest messages did not fit and were left out. What is shown travels as a text: neither
    side looks into one that it has had before (a full context takes 570 KB).
    """
    asked = (rendered, frozenset(tokenizer.special.values()), ids, context, dropped)
    text = last_answer(f"drawn-{key}", asked, lambda: _drawn(rendered, tokenizer, ids, context, dropped))
    _COMPONENT(key=key, data={"text": text})


def _drawn(rendered: Rendered, tokenizer: Tokenizer, ids: bool, context: int | None, dropped: int) -> str:
    """What the browser draws, as JSON."""
    shown = blocks(rendered, tokenizer)
    if dropped:
        place = 1 if shown and shown[0]["role"] == "system" else 0
        shown.insert(
            place,
            {
                "role": "cut",
                "kind": "",
                "title": f"left out: {dropped} message{'s' * (dropped != 1)}",
                "tokens": [],
                "flag": "the context is full",
                "count": "",
            },
        )
    meter = None if context is None else token_meter(rendered, context)
    return json.dumps({"blocks": shown, "ids": ids, "meter": meter}, ensure_ascii=False)


def blocks(rendered: Rendered, tokenizer: Tokenizer) -> list[dict[str, Any]]:
    """The turns as plain data: title, flag, role, and tokens with text, id, kind, control or not."""
    owners = _owners(rendered)
    special = set(tokenizer.special.values())
    found: list[dict[str, Any]] = []
    last: tuple[str, int, bool] | None = None
    for token, segment in list(zip(rendered.tokens, owners, strict=True))[:MAX_TOKENS]:
        turn = (segment.role, segment.message, segment.kind == "generation")
        if turn != last:
            found.append(
                {
                    "role": segment.role,
                    "kind": "generation" if turn[2] else "",
                    "tokens": [],
                    "title": "generation prompt" if turn[2] else _TITLES.get(segment.role, segment.role),
                    "flag": "",
                }
            )
            last = turn
        if segment.kind == "default-system":
            found[-1]["flag"] = "inserted by the template: nobody typed it"
        found[-1]["tokens"].append(_chip(token, segment, token.id in special))
    for block in found:
        block["count"] = _count([token["kind"] for token in block["tokens"]])
    if len(rendered.tokens) > MAX_TOKENS and found:
        found[-1]["flag"] = f"{len(rendered.tokens) - MAX_TOKENS:,} more tokens are not drawn"
    return found


def _count(kinds: Sequence[str]) -> str:
    """How many tokens a turn has, and how many of them the bar above counts as the template's.

    >>> _count(["template", "content", "content"]), _count(["generation"] * 3)
    ('3 tokens, 1 of them markup', '3 tokens, all of them markup')
    """
    count, template = len(kinds), sum(kind in _TEMPLATE for kind in kinds)
    tokens = f"{count:,} token{'s' * (count != 1)}"
    if not template:
        return tokens
    return tokens + (", all of them markup" if template == count else f", {template:,} of them markup")


def _chip(token: Token, segment: Segment, control: bool) -> dict[str, Any]:
    danger = control and segment.kind == "content"
    shown = token.data.decode("utf-8", "replace") if control else label(token.data)
    what = "special token" if control else f"bytes {token.data.hex(' ').upper()}"
    known = f"id {token.id}" if token.id < BORROWED else "of another vocabulary"
    by = "  — written by a message, and taken as a command" if danger else ""
    return {
        "text": shown,
        "id": token.id if token.id < BORROWED else "–",
        "kind": segment.kind,
        "control": control,
        "danger": danger,
        "breaks": not control and token.data.endswith(b"\n"),
        "tip": f"{known} · {what}{by}",
    }


def _owners(rendered: Rendered) -> list[Segment]:
    """The segment in which the text of each token starts, behind its spaces (both are in order)."""
    owners: list[Segment] = []
    index = 0
    for token in rendered.tokens:
        text = rendered.text[token.start : token.end]
        start = token.start + (len(text) - len(text.lstrip(" ")) if text.strip(" ") else 0)
        while index + 1 < len(rendered.segments) and start >= rendered.segments[index].end:
            index += 1
        owners.append(rendered.segments[index])
    return owners


_SHOWN = {"template": "markup"}  # what the template writes around messages; a default system prompt is not counted here


def token_meter(rendered: Rendered, context: int) -> dict[str, Any]:
    """Tokens by role and what is free of the context, for the bar."""
    counts: dict[str, int] = {}
    for segment in _owners(rendered):
        name = "template" if segment.kind in _TEMPLATE else segment.role
        counts[name] = counts.get(name, 0) + 1
    order = [name for name in ("system", "user", "assistant", "tool", "raw", "template") if name in counts]
    parts = [
        {"role": name, "tokens": counts[name], "label": f"{_SHOWN.get(name, name)} {counts[name]:,}"} for name in order
    ]
    used = len(rendered.tokens)
    free = max(context - used, 0)
    parts.append({"role": "room", "tokens": free, "label": f"free {free:,} of {context:,}"})
    return {"parts": parts, "total": max(context, used), "label": f"{used:,} of {context:,} tokens used"}
