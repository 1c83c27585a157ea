"""The course's data: minutes, links, objectives; its document; and its answers, computed by the embedded model."""

from pathlib import Path

import pytest

from lib import models
from lib.course import teaching
from lib.course.glossary import GLOSSARY
from lib.course.steps import MINUTES, OBJECTIVES, STEPS, Step, course_steps
from lib.text_format import size
from lib.tokenization import load
from lib.ui.components.pages import PAGES
from lib.ui.course.answers import ANSWERS, Asked

ROOT = Path(__file__).resolve().parents[3]
TEACHING = ROOT / "docs" / "TEACHING.md"


def test_the_course_takes_90_minutes_and_the_short_one_45() -> None:
    assert MINUTES == {"whole": 90, "short": 45}


@pytest.mark.parametrize("short", [True, False])
def test_every_objective_has_a_step_in_both_courses(short: bool) -> None:
    assert {step.objective for step in course_steps(short=short)} == set(OBJECTIVES)


def test_steps_are_in_the_order_of_the_pages_and_open_pages_that_exist() -> None:
    pages = list(PAGES)
    places = [pages.index(step.page) for step in STEPS]
    assert places == sorted(places)
    assert all((ROOT / PAGES[step.page].file).is_file() for step in STEPS)


def test_keys_are_unique_and_every_step_has_a_computed_answer() -> None:
    assert len({step.key for step in STEPS}) == len(STEPS)
    assert list(ANSWERS) == [step.key for step in STEPS]
    assert all(0 <= step.right < len(step.options) for step in STEPS)
    assert all(not step.text or step.text in step.query for step in STEPS)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.key)
def test_the_right_option_is_what_the_embedded_model_computes(
    step: Step, embedded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLAYGROUND_ENGINE", "inside")
    right, found = ANSWERS[step.key](Asked(embedded, step.query.get(step.text or "prompt", "")))
    assert right == step.right, found
    assert found and found[-1] in ".?"


@pytest.mark.parametrize("text", ["", "   ", "<b>$x$</b>", "a" * 5000, "🚀\u200d"])
@pytest.mark.parametrize("key", ["roads", "temperature", "template"])
def test_any_text_has_an_answer(key: str, text: str, embedded: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYGROUND_ENGINE", "inside")
    step = next(step for step in STEPS if step.key == key)
    right, found = ANSWERS[key](Asked(embedded, text))
    assert 0 <= right < len(step.options) and "<b>" not in found.replace("\\<b\\>", "")


def test_what_the_steps_say_of_tokenizers_is_so() -> None:
    old, new = load("gpt2"), load("cl100k_base")
    assert 1.9 < new.vocab_size / old.vocab_size < 2.1
    runs = [new.ids(" " * count + "x")[0] for count in range(2, 9)]
    assert len(set(runs)) == 7 and len(old.ids(" " * 8 + "x")) == 8  # a token for each run; GPT-2 takes them singly


def test_the_teachers_document_is_what_the_data_says() -> None:
    document = TEACHING.read_text(encoding="utf-8")
    assert teaching.written(document) == document, "python -m lib.course writes it anew"
    assert all(f"<!-- {part} -->" in document for part in teaching.PARTS)


def test_the_sizes_in_the_teachers_document_are_the_catalogs() -> None:
    document = TEACHING.read_text(encoding="utf-8")
    for name in ("gpt2", "qwen1.5-1.8b-chat", "qwen2.5-0.5b-instruct"):
        assert f"`{name}` ({size(models.CATALOG[name].download_bytes)}" in document


def test_pages_of_the_glossary_and_anchors() -> None:
    anchors = [entry.anchor for entry in GLOSSARY.values()]
    assert len(set(anchors)) == len(anchors)
