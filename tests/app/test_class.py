"""The Class page as a teacher and as students: one session each, over the same rooms."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from lib.classroom.rooms import Rooms
from lib.ui.classroom import seat as seats
from lib.ui.classroom import store, student
from lib.ui.classroom.ask import token_question
from tests.unit.classroom.test_border import SHORT

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "pages" / "8_Class.py"
SENT = [name for name in SHORT if "\ud800" not in name]  # no browser sends half a character
NAMES = (*SENT, *(f"[x](javascript:{number})" for number in range(6)), *(f"student {number}" for number in range(30)))[
    :30
]
BARE = re.compile(r"(?<!\\)[<*$\[]|(?<!\\):red")  # what Markdown would take for more than text


@pytest.fixture(autouse=True)
def rooms(tiny_models, monkeypatch) -> Iterator[Rooms]:
    """Fresh rooms, the tiny GPT-2, and a browser that sends the points that a test has put down."""
    monkeypatch.setenv("PLAYGROUND_MODELS", str(tiny_models["gpt2"]))
    st.cache_resource.clear()
    st.cache_data.clear()
    card = student.answer_card
    monkeypatch.setattr(
        student, "answer_card", lambda *given: (card(*given), st.session_state.pop("browser-sends", None))[1]
    )
    yield store.rooms()
    st.cache_resource.clear()


def visit(code: str = "") -> AppTest:
    """A session that opens the page; its browser kept nothing."""
    app = AppTest.from_file(str(PAGE), default_timeout=60)
    app.session_state["class-asked"] = True
    app.query_params["model"] = "tiny-gpt2"
    if code:
        app.query_params["room"] = code
    return quiet(app.run())


def quiet(app: AppTest) -> AppTest:
    assert not app.exception, app.exception
    return app


def teacher() -> tuple[AppTest, str]:
    app = visit()
    quiet(app.button(key="class-open-button").click().run())
    return app, app.session_state["class-seat"].code


def joined(code: str, name: str) -> AppTest:
    app = visit(code)
    app.text_input(key="class-name").set_value(name)
    return quiet(app.button(key="class-join-button").click().run())


def press(app: AppTest, key: str) -> AppTest:
    return quiet(app.button(key=key).click().run())


def send(app: AppTest, points: Any, serial: int) -> AppTest:
    app.session_state["browser-sends"] = {"serial": serial, "points": points}
    return quiet(app.run())


def given(app: AppTest, key: str) -> dict[str, Any]:
    """What the component `key` was given to draw."""
    for element in app.get("bidi_component"):
        if key in element.proto.id:
            return dict(json.loads(element.proto.json or element.proto.mixed.json)[0])
    raise AssertionError(f"no component {key}")


def said(app: AppTest) -> str:
    kinds = ("error", "warning", "info", "markdown", "caption")
    return " ".join(box.value for kind in kinds for box in getattr(app, kind)).replace("\\", "")


def test_thirty_hostile_students_in_one_room_and_another_room_beside_it(rooms) -> None:
    head, code = teacher()
    press(head, "class-ask")
    other_head, other = teacher()
    press(other_head, "class-ask")
    class_of_thirty = [joined(code, name) for name in NAMES]
    beside = [joined(other, f"beside {number}") for number in range(2)]
    question = rooms.look(code).questions[0]
    count = len(question.options)
    for place, app in enumerate(class_of_thirty):
        assert given(app, "class-answer")["options"] == list(question.options)
        send(app, [1 + place, *[10] * (count - 2), 99 - place - 10 * (count - 2)], 1)
    for app in beside:
        send(app, [96, 1, 1, 1, 1], 1)
        assert not BARE.search(app.markdown[0].value.removeprefix("**").removesuffix("**"))
    head.run()
    people = given(head, "class-people")
    assert len({one["name"] for one in people["people"]}) == 30
    assert people["line"] == "30 of 30 have answered" and all(one["done"] for one in people["people"])
    press(head, "class-reveal")

    bars = given(head, "class-teacher-bars")
    crowd, model = bars["series"]
    assert crowd["values"][0] == pytest.approx(sum(range(1, 31)) / 3000)
    assert sorted(crowd["ticks"][0]) == list(range(1, 31)) and crowd["ticks"][1] == [10] * 30
    assert model["values"] == pytest.approx(question.model) and sum(model["values"]) == pytest.approx(1)
    assert bars["answer"] == question.answer

    seen = given(quiet(class_of_thirty[7].run()), "class-student-bars")
    assert seen["series"][0]["values"][0] == pytest.approx(0.08)
    assert [series["values"] for series in seen["series"][1:]] == [crowd["values"], model["values"]]
    assert {points[0] for points in rooms.look(other).given(rooms.look(other).questions[0]).values()} == {96}
    assert "beside" not in json.dumps(given(quiet(head.run()), "class-answers"))


def test_nothing_of_the_answer_reaches_a_student_before_the_reveal() -> None:
    head, code = teacher()
    press(head, "class-ask")
    app = joined(code, "Ana")
    drawn = json.dumps([element.proto.json or element.proto.mixed.json for element in app.get("bidi_component")])
    assert "␣" in drawn or "options" in drawn
    card = given(app, "class-answer")
    assert set(card) == {"serial", "kind", "text", "options", "points"}
    assert '"model' not in drawn and '"answer' not in drawn


def test_a_hostile_answer_is_said_and_counts_nothing(rooms) -> None:
    head, code = teacher()
    press(head, "class-ask")
    app = joined(code, "Ana")
    for sent in (None, [50, 50], "60", {"0": 100}, [0, 0, 0, 0, 100], [100] * 5, [20.0] * 5, ["<b>"] * 5):
        assert "points" in send(app, sent, 1).error[0].value
    assert "too late" in send(app, [20] * 5, 7).error[0].value
    assert not rooms.look(code).answers


def test_a_student_cannot_act_as_the_teacher(rooms) -> None:
    head, code = teacher()
    press(head, "class-ask")
    app = joined(code, "Eve")
    assert {button.key for button in app.button} & {"class-reveal", "class-ask", "class-close", "class-push"} == set()
    mine = app.session_state["class-seat"]
    for secret in (mine.secret, "guess"):
        app.session_state["class-seat"] = type(mine)(code, secret, teacher=True)
        app.run()
        assert not app.exception and "not the teacher" in said(app)
    assert rooms.look(code).open is not None
    assert head.session_state["class-seat"].secret not in "".join(str(value) for value in app.query_params.values())


def test_two_sessions_of_one_nickname_are_two_students(rooms) -> None:
    _, code = teacher()
    first, second = joined(code, "Ana"), joined(code, "Ana")
    assert first.session_state["class-seat"].number != second.session_state["class-seat"].number
    assert "Ana (2)" in said(second)


def test_a_wrong_code_is_said_and_many_of_them_are_enough(monkeypatch) -> None:
    monkeypatch.setattr("lib.ui.classroom.seat._WRONG_SECONDS", 0)
    app = visit()
    for _ in range(11):
        app.text_input(key="class-code").set_value("K7Q-M2F-XDB")
        app.text_input(key="class-name").set_value("Ana")
        press(app, "class-join-button")
    assert "too many" in said(app).lower()
    app.text_input(key="class-code").set_value("<b>").run()
    assert not app.exception


def test_a_closed_room_is_said_on_every_screen() -> None:
    head, code = teacher()
    app = joined(code, "Ana")
    head.checkbox(key="class-close-sure").check().run()
    press(head, "class-close")
    assert "class-seat" not in head.session_state
    assert "This room is gone" in said(quiet(app.run()))
    assert app.button(key="class-open-button")


@pytest.mark.parametrize("kept", [False, True])
def test_a_restart_loses_a_room_with_a_sentence_or_nothing_with_a_file(kept, tmp_path, monkeypatch) -> None:
    if kept:
        monkeypatch.setenv("PLAYGROUND_CLASS_DB", str(tmp_path / "class.sqlite"))
        st.cache_resource.clear()
    head, code = teacher()
    press(head, "class-ask")
    app = joined(code, "Ana")
    store.rooms.clear()  # what a restart does to the rooms
    if kept:
        send(app, [20] * 5, 1)
        assert given(quiet(head.run()), "class-people")["line"] == "1 of 1 have answered"
    else:
        assert "This room is gone" in said(visit(code))  # who comes with the link, or reconnects
        assert "This room is gone" in said(quiet(app.run())) and "This room is gone" in said(quiet(head.run()))


def test_a_file_that_cannot_be_used_is_a_sentence(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PLAYGROUND_CLASS_DB", str(tmp_path))
    st.cache_resource.clear()
    app = visit()
    press(app, "class-open-button")
    assert "PLAYGROUND_CLASS_DB" in said(app)


def test_a_quiz_question_is_mixed_asked_and_explained(rooms) -> None:
    head, code = teacher()
    head.session_state["class-kind"] = "Quiz"
    press(quiet(head.run()), "class-ask")
    question = rooms.look(code).questions[0]
    app = joined(code, "Ana")
    points = [1] * 4
    points[question.answer] = 97
    send(app, points, 1)
    press(head, "class-reveal")
    assert "2.0 bits better than uniform points" in said(quiet(app.run()))
    assert question.note.split(".")[0][:20] in said(app)


def test_a_question_of_ones_own_that_does_not_work_is_said_and_kept(rooms) -> None:
    head, code = teacher()
    head.session_state["class-kind"] = "Quiz"
    head.session_state["class-quiz"] = "A question of your own"
    head.run()
    head.text_area(key="class-own-text").set_value("<b>1 + 1?</b>\n3\n2").run()
    press(head, "class-ask")
    assert "a * before" in said(head)
    head.text_area(key="class-own-text").set_value("<b>1 + 1?</b>\n3\n* 2").run()
    press(head, "class-ask")
    assert rooms.look(code).open is not None and rooms.look(code).questions[0].text == "<b>1 + 1?</b>"


def test_only_a_page_of_ours_is_opened_on_all_screens(rooms) -> None:
    head, code = teacher()
    head.session_state["class-kind"] = "Open a page"
    head.run()
    head.text_input(key="class-link").set_value("https://evil.example/Next_Token")
    press(head, "class-push")
    assert head.error and rooms.look(code).place is None
    head.text_input(key="class-link").set_value("/Next_Token?prompt=Hi&t=0.5")
    press(head, "class-push")
    assert not head.error and rooms.look(code).place.page == "Next_Token"


def test_who_was_taken_out_is_told(rooms) -> None:
    head, code = teacher()
    app = joined(code, "Ana")
    rooms.remove(code, head.session_state["class-seat"].secret, 1)
    assert "took you out" in said(quiet(app.run()))


@pytest.fixture
def browser_kept(monkeypatch) -> Callable[..., AppTest]:
    """browser_kept(code in the link, student=…, teacher=…) -> a new session whose browser had kept that."""
    monkeypatch.setattr(seats, "_KEY", "test-kept")
    monkeypatch.setattr(seats, "_KEEPER", lambda key, data, on_found_change: data["restore"] and on_found_change())

    def come(code: str, found: Any) -> AppTest:
        app = AppTest.from_file(str(PAGE), default_timeout=60)
        app.query_params["room"] = code
        app.session_state["test-kept"] = {"found": found}
        return quiet(quiet(app.run()).run())

    return come


def test_who_reloads_is_the_same_student_or_the_teacher_again(browser_kept) -> None:
    head, code = teacher()
    secret = joined(code, "Ana").session_state["class-seat"].secret
    again = browser_kept(code, {"student": f"{code} {secret}", "teacher": ""})
    assert "**Ana**" in said(again) and again.session_state["class-seat"].number == 1
    mine = head.session_state["class-seat"].secret
    assert browser_kept(code, {"teacher": f"{code} {mine}"}).button(key="class-ask")


def test_nonsense_from_the_browsers_storage_leads_to_the_door(browser_kept) -> None:
    _, code = teacher()
    student_secret = joined(code, "Ana").session_state["class-seat"].secret
    for found in (None, {"student": 5}, {"student": f"{code} <b>"}, {"teacher": f"{code} {student_secret}"}):
        assert browser_kept(code, found).button(key="class-join-button")


def test_scores_calibration_and_the_leaderboard(rooms) -> None:
    head, code = teacher()
    app = joined(code, "<i>Ana</i>")
    for serial in (1, 2):
        press(head, "class-ask")
        answer = rooms.look(code).questions[-1].answer
        send(app, [60 if place == answer else 10 for place in range(5)], serial)
        press(head, "class-reveal")
    quiet(app.run())
    rows = given(app, "class-my-scores")["rows"]
    assert [row[2:] for row in rows] == [["60", "0.74", "+1.58"]] * 2  # -log2 0.6; log2 5 + log2 0.6
    app.session_state["class-student-tabs"] = "My calibration"
    bins = given(quiet(app.run()), "class-my-calibration")
    assert [series["values"] for series in bins["series"]] == [pytest.approx([0.1, 0.6]), [0, 1]]
    assert "Leaderboard" not in [tab.label for tab in app.tabs]
    head.session_state["class-tabs"] = "Leaderboard"
    head.session_state["class-board-shown"] = True
    quiet(head.run())
    assert given(head, "class-board")["rows"] == [["1", "<i>Ana</i>", "2 of 2", "+3.17", "0.74"]]
    assert "Leaderboard" in [tab.label for tab in quiet(app.run()).tabs]


def test_what_comes_is_drawn_from_the_models_own_distribution() -> None:
    questions = [token_question("tiny-gpt2", "the cat sat") for _ in range(600)]
    shares = dict.fromkeys(questions[0].options, 0.0)
    for question in questions:
        assert question.options[-1] == "all other tokens" and sum(question.model) == pytest.approx(1)
        assert (question.note in question.options[:-1]) == (question.answer < 4)
        shares[question.options[question.answer]] += 1 / len(questions)
    for option, probability in zip(questions[0].options, questions[0].model, strict=True):
        assert abs(shares[option] - probability) < 5 * (probability * (1 - probability) / len(questions)) ** 0.5
    assert len({question.options for question in questions}) == 24  # four of them in every order


def test_a_teacher_shows_the_class_another_page_as_it_is(rooms) -> None:
    head, code = teacher()
    app = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=60)
    app.session_state["class-seat"] = head.session_state["class-seat"]
    app.query_params["model"], app.query_params["prompt"], app.query_params["k"] = "tiny-gpt2", "the dog", "5"
    quiet(app.switch_page("pages/3_Next_Token.py").run())
    press(app, "class-show")
    place = rooms.look(code).place
    assert place.page == "Next_Token"
    assert dict(place.query) == {"t": "1", "k": "5", "prompt": "the dog", "model": "tiny-gpt2"}
