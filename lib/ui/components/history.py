"""The browser's Back and Forward: whether one of them brought the address that a run shows.

Streamlit runs the page with the address as it was then. The rule for whoever reads a link: such an address is followed
as it stands, and a parameter that it does not have means its default. At any other time a parameter that is not there
says nothing: texts and choices go along from page to page. What becomes a step of Back is in `assets/history.js`.
"""

from streamlit.runtime.scriptrunner import get_script_run_ctx


def came_by_history() -> bool:
    """Whether Back or Forward brought this run. Not public in Streamlit; tests/e2e/test_history.py holds it."""
    context = get_script_run_ctx()
    return bool(getattr(context, "is_history_navigation", False))
