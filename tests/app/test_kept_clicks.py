"""A click counts until it is carried out: once, on its page, whatever cuts the run short."""

import pytest
from streamlit.testing.v1 import AppTest


@pytest.fixture
def at() -> AppTest:
    """A page with a button; a test may cut its run short before or in the work, or let the work fail."""

    def page() -> None:
        import streamlit as st

        from lib.errors import PlaygroundError
        from lib.ui.components.kept_clicks import carrying_out, kept_button
        from lib.ui.components.page import explained, setup_page

        state = st.session_state
        setup_page(state.get("title", "One page"), icon="🧪", lead="A lead.")
        if state.pop("cut-before", False):
            st.stop()  # ends a run as the browser's next message does
        if state.get("title") is None and kept_button("Work", key="work", disabled=state.get("off", False)):
            with explained(), carrying_out("work"):
                if state.pop("cut-in", False):
                    st.stop()
                if state.pop("wrong", False):
                    raise PlaygroundError("That cannot be done.")
                state["done"] = state.get("done", 0) + 1

    return AppTest.from_function(page).run()


def press(at: AppTest, **state: object) -> AppTest:
    for name, value in state.items():
        at.session_state[name.replace("_", "-")] = value
    return at.button(key="work").click().run()


def done(at: AppTest) -> int:
    return at.session_state.get("done", 0)


def test_a_click_is_carried_out_once(at: AppTest) -> None:
    assert done(press(at)) == 1
    assert done(at.run()) == 1


@pytest.mark.parametrize("cut", ["cut_before", "cut_in"])
def test_a_click_whose_run_is_cut_short_is_carried_out_by_the_next(at: AppTest, cut: str) -> None:
    assert done(press(at, **{cut: True})) == 0
    assert done(at.run()) == 1
    assert done(at.run()) == 1


def test_a_click_that_ends_in_an_error_is_not_tried_again(at: AppTest) -> None:
    assert [error.value for error in press(at, wrong=True).error] == ["That cannot be done\\."]
    at.run()
    assert done(at) == 0 and not at.error


def test_a_click_on_a_page_that_was_left_and_one_on_a_button_that_was_turned_off_are_forgotten(at: AppTest) -> None:
    press(at, cut_before=True)
    at.session_state["title"] = "Another page"
    at.run()
    at.session_state["title"] = None
    assert done(at.run()) == 0
    press(at, cut_before=True)
    at.session_state["off"] = True
    at.run()
    at.session_state["off"] = False
    assert done(at.run()) == 0
