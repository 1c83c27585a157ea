"""The completion page with tiny real models: the grid writes, presets fill, awkward prompts are explained."""

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from lib import models
from lib.generation.background_text import BackgroundText
from lib.training.world import generate
from lib.ui import cache
from lib.ui.completion import small_world
from lib.ui.completion.choices import PROMPTS
from lib.ui.completion.questions import QUESTION, raw_answer, says_four
from lib.ui.completion.questions import written as written_raw
from lib.ui.completion.training import recipe, where
from tests.chat_models import make_qwen2
from tests.engines import here

pytestmark = pytest.mark.usefixtures("run_by_run")

PAGE = str(Path(__file__).parents[2] / "pages" / "6_Completion_vs_Chat.py")


@pytest.fixture
def page(tmp_path_factory: pytest.TempPathFactory, tiny_models, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    folder = make_qwen2(tmp_path_factory.mktemp("cvc") / "Little-Qwen", layers=2, context=400)
    gpt2 = make_gpt2(tmp_path_factory.mktemp("cvc") / "Little-GPT2")
    monkeypatch.setenv("PLAYGROUND_MODELS", os.pathsep.join([str(folder), str(gpt2)]))
    test = AppTest.from_file(PAGE, default_timeout=60)
    test.query_params.update({"base": "little-gpt2", "instruct": "little-qwen", "cvc-n": "6"})
    yield ok(test.run())
    st.cache_resource.clear()


def make_gpt2(folder: Path) -> Path:
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

    from tests.tiny import VOCAB, byte_tokenizer

    torch.manual_seed(0)
    GPT2LMHeadModel(
        GPT2Config(vocab_size=VOCAB, n_positions=400, n_embd=8, n_layer=1, n_head=2, bos_token_id=0, eos_token_id=0)
    ).save_pretrained(folder)
    PreTrainedTokenizerFast(tokenizer_object=byte_tokenizer(), eos_token="<|endoftext|>").save_pretrained(folder)
    return folder


def ok(test: AppTest) -> AppTest:
    assert not test.exception, test.exception
    return test


def click(test: AppTest, label: str, index: int = 0) -> AppTest:
    return ok([b for b in test.button if b.label == label][index].click().run())


def written(test: AppTest) -> dict[str, BackgroundText]:
    """The texts, when all have ended, and the page as it is then."""
    texts: dict[str, BackgroundText] = test.session_state["cvc-results"][1]
    for text in texts.values():
        text.join(30)
        assert not text.running
    ok(test.run())
    return texts


def test_all_four_corners_write(page: AppTest) -> None:
    click(page, "Write all")
    first = written(page)
    assert set(first) == {"base-raw", "base-chat", "instruct-raw", "instruct-chat"}
    assert all(text.steps and text.reason in {"length", "stop"} for text in first.values())
    assert sum("token" in caption.value and "tokens/s" in caption.value for caption in page.caption) == 4
    ids = {key: [s.id for s in text.steps] for key, text in first.items()}
    click(page, "Write all")
    assert {key: [s.id for s in text.steps] for key, text in written(page).items()} == ids  # greedy


def test_a_switch_while_writing_stops_nothing_and_stop_does(page: AppTest) -> None:
    page.number_input(key="cvc-n").set_value(200).run()
    engines = {"little-gpt2", "little-qwen"}
    with ExitStack() as held:
        for name in engines:
            held.enter_context(here(cache.engine(name)).lock)  # nothing is computed while we click
        click(page, "Write all")
        texts = page.session_state["cvc-results"][1]
        ok(page.toggle(key="cvc-ids").set_value(False).run())
        ok(page.toggle(key="cvc-colour").set_value(True).run())
        assert page.session_state["cvc-results"][1] is texts and all(text.running for text in texts.values())
        assert not page.button(key="cvc-stop").disabled
        click(page, "Stop")
    assert {text.state for text in written(page).values()} == {"stopped"} and page.button(key="cvc-stop").disabled


def test_examples_write_at_once_and_the_prefill_goes_to_all(page: AppTest) -> None:
    ok(page.menu_button(key="prompt-example").set_value("Once upon a time").run())
    assert page.text_area(key="prompt").value == "Once upon a time" and len(written(page)) == 4
    page.text_input(key="cvc-prefill").set_value("there was").run()
    assert any("Something was changed" in caption.value for caption in page.caption)
    click(page, "Write all")
    page.session_state["cvc-tab"] = "What tuning adds"
    ok(page.run())
    for index in range(4):
        click(page, "Try it", index)
    assert str(page.text_input(key="cvc-system").value).startswith("You are a pirate")


def test_one_model_for_both_is_said_and_shown_once(page: AppTest) -> None:
    page.selectbox(key="base").set_value("little-qwen")
    ok(page.run())
    assert any("the same weights, another text" in caption.value for caption in page.caption)
    assert any("tuned on chats, so it is no base model" in str(caption.help) for caption in page.caption)
    click(page, "Write all")
    assert set(written(page)) == {"instruct-raw", "instruct-chat"}


@pytest.mark.parametrize(("prompt", "errors"), [("<|im_end|>", 0), ("$x$ <b>", 0), ("🚀" * 30, 0), ("x" * 2000, 4)])
def test_awkward_prompts(page: AppTest, prompt: str, errors: int) -> None:
    ok(page.text_area(key="prompt").set_value(prompt).run())
    click(page, "Write all")
    written(page)
    assert ["no room" in error.value for error in page.error] == [True] * errors


@pytest.mark.parametrize("prompt", ["", "   "])
def test_without_a_prompt_nothing_is_written(page: AppTest, prompt: str) -> None:
    ok(page.text_area(key="prompt").set_value(prompt).run())
    assert any("Write a prompt first" in info.value for info in page.info)


def test_an_old_link_brings_its_prompt(page: AppTest) -> None:
    page.query_params["cvc-prompt"] = "What is an owl?"
    ok(page.run())
    assert page.text_area(key="prompt").value == "What is an owl?"
    assert page.query_params["prompt"] == "What is an owl?" and "cvc-prompt" not in page.query_params


def test_a_model_chosen_elsewhere_plays_its_part_here_until_another_is_chosen(page: AppTest) -> None:
    page.query_params.pop("base")
    page.selectbox(key="base").set_value("little-qwen").run()
    assert page.selectbox(key="base").value == "little-qwen"
    page.session_state["chosen-model"] = "little-gpt2"  # as the picker of another page leaves it
    ok(page.run())
    assert (page.selectbox(key="base").value, page.selectbox(key="instruct").value) == ("little-gpt2", "little-qwen")
    ok(page.selectbox(key="base").set_value("little-qwen").run())
    assert page.selectbox(key="base").value == "little-qwen"


def test_a_base_model_that_plays_both_parts_is_not_said_to_be_tuned(page: AppTest) -> None:
    ok(page.selectbox(key="instruct").set_value("little-gpt2").run())
    helps = [str(caption.help) for caption in page.caption if "A base model, raw and in a chat" in caption.value]
    assert len(helps) == 1 and "one more text to go on with" in helps[0]


def test_the_lower_half_is_tabs_of_which_one_is_made(page: AppTest) -> None:
    assert any("Pre-training" in m.value for m in page.markdown)
    tabs = {
        "What tuning adds": ("Stays in dialogue", 4),
        "Few-shot and prefill": ("Three examples", 4),
        "Questions": ("Predict, then reveal", 0),
        "In short": ("Takeaways", 0),
    }
    for tab, (said, buttons) in tabs.items():
        page.session_state["cvc-tab"] = tab
        ok(page.run())
        assert any(said in m.value for m in page.markdown), tab
        assert len([b for b in page.button if b.label == "Try it"]) == buttons


def test_the_answers_are_what_the_model_writes(page: AppTest) -> None:
    page.session_state["cvc-tab"] = "Questions"
    ok(page.run())
    for radio in list(page.radio):
        ok(page.radio(key=str(radio.key)).set_value(radio.options[0]).run())
        ok(page.button(key=str(radio.key).removesuffix("choice") + "reveal").click().run())
    base = cache.engine("little-gpt2")
    right, why = raw_answer(base, "base")
    text, ended = written_raw(base, QUESTION)
    assert right == (2 if ended and not text.strip() else 0 if says_four(text) else 1)
    told = [one.value for one in (*page.success, *page.warning)]
    assert len(told) == 2 and any(why in one for one in told)


def test_every_model_of_the_catalog_has_its_way_through_training() -> None:
    for spec in (*models.CATALOG.values(), *map(models.spec, models.SHIPPED)):
        found = recipe(spec.id)
        assert found is not None and (found.stages == 1) == (spec.role == "base"), spec.id
    assert recipe("a-model-of-mine") is None
    assert "nats a token" in where(models.BASE) and "sums in its data right" in where(models.CHAT)
    assert recipe("trained-0123abcd-finetune-00250") is not None


@pytest.fixture
def tiny_pair(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[AppTest]:
    """The page on a machine that has what ships with the app and nothing else."""
    for name in ("PLAYGROUND_HOME", "HF_HUB_CACHE"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.delenv("PLAYGROUND_MODELS", raising=False)
    yield AppTest.from_file(PAGE, default_timeout=60)
    st.cache_resource.clear()


def captions(test: AppTest) -> str:
    return "\n".join(caption.value for caption in test.caption)


def test_the_page_opens_with_one_model_before_and_after_fine_tuning(tiny_pair: AppTest) -> None:
    page = ok(tiny_pair.run())
    assert (page.selectbox(key="base").value, page.selectbox(key="instruct").value) == (models.BASE, models.CHAT)
    assert "before and after fine-tuning" in captions(page) and "Training?" in captions(page)
    click(page, "Write all")
    texts = written(page)
    assert set(texts) == {"base-raw", "base-chat", "instruct-raw", "instruct-chat"}
    shown = {code.value for code in page.code}
    assert any("2 + 2 = 4" in text for text in shown)
    assert "ended its turn with" in captions(page) and "ended its text with" in captions(page)
    assert all(button.key != "cvc-pair" for button in page.button)  # SmolLM2 is not here


def test_words_that_the_tiny_pair_never_read_are_said(tiny_pair: AppTest) -> None:
    page = ok(tiny_pair.run())
    ok(page.text_area(key="prompt").set_value("Does the dragon live near 77 $x$?").run())
    assert "never read “dragon”, “77”, “x”" in captions(page)
    ok(page.text_area(key="prompt").set_value("Tell me a story about Nora.").run())
    assert "Playground\\-Base never read “Tell”, “me”, “story”" in captions(page)
    ok(page.text_area(key="prompt").set_value("Tell me about dragons.").run())
    assert "Playground\\-Base and Playground\\-Chat never read “dragons”" in captions(page)
    page.session_state["cvc-tab"] = "Few-shot and prefill"
    ok(page.run())
    beyond = [button for button in page.button if button.label == "Try it with SmolLM2"]
    assert len(beyond) == 2 and all(button.disabled for button in beyond)


def test_the_questions_about_the_tiny_base_model_are_answered_by_it(tiny_pair: AppTest) -> None:
    tiny_pair.session_state["cvc-tab"] = "Questions"
    page = ok(tiny_pair.run())
    raw, unseen = list(page.radio)
    ok(page.radio(key=str(raw.key)).set_value(raw.options[1]).run())
    ok(page.button(key=str(raw.key).removesuffix("choice") + "reveal").click().run())
    assert len(page.success) == 1 and "goes on with a document" in page.success[0].value
    assert "3 + 10" in "".join(one.value for one in page.markdown)
    ok(page.radio(key=str(unseen.key)).set_value("Yes").run())
    ok(page.button(key=str(unseen.key).removesuffix("choice") + "reveal").click().run())
    told = [one.value for one in (*page.success, *page.warning)][1]
    assert ("3 + 10 = 13" in told.replace("\\", "") or "13" in told) == ("Yes: “Yes”" in told or "is “Yes”" in told)


def test_one_click_leads_to_smollm2_twice_and_back(embedded: str) -> None:
    page = ok(AppTest.from_file(PAGE, default_timeout=60).run())
    ok(page.button(key="cvc-pair").click().run())
    assert page.selectbox(key="base").value == page.selectbox(key="instruct").value == embedded
    assert set(written(page)) == {"instruct-raw", "instruct-chat"}
    assert "An instruct model, raw and in its template" in captions(page)
    ok(page.button(key="cvc-pair").click().run())
    assert (page.selectbox(key="base").value, page.selectbox(key="instruct").value) == (models.BASE, models.CHAT)
    written(page)


def test_no_prompt_of_the_examples_is_outside_the_world_of_the_chat_model() -> None:
    assert "nora" in small_world.words("base") and small_world.count() > 100
    more = {
        word for document in generate(seed=7, documents=5_000) for word in re.findall(r"[a-z]+", document.text.lower())
    }
    assert more <= small_world.words("base")
    assert not any(small_world.strangers(prompt, "instruct") for prompt in PROMPTS)
