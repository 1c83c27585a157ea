"""Links: whatever a parameter says, a widget has its default and the reader a sentence; no parameter is forgotten."""

import random
import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from benchmarks.faults import link_fuzz
from benchmarks.faults.link_table import NUMBERS, PAGES, TEXTS
from lib.course.steps import STEPS
from lib.numbers import Number
from lib.ui.components import pages
from lib.ui.components.link_names import NAMES

ROOT = Path(__file__).resolve().parents[3]
FILES = [*(ROOT / "lib" / "ui").rglob("*.py"), *(ROOT / "pages").glob("*.py"), ROOT / "Home.py"]
SOURCE = {path: path.read_text(encoding="utf-8") for path in FILES}
READ = (  # how code names a parameter
    r'(?:in_link|kept|linked_choice|unlinked|links\.chosen|pick_known)\(\s*"([\w-]+)"',
    r'query_params(?:\.get\(|\[|\.pop\()"([\w-]+)"',
    r'pick_model\(\s*"([\w-]+)"',
    r'key="(prompt|cvc-prefill|cvc-system|word|hub|inner|context|vocab)"',
)
NOT_OF_A_PAGE = {"step", "course"}  # of the course's strip, on every page


def widgets() -> None:
    """A page with one widget of every kind."""
    import streamlit as st

    from lib.numbers import Number
    from lib.ui.components.link_values import SWITCH, in_link

    whole, share = Number(0, 2**31 - 1, whole=True), Number(0, 2)
    st.number_input("n", 0, 2**31 - 1, 42, key="seed", **in_link("seed", whole))
    st.slider("s", 0.0, 2.0, 0.5, key="t", **in_link("t", share))
    st.segmented_control("c", ["a", "b"], default="a", required=True, key="way", **in_link("way", ["a", "b"]))
    st.toggle("w", key="on", **in_link("on", SWITCH))
    st.tabs(["A", "B"], key="tab", on_change="rerun", **in_link("tab", ["A", "B"]))


DEFAULTS = {"seed": 42, "t": 0.5, "way": "a", "on": False, "tab": "A"}
WRONG = [
    {"seed": "Infinity", "t": "inf", "way": "", "on": "2", "tab": "\x00"},
    {"seed": "1e400", "t": "3", "way": "<b>"},
    {"seed": "9" * 5000, "t": "x" * 60_000, "way": "c"},
    {"seed": "1_000", "t": "nan"},
    {"seed": "\u0663"},
    {"seed": ""},
    {"seed": "0.5"},
]


def visit(query: dict[str, str]) -> AppTest:
    page = AppTest.from_function(widgets, default_timeout=30)
    page.query_params.update(query)
    page.run()
    assert not page.exception
    return page


@pytest.mark.parametrize("query", WRONG, ids=lambda query: ascii(query)[:40])
def test_what_a_widget_cannot_have_is_named_and_its_default_stands(query: dict[str, str]) -> None:
    page = visit(query)
    assert {name: page.session_state[name] for name in DEFAULTS} == DEFAULTS and not list(page.query_params)
    said = [toast.value for toast in page.toast]
    assert len(said) == len(query) and all("left out" in one and len(one) < 400 for one in said)


def test_good_values_of_a_link_are_taken_and_stay_in_it() -> None:
    page = visit({"seed": "7", "t": "1.5", "way": "b", "on": "TRUE", "tab": "B"})
    assert not page.toast
    assert [page.session_state[name] for name in ("seed", "t", "way", "on", "tab")] == [7, 1.5, "b", True, "B"]
    page.number_input(key="seed").set_value(8).run()
    assert page.session_state["seed"] == 8 and not page.toast


@pytest.mark.parametrize("text", [*NUMBERS, *TEXTS])
def test_a_number_is_read_as_somebody_meant_it_or_not_at_all(text: str) -> None:
    meant = {
        "0.5": 0.5,
        "-1": -1,
        "1e9": 10**9,
        "4294967296": 2**32,
        "2147483648": 2**31,
        "0": 0,
        "007": 7,
        "1e-400": 0,
    }
    assert Number(-10, 1e12).read(text) == meant.get(text)


def test_every_link_is_read_without_a_traceback() -> None:
    for number in range(300):
        link_fuzz.read_everywhere(link_fuzz.link(random.Random(f"links {number}")))


def test_every_parameter_that_code_reads_is_in_the_table_that_is_fuzzed() -> None:
    found = {name for text in SOURCE.values() for pattern in READ for name in re.findall(pattern, text)}
    known = {name for names in PAGES.values() for name in names} | NOT_OF_A_PAGE
    assert len(found) > 40 and found <= known, found - known
    assert {ROOT / file for file in PAGES} == {ROOT / "Home.py", *(ROOT / "pages").glob("*.py")}


def test_no_widget_is_bound_to_a_link_without_its_value_being_looked_at() -> None:
    bound = {path.name for path, text in SOURCE.items() if re.search(r'bind="query-params"[,)]', text)}
    assert bound == {"sources.py", "view.py"}  # boxes for text, which take any


def test_what_is_no_parameter_of_a_page_is_named_once_and_taken_out_of_its_address() -> None:
    def unknown() -> None:
        from lib.ui.components.link_values import leave_out_unknown
        from lib.ui.components.pages import PAGES

        leave_out_unknown(PAGES["Chat"])

    page = AppTest.from_function(unknown, default_timeout=30)
    strangers = ("temperature", "<b>", "x" * 60_000, "t", "path")  # the last two are another page's
    page.query_params.update(dict.fromkeys((*strangers, "utm_source", "chat-t", "step"), "1"))
    page.run()
    assert set(page.query_params) == {"chat-t", "step"} and len(page.toast) == 1
    said = page.toast[0].value
    assert "“temperature”" in said and "and 2 more" in said and "utm" not in said and len(said) < 400
    page.run()
    assert not page.toast


def test_a_choice_that_a_link_names_and_a_page_does_not_have_is_not_left_in_the_address() -> None:
    def chooser() -> None:
        import streamlit as st

        from lib.ui.components.linked_text import linked_choice

        st.session_state["missing"] = linked_choice("model", ["a", "b"])
        st.selectbox("M", ["a", "b"], key="model")

    page = AppTest.from_function(chooser, default_timeout=30)
    page.query_params["model"] = "zz"
    page.run()
    assert page.session_state["missing"] == "zz" and "model" not in page.query_params
    page.query_params["model"] = "b"
    page.run()
    assert page.session_state["model"] == "b" and "b" in page.query_params["model"]


def test_every_page_names_its_parameters() -> None:
    assert set(NAMES) == set(pages.PAGES)


def test_every_step_of_the_course_asks_for_parameters_that_its_page_has() -> None:
    assert {(step.key, name) for step in STEPS for name in step.query if name not in NAMES[step.page]} == set()


def test_a_slider_whose_ends_are_the_same_is_a_number() -> None:
    def sliders() -> None:
        import streamlit as st

        from lib.ui.components.number_widgets import whole_slider

        st.session_state["chosen"] = [whole_slider("A", 1, 1, 8, key="a"), whole_slider("B", 1, 9, 12, key="b")]

    page = AppTest.from_function(sliders, default_timeout=30).run()
    assert not page.exception and page.session_state["chosen"] == [1, 9]
    assert page.caption[0].value == "A: 1" and len(page.slider) == 1
