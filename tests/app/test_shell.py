"""What `setup_page` sends to the browser, in which order."""

import pytest
from streamlit.testing.v1 import AppTest, local_script_runner


def _page() -> None:
    from lib.ui.components.page import setup_page

    setup_page("Next token", icon="📊", lead="One line.")


def test_the_sidebar_has_something_in_it_before_the_title_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit gives an empty sidebar no room: a title that came first would jump aside."""
    sent: list[tuple[bool, str]] = []  # is it in the sidebar, its HTML
    parse = local_script_runner.parse_tree_from_messages

    def note(messages: list) -> object:
        deltas = [one for one in messages if one.WhichOneof("type") == "delta"]
        sent[:] = [(one.metadata.delta_path[0] == 1, one.delta.new_element.html.body) for one in deltas]
        return parse(messages)

    monkeypatch.setattr(local_script_runner, "parse_tree_from_messages", note)
    page = AppTest.from_function(_page, default_timeout=60).run()
    assert not page.exception
    aside = next(at for at, (in_sidebar, body) in enumerate(sent) if in_sidebar and "pg-mark" in body)
    assert aside < next(at for at, (_, body) in enumerate(sent) if "<h1>" in body)
