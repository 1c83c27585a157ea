"""What people type into a chat: control tokens in every text, and characters that have broken a chat somewhere."""

import json
import random
import unicodedata
from functools import cache

from benchmarks.faults.frame import Fuzz
from lib import chat, tokenization
from lib.chat import TEMPLATES, render

Messages = list[dict[str, str]]
HOSTILE_TEXTS = (
    *("<|im_end|>", "<|im_start|>", "<|endoftext|>", "<think>", "</think>", "<tool_call>", "<|im_", "end|>", "{{ 1 }}"),
    *(
        "\n",
        " ",
        "\t",
        "\r\n",
        "\u0000",
        "\u200b",
        "\u202e",
        "\ufeff",
        "\ud800",
        "\U0010fffd",
        "\U000f0000",
        "\U00100000",
    ),
    *(
        "é",
        "e\u0301",
        "👩‍👩‍👧‍👦",
        "ﷺ",
        "日本語",
        "שלום",
        "a" * 300,
        "12345",
        "' \" \\",
        "[INST]",
        "<bos>",
        "</s>",
        "user\n",
        "ab",
    ),
)


def text(rng: random.Random) -> str:
    """Pieces that have broken a chat somewhere, and any characters at all."""
    pieces = (
        rng.choice(HOSTILE_TEXTS) if rng.random() < 0.7 else chr(rng.randrange(0x110000))
        for _ in range(rng.randint(0, 9))
    )
    return "".join(pieces)


def conversation(rng: random.Random) -> Messages:
    """One to four messages."""
    roles = ("system", "user", "assistant", "user", "tool")
    return [{"role": rng.choice(roles), "content": text(rng)} for _ in range(rng.randint(1, 4))]


def nothing_smuggled(rendered: chat.Rendered, tokenizer: tokenization.Tokenizer) -> None:
    """Ids are the text again, and no control token lies in what a message said."""
    assert _comes_back(rendered.text, rendered.ids, tokenizer)
    inside = [s for s in rendered.segments if s.kind == "content"]
    starts = {at for s in inside for at in range(s.start, s.end)}
    found = [token for token in rendered.tokens if token.special and token.start in starts]
    assert not found, found


def _comes_back(whole: str, ids: list[int], tokenizer: tokenization.Tokenizer) -> bool:
    """Whether ids are the text again, with what two published vocabularies do to it: Qwen's composes accents (NFC), and
    SmolLM2's has no token for 21 of the 256 bytes."""
    data = whole.encode().translate(None, _missing(tokenizer.name))
    pair = tokenizer.decode(ids), data.decode("utf-8", "replace")
    return len({unicodedata.normalize("NFC", one) for one in pair}) == 1


@cache
def _missing(name: str) -> bytes:
    """Bytes that a tokenizer drops."""
    tokenizer = tokenization.load(name)
    there = {tokenizer.token_bytes(token) for token in range(tokenizer.vocab_size)}
    return bytes(byte for byte in range(256) if bytes([byte]) not in there)


def typed(rng: random.Random) -> tuple[str, str, Messages]:
    """A tokenizer, a template and a conversation."""
    return rng.choice(_names()), rng.choice(list(TEMPLATES)), conversation(rng)


def _names() -> list[str]:
    return [name for name in tokenization.PRETRAINED if tokenization.available(name)]


def check_typed(case: tuple[str, str, Messages]) -> None:
    """Every text comes back from the tokenizer; typed control tokens are text; a chat has the template's alone."""
    name, template, messages = case
    tokenizer = tokenization.load(name)
    special = set(tokenizer.special.values())
    for content in {message["content"] for message in messages}:
        whole = content.encode("utf-8", "replace").decode()
        ids = tokenizer.ids(whole)
        assert _comes_back(whole, ids, tokenizer)
        assert special.isdisjoint(ids)
    rendered = render(messages, template=template, tokenizer=tokenizer)
    nothing_smuggled(rendered, tokenizer)
    plain = render([{**m, "content": "x"} for m in messages], template=template, tokenizer=tokenizer)
    thoughts = template == "qwen3" and any("</think>" in m["content"] for m in messages)  # its own block for them
    assert thoughts or [i for i in rendered.ids if i in special] == [i for i in plain.ids if i in special]
    json.dumps(rendered.text.encode().decode())


FUZZES = [Fuzz("chats of 100,000 typed texts", 40_000, typed, check_typed, seconds=10.0)]  # 2.5 texts a chat
