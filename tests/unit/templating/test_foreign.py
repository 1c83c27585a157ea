"""Templates that came with a model: every way to fail is a sentence, and nothing computes without end."""

import random
import time

import pytest

from benchmarks.faults import chat_templates, chat_texts
from benchmarks.faults.chat_templates import GOOD, HELLO
from lib import tokenization
from lib.bounded_process import Bounded, Limits, TooMuchError
from lib.chat import OTHERS, TEMPLATES, ChatTemplate, Messages, TemplateError, programs, render
from lib.chat.provenance import Traced, trace
from lib.chat.segments import segments_of
from lib.errors import PlaygroundError
from lib.templating import foreign

VARIABLES = {"add_generation_prompt": True, "bos_token": "<s>", "eos_token": "</s>"}
ENDLESS = ("A double loop without end", "A number of 477 million digits")  # two seconds each; one of them is below
BAD = {name: case for name, case in chat_templates.BAD.items() if name not in ENDLESS}


def test_a_foreign_template_writes_what_the_same_template_writes_at_once() -> None:
    for template in (*TEMPLATES.values(), *OTHERS.values()):
        for stand_ins in ({}, {"<|im_end|>": "\U00100000", "<s>": "\U00100001"}):
            here = programs.program(template.source, stand_ins)(HELLO, VARIABLES)
            there = foreign.render(template.source, HELLO, VARIABLES, stand_ins)
            assert here == there and "Hi there" in there
        assert programs.looked_for(template.source) == foreign.looked_for(template.source)


def test_only_templates_of_our_own_run_beside_the_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(foreign, "render", lambda source, *_: asked.append(source) or "")
    programs.program(TEMPLATES["qwen2"].source)(HELLO, VARIABLES)
    assert not asked
    programs.program(TEMPLATES["qwen2"].source + " ")(HELLO, VARIABLES)
    assert asked == [TEMPLATES["qwen2"].source + " "]


@pytest.mark.parametrize("name", BAD)
def test_every_way_to_fail_is_a_sentence(name: str) -> None:
    source, words = BAD[name]
    with pytest.raises(TemplateError, match=words):
        render(HELLO, template=source, tokenizer=tokenization.load("qwen"))
    assert foreign.render(GOOD, HELLO, {}, {}) == "<|im_start|>user\nHi there<|im_end|>\n"


def test_an_endless_template_is_stopped_once_for_all_and_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    source = chat_templates.BAD[ENDLESS[0]][0]
    monkeypatch.setattr(foreign, "_stopped", type(foreign._stopped)())
    with pytest.raises(foreign.StoppedError, match=r"computed for more than 2|had not finished"):
        foreign.render(source, HELLO, {}, {})
    with monkeypatch.context() as patch, pytest.raises(foreign.StoppedError, match="tried again after a minute"):
        patch.setattr(foreign, "PROCESS", None)  # nobody is asked
        foreign.render(source, [{"role": "user", "content": "another"}], {}, {})
    assert foreign.render(GOOD, HELLO, {}, {})


def test_hostile_templates_give_a_sentence_or_a_text_without_a_smuggled_token() -> None:
    for number in range(100):
        chat_templates.check_template(chat_templates.foreign_template(random.Random(f"test {number}")))


def test_typed_texts_come_back_and_smuggle_no_control_token() -> None:
    for number in range(25):
        chat_texts.check_typed(chat_texts.typed(random.Random(f"test {number}")))


def test_many_control_tokens_between_characters_take_no_square_of_their_number() -> None:
    """Each of 9,000 characters between two control tokens: 81 million comparisons if each were looked for in all."""
    source = "{% for c in messages[0].content %}<|im_start|>{{ c }}<|im_end|>{% endfor %}"
    template, messages = ChatTemplate("own", "own", source, ""), [{"role": "user", "content": "abc" * 3000}]

    def traced(conversation: Messages, _: bool) -> Traced:
        return trace(template, conversation, {}, ("<|im_start|>", "<|im_end|>"))

    whole = traced(messages, False)
    began = time.process_time()
    pieces, _ = segments_of(messages, whole, traced, generation=False)
    assert sum(piece.kind == "content" for piece in pieces) == 9_000
    assert time.process_time() - began < 5


def test_strings_that_can_be_cut_in_many_ways_are_matched_in_one() -> None:
    """`a` and `aa` are looked for, so they stay visible, and the stretch between the two b has 2^60 ways to be cut."""
    source = "{% set c = messages[0].content %}{% if 'aa' in c or 'a' in c %}{{ c ~ '-' ~ c }}{% endif %}"
    text = "b" + "a" * 60
    began = time.process_time()
    rendered = render([{"role": "user", "content": text}], template=source, tokenizer=tokenization.load("qwen"))
    assert rendered.text == f"{text}-{text}"
    assert time.process_time() - began < 5


def test_a_process_that_answers_too_much_or_not_at_all_is_ended_and_started_again() -> None:
    small = Bounded("lib.templating.process", Limits(2, 20.0, 300, 2_000, 60.0))
    question = {"source": "{{ messages[0].content * 99 }}", "messages": HELLO, "variables": {}, "marks": {}}
    try:
        assert small.ask({**question, "source": "{{ 1 }}"}) == "1"
        with pytest.raises(TooMuchError, match="output"):
            small.ask({**question, "source": "{{ 'x' * 9999 }}"})
        first = small._process
        assert first is not None
        first.kill()
        first.wait()
        assert small.ask({**question, "source": "{{ 2 }}"}) == "2" and small._process is not first
        with pytest.raises(PlaygroundError, match="does not accept"):
            small.ask({**question, "source": "{{ 1 / 0 }}"})
    finally:
        small.end()


def test_without_limits_of_the_system_the_clock_ends_it() -> None:
    """As on Windows: a second of the clock, and none of the processor's."""
    slow = Bounded("lib.templating.process", Limits(600, 1.0, 300, 2_000, 60.0))
    loop = chat_templates.BAD[ENDLESS[0]][0]
    try:
        with pytest.raises(TooMuchError, match="clock"):
            slow.ask({"source": loop, "messages": HELLO, "variables": {}, "marks": {}})
    finally:
        slow.end()


def test_an_idle_process_ends_by_itself_and_the_next_question_starts_another() -> None:
    brief = Bounded("lib.templating.process", Limits(2, 20.0, 300, 2_000, 0.2))
    question = {"source": "{{ 1 }}", "messages": HELLO, "variables": {}, "marks": {}}
    try:
        assert brief.ask(question) == "1"
        first = brief._process
        assert first is not None and first.wait(timeout=20) == 0
        assert brief.ask(question) == "1"
    finally:
        brief.end()
