"""Codes, nicknames, links and a teacher's questions, as hostile as they come."""

import math
import unicodedata

import pytest

from lib.classroom.border import (
    ALPHABET,
    CODE,
    NAME,
    ClassroomError,
    checked_code,
    checked_link,
    checked_name,
    grouped,
    new_code,
)
from lib.classroom.questions import Question, checked_quiz
from lib.classroom.quiz import QUIZ

PAGES = ("", "Next_Token", "Decoding")
HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "**bold** :red[x]",
    "$x^2$ [a](javascript:b)",
    "=1+1",
    "@SUM(A1)",
    "a\u202egnp.exe",
    "Z" + "\u0301" * 40,
    "a\x00b\nc\td",
    "\u200b\u200bAna\u200d",
    "'; DROP TABLE entries;--",
    "x" * 5000,
    "{{7*7}}",
    "\ud800lone",
    "｡ﾟ☆＝cmd",
)
SHORT = tuple(text[:NAME] for text in HOSTILE)  # what a room takes


def test_codes_hold_forty_bits_and_more_and_differ() -> None:
    assert CODE * math.log2(len(ALPHABET)) > 40
    assert len({new_code() for _ in range(300)}) == 300
    assert all(checked_code(grouped(code).lower()) == code for code in (new_code() for _ in range(50)))


@pytest.mark.parametrize(
    "text", ["", "K7Q", "K7QM2FXDBB", "K7QM2FXD0", "K7QM2FXDI", "../../etc", "K7QM2FXD\u0130", "x" * 10**6]
)
def test_what_cannot_be_a_code_is_said(text) -> None:
    with pytest.raises(ClassroomError, match="K7Q-M2F-XDB"):
        checked_code(text)


def test_a_nickname_that_is_too_long_is_told_and_not_cut() -> None:
    assert checked_name("  " + "é" * NAME) == "é" * NAME
    for long in ("é" * (NAME + 1), "x" * 5000):
        with pytest.raises(ClassroomError, match=f"at most {NAME} characters"):
            checked_name(long)


@pytest.mark.parametrize("text", SHORT)
def test_a_nickname_is_one_short_visible_line(text) -> None:
    name = checked_name(text)
    assert 0 < len(name) <= NAME
    assert not any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") for char in name)
    assert checked_name(name) == name
    marks = "".join("m" if unicodedata.category(char).startswith("M") else "." for char in name)
    assert "mmm" not in marks


@pytest.mark.parametrize("text", ["", " \n\t", "\u200b\u202e", "\x00", "\u2800", "\u0301"])
def test_a_nickname_of_nothing_is_turned_down(text) -> None:
    with pytest.raises(ClassroomError):
        checked_name(text)


@pytest.mark.parametrize(
    ("text", "page", "query"),
    [
        ("Next_Token?prompt=a%26b&t=0.5", "Next_Token", {"prompt": "a&b", "t": "0.5"}),
        ("/Next_Token", "Next_Token", {}),
        ("/?prompt=Hi", "", {"prompt": "Hi"}),
        ("http://here:8501/Decoding?next-token-tabs=x#there", "Decoding", {"next-token-tabs": "x"}),
        ("https://HERE:8501/app/Decoding?prompt=%3Cscript%3E", "Decoding", {"prompt": "<script>"}),
    ],
)
def test_a_link_of_our_own_is_a_page_and_its_parameters(text, page, query) -> None:
    place = checked_link(text, PAGES, "here:8501")
    assert (place.page, dict(place.query)) == (page, query)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://evil.example/Next_Token",
        "//evil.example/Next_Token",
        "http:Next_Token",
        "javascript:alert(1)//Next_Token",
        "data:text/html,/Next_Token",
        "\\\\evil.example\\Next_Token",
        "http://here:8501@evil.example/Next_Token",
        "/Class?room=K7QM2FXDB",
        "/_stcore/health",
        "/Next_Token?embed=true",
        "/Next_Token?embed_options=dark_theme",
        "/Next_Token?<b>=1",
        "/Next_Token?" + "&".join(f"a{i}=1" for i in range(100)),
        "/Next_Token?prompt=" + "x" * 3_000,
        "/Next_Token?prompt=" + "x" * 100_000,
        "http://[::1/Next_Token",
    ],
)
def test_no_other_link_passes(text) -> None:
    with pytest.raises(ClassroomError):
        checked_link(text, PAGES, "here:8501")


def test_without_a_host_of_our_own_no_absolute_link_passes() -> None:
    with pytest.raises(ClassroomError):
        checked_link("http://localhost/Next_Token", PAGES)


@pytest.mark.parametrize(
    "text", ["", "Only a question", "Q\na\nb", "Q\n*a\n*b", "Q\n*a", "Q\n*a\na", "Q\n*" + "x" * 200 + "\nb", "*\n*\n"]
)
def test_a_teachers_question_that_cannot_be_asked_is_said(text) -> None:
    with pytest.raises(ClassroomError):
        checked_quiz(text)


def test_a_question_with_more_options_than_fit_is_turned_down() -> None:
    with pytest.raises(ClassroomError):
        checked_quiz("Q\n*a\n" + "\n".join("bcdefg"))


@pytest.mark.parametrize("question", QUIZ, ids=lambda question: question.text[:30])
def test_our_quiz_can_be_asked_and_says_why(question: Question) -> None:
    assert question.note and question.answer == 0 and len(set(question.options)) == len(question.options)
