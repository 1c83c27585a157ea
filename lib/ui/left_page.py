"""A page that was left is not run any more, whatever its timers have asked for meanwhile.

Streamlit 1.67: `st.switch_page` takes the browser to another page, and a fragment with `run_every` of the page before
may have asked for its next run already. That run comes after the new page's and says that it belongs to the old page;
the browser then empties what it shows, and nothing comes: seen on a busy machine, where a teacher took the class along.
A browser test (the class) lets a timer ask that late.
"""

from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData

_run_script = ScriptRunner._run_script


def _unless_left(runner: ScriptRunner, asked: RerunData) -> None:
    now = runner._pages_manager.current_page_script_hash
    if asked.fragment_id_queue and asked.page_script_hash not in ("", now):
        return
    _run_script(runner, asked)


def ignore_left_pages() -> None:
    """From now on, for all sessions of this process. A second call changes nothing."""
    ScriptRunner._run_script = _unless_left  # type: ignore[assignment, method-assign]
