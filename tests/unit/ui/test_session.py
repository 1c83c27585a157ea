"""Who a browser is, by the cookie that Streamlit gives it."""

import pytest
import streamlit as st
from streamlit.web.server.starlette.starlette_app_utils import generate_xsrf_token_string

from lib.ui.components.session import browser_id


class Context:
    """A page's request, with this cookie."""

    def __init__(self, cookie: str) -> None:
        self.cookies = {"_streamlit_xsrf": cookie}


def who(monkeypatch: pytest.MonkeyPatch, cookie: str) -> str:
    monkeypatch.setattr(st, "context", Context(cookie))
    return browser_id()


def test_a_browser_is_the_same_however_its_cookie_is_masked_and_another_one_is_not(monkeypatch) -> None:
    mine, other = b"0123456789abcdef", b"0123456789abcdeg"
    ids = {who(monkeypatch, generate_xsrf_token_string(mine)) for _ in range(3)}
    assert len(ids) == 1 and mine.hex() not in (found := ids.pop())
    assert found not in {"", who(monkeypatch, generate_xsrf_token_string(other))}


@pytest.mark.parametrize("cookie", ["", "2|||", "2|00|61|1", "2|zz|zz|1", "|" * 9, "2|00000000|61|1"])
def test_a_cookie_of_another_form_is_nobody(monkeypatch, cookie: str) -> None:
    assert who(monkeypatch, cookie) == ""  # in a test there is no tab either
