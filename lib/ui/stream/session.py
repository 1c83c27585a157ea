"""Whose text it is, and whether the browser tab that asked for it is still there."""

from collections.abc import Callable

from streamlit.runtime import Runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx


def session_alive() -> Callable[[], bool]:
    """A function that says whether this browser tab is still there; callable from any thread."""
    context = get_script_run_ctx()
    if context is None or not Runtime.exists():
        return lambda: True
    runtime, session = Runtime.instance(), context.session_id
    return lambda: bool(runtime.is_active_session(session))


def session_id() -> str | None:
    """This browser tab, as the owner of what it asks of an engine."""
    context = get_script_run_ctx()
    return context.session_id if context else None
