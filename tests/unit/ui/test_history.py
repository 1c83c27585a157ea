"""What an address means that Back or Forward brought: what it says, and the default of what it does not say."""

import pytest
from streamlit.testing.v1 import AppTest

from lib.ui.components import followed_links, linked_text

LONG = "word " * 400


def boxes() -> None:
    """A page with a text and a choice that are in its link."""
    import streamlit as st

    from lib.ui.components.linked_text import keep_choice, linked_choice, text_box

    text_box(st.text_area, "Prompt", "the default", key="prompt")
    linked_choice("model", ["first", "second"])
    st.selectbox("Model", ["first", "second"], key="model", on_change=keep_choice, args=("model",))


@pytest.fixture
def page() -> AppTest:
    return AppTest.from_function(boxes, default_timeout=30).run()


def come_back(page: AppTest, monkeypatch, **query: str) -> None:
    """Back, to an address with these parameters, and a run after it."""
    page.query_params.clear()
    page.query_params.update(query)
    with monkeypatch.context() as patch:
        patch.setattr(linked_text, "came_by_history", lambda: True)
        page.run()
    page.run()
    assert not page.exception


def seen(page: AppTest) -> tuple[str, str]:
    return page.session_state["prompt"], page.session_state["model"]


def test_back_reaches_what_an_address_without_parameters_means(page, monkeypatch) -> None:
    page.text_area(key="prompt").set_value("a text").run()
    page.selectbox(key="model").set_value("second").run()
    come_back(page, monkeypatch, prompt="a text")
    assert seen(page) == ("a text", "first")
    come_back(page, monkeypatch)
    assert seen(page) == ("the default", "first")
    come_back(page, monkeypatch, prompt="a text", model="second")
    assert seen(page) == ("a text", "second")


def test_a_text_too_long_for_a_link_is_not_lost_by_going_back(page, monkeypatch) -> None:
    page.text_area(key="prompt").set_value(LONG).run()
    page.text_area(key="prompt").set_value("a text").run()
    come_back(page, monkeypatch)
    assert seen(page)[0] == LONG


def test_at_any_other_time_an_absent_parameter_says_nothing(page) -> None:
    page.text_area(key="prompt").set_value("a text").run()
    page.query_params.clear()
    page.run()
    assert seen(page)[0] == "a text"


def test_an_address_that_is_late_brings_no_earlier_text_back(page: AppTest) -> None:
    """A click that comes before the browser has heard of the new address."""
    page.query_params["prompt"] = "first"
    page.run()
    page.text_area(key="prompt").set_value("second").run()
    page.selectbox(key="model").set_value("second").run()
    late = {"prompt": "first"}
    page.query_params.clear()
    page.query_params.update(late)
    page.run()
    assert page.text_area(key="prompt").value == "second"
    page.text_area(key="prompt").set_value("the default").run()
    page.query_params["prompt"] = "second"
    page.run()
    assert page.text_area(key="prompt").value == "the default"


def test_the_link_of_an_earlier_text_is_followed_once_the_browser_must_have_heard(page: AppTest, monkeypatch) -> None:
    monkeypatch.setattr(followed_links, "LATE", 0.0)
    for text in ("first", "second", "first"):
        page.query_params["prompt"] = text
        page.run()
        assert page.text_area(key="prompt").value == text


def test_a_choice_is_not_undone_by_an_address_that_is_late(page: AppTest) -> None:
    page.query_params["model"] = "second"
    page.run()
    page.selectbox(key="model").set_value("first").run()
    page.query_params["model"] = "second"
    page.run()
    assert page.selectbox(key="model").value == "first"
