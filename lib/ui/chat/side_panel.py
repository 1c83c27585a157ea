"""The right side of the chat page (the X-ray), what is said about dropped turns, and the step that makes a reply."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lib.chat import Fitted, Message
from lib.engine import Engine
from lib.errors import PlaygroundError
from lib.ui import cache
from lib.ui.chat import reply as chat_reply
from lib.ui.chat.browser_storage import Keeper
from lib.ui.chat.growing_reply import GrowingReply
from lib.ui.chat.settings import ChatSettings
from lib.ui.chat.state import Workspace
from lib.ui.chat.xray import show_xray
from lib.ui.components.live_updates import LiveRegion, LiveUpdates
from lib.ui.components.page import escape

_TALL = 480  # pixels, where the style sheet is not read (it fits the box to the window)


def opened(space: Workspace, chosen: ChatSettings) -> Engine | None:
    """The model; None if it cannot be had. Then the page says why, and has all that was said."""
    try:
        return cache.engine(chosen.model_id, chosen.dtype)
    except PlaygroundError as error:
        space.problem, space.task = str(error), None
        return None


def fit_now(space: Workspace, engine: Engine | None, chosen: ChatSettings) -> Fitted | str | None:
    """The prompt of the latest reply, or of the next one; a sentence if there can be none; None without messages."""
    if engine is None or not space.conversation.path():
        return None
    latest = _latest(space)
    final = (latest.stats.get("prefill") if latest else chosen.prefill) or None
    try:
        return chat_reply.prompt(space.conversation, engine, chosen, final=final, until=latest.id if latest else None)
    except PlaygroundError as error:
        return str(error)


def _latest(space: Workspace) -> Message | None:
    """The reply at the end of the branch on screen."""
    path = space.conversation.path()
    return path[-1] if path and path[-1].role == "assistant" else None


def look(space: Workspace, fitted: Fitted | str | None, engine: Engine | None, chosen: ChatSettings) -> None:
    """The conversation as the model reads it for its next (or latest) reply."""
    with st.container(key="xray-side"):
        with st.container(horizontal=True, vertical_alignment="center", key="xray-head"):
            st.header("Template X-ray", anchor=False, width="stretch")
            ids = st.toggle("Show token IDs", key="xray-ids")
        with st.container(height=_TALL, border=True, key="xray-box", autoscroll=False):
            if engine is None:
                st.caption("There is no model here that could read the conversation.")
            elif fitted is None:
                st.caption("Say something, and the text that the model reads appears here, token by token.")
            elif isinstance(fitted, str):
                st.warning(escape(fitted), icon=":material/warning:")
            else:
                _read(fitted, engine, chosen, ids=ids, latest=_latest(space) is not None)


def _read(fitted: Fitted, engine: Engine, chosen: ChatSettings, *, ids: bool, latest: bool) -> None:
    st.caption(
        ("What the model read for the latest reply: " if latest else "What the model reads next: ")
        + f"{len(fitted.rendered.ids):,} tokens. "
        f"Room for a reply of up to {min(fitted.room, chosen.max_new_tokens):,}."
    )
    if fitted.rendered.default_system:
        st.caption(
            f":material/robot_2: The template inserted a system prompt: “{escape(fitted.rendered.default_system)}”"
        )
    show_xray(
        "xray", fitted.rendered, engine.tokenizer, ids=ids, context=engine.info.context, dropped=len(fitted.dropped)
    )


def notices(fitted: Fitted | str | None, engine: Engine | None, chosen: ChatSettings) -> None:
    """What was left out of the prompt because the context is full."""
    if engine is not None and isinstance(fitted, Fitted) and fitted.dropped:
        st.warning(dropped_sentence(fitted, engine, chosen), icon=":material/content_cut:")


def dropped_sentence(fitted: Fitted, engine: Engine, chosen: ChatSettings) -> str:
    """Which messages no longer fit, and why."""
    first, last = fitted.dropped[0] + 1, fitted.dropped[-1] + 1
    offset = sum(m["role"] == "system" for m in fitted.messages[:1])
    which = f"message {first - offset}" if first == last else f"messages {first - offset} to {last - offset}"
    return (
        f"The context is full: {engine.info.context:,} tokens, {chat_reply.reserve(engine, chosen):,} of them kept "
        f"for the reply. The oldest turns ({which}) are no longer sent; the system prompt stays."
    )


def settle(space: Workspace) -> None:
    """Before anything is drawn: a reply that is over is a message like the others."""
    writer = space.writer
    if writer is not None and writer.update():
        space.problem, space.writer = (writer.error and f"{writer.error} {_way_on(writer)}") or space.problem, None


def _way_on(writer: GrowingReply) -> str:
    """What one can do about a reply that broke off."""
    if writer.taken:
        return "What had come is kept; Continue goes on from there."
    return "Nothing that was said is lost; Regenerate asks again."


def begin_reply(space: Workspace, engine: Engine | None, chosen: ChatSettings) -> None:
    """Ask for what is to be answered, before the page is drawn: the model works meanwhile."""
    if engine is not None and space.task is not None:
        try:
            space.writer = chat_reply.begin(space, space.task, engine, chosen)
        except PlaygroundError as error:
            space.problem, space.task = str(error), None


def paint_reply(space: Workspace, spot: DeltaGenerator | None, updates: LiveUpdates, keeper: Keeper) -> None:
    """Show the reply as it grows, and let the browser keep it."""
    writer = space.writer
    if writer is not None and spot is not None:

        def look() -> None:
            writer.paint(spot)
            keeper.look(space, writer.message)

        look()
        updates.add(LiveRegion(over=writer.update, look=look, stop=writer.stop))
