"""What a browser gives back of a learner's progress is checked at the border."""

import json

import pytest

from lib.course.progress import MAX_ANSWERS, MAX_TEXT, Answer, Progress, read, to_text

ANSWER = Answer("How many?", "One", "Two", "Because.", "Tokenizers")


def test_progress_comes_back_as_it_was() -> None:
    progress = Progress({"roads", "bpe"}, {"course-bpe": ANSWER, "predict-digits": ANSWER}, short=True)
    assert read(to_text(progress)) == progress
    assert to_text(Progress()) == "" and read("") == Progress()
    assert not ANSWER.correct and Answer("q", "One", "One", "", "").correct


@pytest.mark.parametrize(
    "text",
    [None, 7, "{", "[]", "null", '{"version": 2}', '{"version": 1, "done": {}, "answers": []}', "[" * 100_000,
     '{"version": 1, "done": ["<img>", null, 3, "' + "x" * 500 + '"]}'],
)  # fmt: skip
def test_nonsense_is_no_progress(text: object) -> None:
    assert read(text) == Progress()


@pytest.mark.parametrize("name", ["question", "chosen", "right", "why", "page"])
@pytest.mark.parametrize("value", [None, 3, ["x"], "x" * (MAX_TEXT + 1)])
def test_an_answer_of_the_wrong_form_is_left_out_and_the_others_stay(name: str, value: object) -> None:
    data = json.loads(to_text(Progress(answers={"good": ANSWER, "bad": ANSWER})))
    data["answers"]["bad"][name] = value
    assert read(json.dumps(data)).answers == {"good": ANSWER}


def test_there_are_never_more_answers_than_the_bound() -> None:
    progress = Progress()
    for number in range(MAX_ANSWERS + 5):
        progress.add(f"q{number}", ANSWER)
    assert len(progress.answers) == MAX_ANSWERS and "q0" not in progress.answers


def test_half_characters_do_no_harm() -> None:
    data = json.loads(to_text(Progress(answers={"q": ANSWER})))
    data["answers"]["q"]["chosen"] = "\ud800"
    assert read(json.dumps(data)).answers["q"].chosen == "?"
