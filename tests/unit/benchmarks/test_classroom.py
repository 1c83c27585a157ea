"""A student of the class benchmark before a tiny Streamlit script: what it sees and what it asks for."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest

from benchmarks.chromium import serve
from benchmarks.classroom.figures import percentile
from benchmarks.classroom.processes import shares
from benchmarks.classroom.signs import COLUMNS, REPLY, Watch
from benchmarks.classroom.student import Student

SCRIPT = """
import streamlit as st

state = st.session_state
state["runs"] = state.get("runs", 0) + 1
st.markdown(f"run {state['runs']} of the page")
pressed = st.button("Press")
st.caption(f"pressed: {pressed}")
words = st.text_area("Prompt", "nothing")
st.markdown(f"words: {words}")
if st.button("Break"):
    raise ValueError("broken on purpose")
if st.button("Refuse"):
    st.error("refused on purpose")
if st.button("Begin"):
    state["ticks"] = 0

@st.fragment(run_every=0.05 if "ticks" in state and state["ticks"] < 3 else None)
def clock():
    if "ticks" in state:
        state["ticks"] += 1
        st.markdown(f"ticks: {state['ticks']}" + (" ▌" if state["ticks"] < 4 else ", reached the maximum length"))
        if state["ticks"] == 4:
            st.rerun()

@st.fragment
def part():
    state["parts"] = state.get("parts", 0) + 1
    st.button("In the part")
    st.markdown(f"run {state['parts']} of the part")

clock()
part()
if question := st.chat_input("Say something"):
    st.markdown(f"asked: {question}")
st.html("<!-- " + "a large message that comes once " * 1000 + "-->")
"""
OTHER = 'import streamlit as st\nst.markdown("another page")\n'


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A tiny app of two pages."""
    folder = tmp_path_factory.mktemp("tiny-app")
    (folder / "pages").mkdir()
    (folder / "app.py").write_text(SCRIPT)
    (folder / "pages" / "1_Other.py").write_text(OTHER)
    with serve(folder / "app.py") as server:
        yield server.url


def go(url: str, action: Callable[[Student], Awaitable[None]]) -> Student:
    """One student does something in a fresh tab."""
    student = Student(url, 1)

    async def visit() -> None:
        await student.open()
        await action(student)
        await student.close()

    asyncio.run(visit())
    return student


def shown(student: Student) -> list[str]:
    """The texts on the page."""
    return [one.text for one in student.session.screen.all("markdown")]


def test_a_button_is_a_trigger(url: str) -> None:
    async def action(student: Student) -> None:
        await student.press("Press")
        assert "pressed: True" in shown(student)
        await student.type("Prompt", "again")
        assert "pressed: False" in shown(student)  # it was sent once
        assert "run 3 of the page" in shown(student)

    assert not go(url, action).errors


def test_what_was_typed_stays_and_comes_back(url: str) -> None:
    async def action(student: Student) -> None:
        await student.type("Prompt", student.mine("hello"))
        await student.press("Press")
        assert f"words: hello {student.badge}" in shown(student)

    student = go(url, action)
    assert student.counts["echoes"] >= 2
    assert not student.errors


def test_an_exception_and_an_error_are_seen_once_each(url: str) -> None:
    async def action(student: Student) -> None:
        await student.press("Refuse")
        await student.press("Break")  # ends the page there
        assert "run 3 of the page" in shown(student)
        assert not list(student.session.screen.all("chat_input"))

    refused, broken = go(url, action).errors
    assert refused == "alert: refused on purpose"
    assert broken.startswith("ValueError: broken on purpose")
    assert "app.py" in broken


def test_a_text_of_another_student_is_an_error(url: str) -> None:
    other = Student(url, 2).badge

    async def action(student: Student) -> None:
        student.others = frozenset({other})
        await student.reload()  # it is told to a session when that begins
        await student.type("Prompt", "badge-000000, which nobody has")
        assert not student.errors
        await student.type("Prompt", f"from {other}")

    assert "another session" in go(url, action).errors[0]


def test_a_fragment_ticks_until_it_is_over(url: str) -> None:
    async def action(student: Student) -> None:
        watch = student.expect(COLUMNS, 1)
        await student.press("Begin")
        await student.read(watch, "the end")
        assert watch.first <= watch.last
        await student.session.quiet()
        assert not student.session.timers
        assert any(one.startswith("ticks:") and one.endswith("reached the maximum length") for one in shown(student))

    student = go(url, action)
    assert student.counts["ticks"] >= 3
    assert not student.errors


def test_a_widget_in_a_fragment_runs_the_fragment_alone(url: str) -> None:
    async def action(student: Student) -> None:
        await student.press("In the part")
        assert {"run 1 of the page", "run 2 of the part"} <= set(shown(student))

    assert not go(url, action).errors


def test_a_question_and_another_page(url: str) -> None:
    async def action(student: Student) -> None:
        await student.ask("why?")
        assert "asked: why?" in shown(student)
        await student.visit("Other")
        assert shown(student) == ["another page"]
        await student.visit("")
        assert "words: nothing" in shown(student)

    assert not go(url, action).errors


def test_a_reload_is_a_new_session(url: str) -> None:
    async def action(student: Student) -> None:
        await student.press("Press")
        await student.reload()
        assert "run 1 of the page" in shown(student)

    assert not go(url, action).errors


def test_large_messages_come_once(url: str) -> None:
    async def action(student: Student) -> None:
        large = next(one.text for one in student.session.screen.all("html"))
        await student.press("Press")
        assert [one.text for one in student.session.screen.all("html")] == [large]
        assert student.session.kept == 1

    assert not go(url, action).errors


def test_a_watch_knows_the_first_word_and_the_last() -> None:
    watch = Watch(REPLY, 2)
    watch.look("old", "markdown", b"3 tokens \xc2\xb7 first token after 0.1 s", 1.0)
    watch.look("new", "markdown", "The ▌".encode(), 2.0)
    watch.look("new", "button", b"first token after 0.1 s", 3.0)  # no text
    assert not watch.over
    watch.look("line", "markdown", b"9 tokens \xc2\xb7 first token after 0.2 s", 4.0)
    assert watch.over
    assert watch.last == 4.0
    assert watch.began["new"] == 2.0


def test_percentiles_are_values_that_occurred() -> None:
    assert [percentile(range(1, 101), share) for share in (0.5, 0.95, 1)] == [50, 95, 100]


def test_who_holds_the_interpreter_lock_is_counted_by_function() -> None:
    stacks = "main (a.py:1);loop (b.py:2) 30\nmain (a.py:1);loop (b.py:9) 20\nmain (a.py:3) 10\n"
    assert shares(stacks, samples=100, top=1) == {"anyone": 60.0, "loop (b.py)": 50.0}
