"""Under the latest reply: that a small model may be wrong, and the ways to see how sure it was of every token."""

import streamlit as st
from streamlit.errors import StreamlitAPIException

from lib import models
from lib.chat import Fitted, Message
from lib.text_format import number
from lib.ui.chat import state as chat_state
from lib.ui.chat.state import Workspace
from lib.ui.components.glossary import term
from lib.ui.next_token.link import MAX_PATH

SMALL = 1_000_000_000  # parameters; SmolLM2-135M answers "What is 7+8?" with 54 and sounds as sure as of 2+2


def doubt(space: Workspace, view: str, fitted: Fitted | str | None) -> None:
    """The line. Nothing while a reply is being written, and for words that no model wrote here."""
    path = space.conversation.path()
    latest = path[-1] if path and path[-1].role == "assistant" else None
    if latest is None or not latest.tokens or space.task is not None or space.writer is not None:
        return
    model_id = str(latest.stats.get("model_id", ""))
    parameters = models.spec(model_id).parameters
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="chat-doubt"):
        if 0 < parameters < SMALL:
            st.caption(
                f"A small model ({number(parameters)} {term('parameter', 'parameters')}) makes mistakes, and sounds as "
                "sure as when it is right.",
                width="content",
            )
        if view != "Tokens":
            st.button(
                "Look at the probabilities",
                icon=":material/percent:",
                type="tertiary",
                key="chat-doubt-tokens",
                on_click=chat_state.show_tokens,
                help="Every token of the reply: how likely it was, and what else the model might have written.",
            )
        if isinstance(fitted, Fitted) and not models.is_remote(model_id):
            _next_token(model_id, [*fitted.rendered.ids, *_written(latest)])


def _written(message: Message) -> list[int]:
    """The tokens of a reply without the one that ended it."""
    ended = message.stats.get("finish") == "stop"
    return [step.id for step in message.tokens][: -1 if ended else None]


def _next_token(model_id: str, ids: list[int]) -> None:
    """To the Next Token page with all of the conversation, special tokens included, where a click on a token shows
    the whole distribution that it was chosen from."""
    if len(ids) > MAX_PATH:
        return
    query = {"prompt": "", "model": model_id, "path": ",".join(map(str, ids))}
    try:
        st.page_link(
            "pages/3_Next_Token.py", label="Open on Next Token", icon=":material/bar_chart:", query_params=query
        )
    except StreamlitAPIException:  # the page runs on its own, without the others
        return
