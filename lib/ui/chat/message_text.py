"""What a message says, in one of three ways: as Markdown, character by character, or token by token."""

import math
from functools import lru_cache

import streamlit as st

from lib import chat, models
from lib.chat import Message
from lib.ui import cache
from lib.ui.chat import state as chat_state
from lib.ui.components.token_stream import show_token_stream, stream_tokens

DRAWN = 20_000  # characters of a message


def show_text(message: Message, view: str) -> None:
    """A message as `view` has it: "Rendered", "Literal" or "Tokens"."""
    shown = message.content[:DRAWN]
    if view == "Tokens" and message.role == "assistant":
        _inspect(message)
    elif view == "Literal":
        st.code(shown, language=None, wrap_lines=True)
    else:
        st.html(_rendered(shown))
    if len(shown) < len(message.content):
        st.caption(
            f"The first {len(shown):,} of {len(message.content):,} characters are drawn; the model gets them all."
        )


@lru_cache(maxsize=256)
def _rendered(content: str) -> str:
    """A message as HTML; those on screen are asked for at every click."""
    return chat.as_html(content, empty="<em>(empty)</em>")


def _inspect(message: Message) -> None:
    """The reply's tokens with probabilities and alternatives; a click on an alternative branches."""
    model_id = str(message.stats.get("model_id", ""))
    if not message.tokens:
        if message.content:
            st.code(message.content[:DRAWN], language=None, wrap_lines=True)
        st.caption(_why_no_tokens(message))
        return
    if all(math.isnan(step.logprob) for step in message.tokens):
        st.code(message.content, language=None, wrap_lines=True)
        st.caption("The server gave no log-probabilities, so there is nothing to colour.")
        return
    tokens = stream_tokens(
        cache.tokenizer(models.spec(model_id).tokenizer), message.tokens, forced=int(message.stats.get("forced", 0))
    )
    if message.stats.get("prefill"):
        st.caption("It began with your words; the tokens after them:")
    clicked = show_token_stream(f"tokens-{message.id}", tokens, legend=True)
    if clicked:
        chat_state.branch(message, *clicked)
        st.rerun()


def _why_no_tokens(message: Message) -> str:
    if not message.stats:
        return "A person wrote this, so the model gave its tokens no probabilities."
    if message.stats.get("finish") == "broken":
        return "No token of this reply came."
    if not message.stats.get("reply_tokens"):
        return "The model was stopped before its first token."
    return "The tokens of this reply were not kept: it came from a file or from before a reload."
