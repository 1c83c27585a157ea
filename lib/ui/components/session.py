"""The browser tab behind a run of a page: whose text it is, whether it is still there, and a run nobody clicked for.

Reads four things of Streamlit that are not public; a browser test (Stop in the chat) holds three of them against the
real ones, and a unit test the cookie.
"""

import hashlib
from collections.abc import Callable
from typing import Any

import streamlit as st
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime import Runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

_ONCE = {"trigger_value", "string_trigger_value", "json_trigger_value", "chat_input_value"}  # clicks, not settings


def session_id() -> str | None:
    """This browser tab, as the owner of what it asks of an engine."""
    context = get_script_run_ctx()
    return context.session_id if context else None


def browser_id() -> str:
    """This browser, the same in all its tabs and after a reload: the owner of what outlives a tab for a moment.

    From the cookie against forged requests that Streamlit gives every browser: version, mask, token under the mask,
    time. Where there is none (cookies off, tests), the tab stands for the browser.
    """
    try:
        _, mask, token, _ = st.context.cookies["_streamlit_xsrf"].strip("\"'").split("|")
        secret = bytes(byte ^ bytes.fromhex(mask)[n % 4] for n, byte in enumerate(bytes.fromhex(token)))
    except (KeyError, ValueError, IndexError):
        return session_id() or ""
    return hashlib.sha256(secret).hexdigest() if len(secret) >= 16 else session_id() or ""


def session_alive() -> Callable[[], bool]:
    """A function that says whether this browser tab is still there; callable from any thread."""
    session = session_id()
    if session is None or not Runtime.exists():
        return lambda: True
    runtime = Runtime.instance()
    return lambda: bool(runtime.is_active_session(session))


def runs_now(session: str) -> bool:
    """Whether a page of this session is being run."""
    info = _info(session)
    return info is not None and info.session._scriptrunner is not None


def draw_page_of(session: str) -> None:
    """Run the page that a session has open, with its settings as they are. From any thread, while no run goes on."""
    info = _info(session)
    if info is None:  # the tab is closed
        return

    def ask() -> None:
        state = ClientState()
        state.CopyFrom(info.session._client_state)
        kept = [widget for widget in state.widget_states.widgets if widget.WhichOneof("value") not in _ONCE]
        del state.widget_states.widgets[:]
        state.widget_states.widgets.extend(kept)
        info.session.request_rerun(state)

    Runtime.instance()._get_async_objs().eventloop.call_soon_threadsafe(ask)


def _info(session: str) -> Any:
    return Runtime.instance()._session_mgr.get_active_session_info(session) if Runtime.exists() else None
