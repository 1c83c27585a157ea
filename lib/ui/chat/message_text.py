"""What a message says, in one of three ways: as Markdown, character by character, or token by token."""

import math
from functools import lru_cache
from html import escape

import streamlit as st

from lib import chat, models
from lib.chat import Message
from lib.errors import for_readers
from lib.ui import cache
from lib.ui.chat import state as chat_state
from lib.ui.components.token_stream import show_token_stream, stream_tokens

DRAWN = 20_000  # characters of a message


def text_html(message: Message, view: str) -> str:
    """A message as HTML for `st.html`, in which its letters are letters: Markdown or, for the other views, as it was
    written. Under a reply whose tokens were asked for, why they are not drawn."""
    shown = message.content[:DRAWN]
    tokens = view == "Tokens" and message.role == "assistant"
    html = chat.as_code(shown) if view == "Literal" or (tokens and shown) else "" if tokens else _rendered(shown)
    if len(shown) < len(message.content):
        html += note(
            f"The first {len(shown):,} of {len(message.content):,} characters are drawn; the model gets them all."
        )
    return html + (note(_why_no_tokens(message)) if tokens else "")


def note(text: str) -> str:
    """A small line under a message."""
    return f'<p class="pg-note">{escape(for_readers(text))}</p>'


@lru_cache(maxsize=256)
def _rendered(content: str) -> str:
    """A message as HTML; those on screen are asked for at every click."""
    return chat.as_html(content, empty="<em>(empty)</em>")


def draws_tokens(message: Message, view: str) -> bool:
    """Whether `view` has a message token by token, which takes `show_tokens`."""
    known = message.role == "assistant" and not all(math.isnan(step.logprob) for step in message.tokens)
    return view == "Tokens" and known


def show_tokens(message: Message) -> None:
    """The reply's tokens with probabilities and alternatives; a click on an alternative branches."""
    tokenizer = cache.tokenizer(models.spec(str(message.stats.get("model_id", ""))).tokenizer)
    tokens = stream_tokens(tokenizer, message.tokens, forced=int(message.stats.get("forced", 0)))
    if message.stats.get("prefill"):
        st.caption("It began with your words; the tokens after them:")
    clicked = show_token_stream(f"tokens-{message.id}", tokens, legend=True)
    if clicked:
        chat_state.branch(message, *clicked)
        st.rerun()


def _why_no_tokens(message: Message) -> str:
    if message.tokens:
        return "The server gave no log-probabilities, so there is nothing to colour."
    if not message.stats:
        return "A person wrote this, so the model gave its tokens no probabilities."
    if message.stats.get("finish") == "broken":
        return "No token of this reply came."
    if not message.stats.get("reply_tokens"):
        return "The model was stopped before its first token."
    return "The tokens of this reply were not kept: it came from a file or from before a reload."
