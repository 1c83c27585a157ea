"""Why is my count different? The same text counted in the ways that other tools count it."""

import unicodedata
from pathlib import Path

import streamlit as st

from lib import chat
from lib.errors import PlaygroundError
from lib.tokenization import Tokenizer
from lib.tokenization.huggingface import HFTokenizer
from lib.ui.components.page import escape
from lib.ui.tokenizers.options import TokenizerOption
from lib.ui.tokenizers.table import Cell, small_table

_TEMPLATES = {"qwen": "qwen2.5", "smollm2": "smollm2"}
# OpenAI's own count, in "How to count tokens with tiktoken" (OpenAI Cookbook, num_tokens_from_messages), for
# gpt-3.5-turbo and gpt-4 (cl100k_base) and gpt-4o (o200k_base): every message costs 3 tokens, its role and its content;
# 3 more prime the reply.
_OPENAI = ("cl100k_base", "o200k_base")
_A_MESSAGE, _THE_REPLY = 3, 3
_LIMIT = 20_000  # characters; each way counts the whole text again


def ways(text: str, tokenizer: Tokenizer) -> dict[str, int | None]:
    """Token counts of `text`: alone and in the ways that often explain a difference. None: does not apply."""
    composed = unicodedata.normalize("NFC", text)
    windows = text.replace("\r\n", "\n").replace("\n", "\r\n")
    around = len(tokenizer.added_by_template()) if isinstance(tokenizer, HFTokenizer) else 0
    alone = len(tokenizer.ids(text))
    parsed = len(tokenizer.ids(text, parse_special=True)) if any(name in text for name in tokenizer.special) else alone
    return {
        "The text alone": alone,
        "With special tokens parsed": parsed if parsed != alone else None,
        "+ the tokenizer's own start or end token": alone + around if around else None,
        "As a message in its chat template": templated(text, tokenizer),
        "Without spaces around it": len(tokenizer.ids(text.strip())) if text.strip() != text else None,
        "With a space before it": len(tokenizer.ids(" " + text)),
        "With a newline after it": len(tokenizer.ids(text + "\n")),
        "Accents composed (NFC)": len(tokenizer.ids(composed)) if composed != text else None,
        "With Windows line ends": len(tokenizer.ids(windows)) if windows != text else None,
    }


def templated(text: str, tokenizer: Tokenizer) -> int | None:
    """Tokens of one user message in the tokenizer's own chat template, the start of the answer included."""
    if not text.strip():
        return None
    if tokenizer.name in _OPENAI:
        return _A_MESSAGE + len(tokenizer.ids("user")) + len(tokenizer.ids(text)) + _THE_REPLY
    template = _TEMPLATES.get(tokenizer.name) or chat.from_folder(Path(tokenizer.name))  # a local model's is its folder
    if template is None:
        return None
    try:
        return len(chat.render([{"role": "user", "content": text}], template=template, tokenizer=tokenizer).ids)
    except chat.TemplateError:
        return None  # the model's own template refuses a lone user message


def why_different(text: str, choices: list[TokenizerOption]) -> None:
    """The tab: why another tool says another number."""
    st.markdown(
        "Tools count different things under the same name. A **start token** or a **chat template** adds tokens "
        "around your text, often with a system prompt that nobody typed. A **space in front** makes another first "
        "token. **Normalization** rewrites accents before counting, and `\\r\\n` is not `\\n`. Special text such "
        "as `<|endoftext|>` is one token where it is parsed, and several where it is ordinary text, as here."
    )
    if len(text) > _LIMIT:
        st.caption(f"Counted for the first {_LIMIT:,} characters.")
    try:
        counted = [ways(text[:_LIMIT], choice.tokenizer) for choice in choices]
    except PlaygroundError as error:
        st.caption(escape(f"Not counted: {error}"))
        return
    if not counted:
        return
    columns: dict[str, list[Cell]] = {"What is counted": list(counted[0])}
    for choice, column in zip(choices, counted, strict=True):
        columns[choice.title] = list(column.values())
    small_table("counts", columns)
    st.caption(
        "– : makes no difference, or this tokenizer has no such tokens. As a message, for cl100k_base and o200k_base: "
        "OpenAI publishes no template, but its cookbook counts 3 tokens a message, the role, and 3 that prime the "
        "reply."
    )
