"""The chat and completion pages with tiny real models, without a browser: every state a click can lead to."""

import json
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from lib import chat, engine, models
from lib.engine import Sampling
from lib.errors import PlaygroundError
from lib.tokenization import load
from lib.ui import cache
from lib.ui.chat import browser_storage, reply, xray
from lib.ui.chat import lessons as chat_lessons
from lib.ui.chat.sampling import start_values
from lib.ui.chat.state import Task
from tests.app.messages import press, send, texts
from tests.chat_models import make_qwen2
from tests.engines import here
from tests.remote_server import NAME, Behaviour, serve

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_qwen2(tmp_path_factory.mktemp("chat") / "Little-Qwen", layers=2, context=400)


@pytest.fixture
def chat_page(folder: Path, tiny_models, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    monkeypatch.setenv("PLAYGROUND_MODELS", os.pathsep.join([str(folder), str(tiny_models["gpt2"])]))
    test = AppTest.from_file(str(ROOT / "pages" / "7_Chat.py"), default_timeout=60)
    test.query_params["model"] = "little-qwen"
    test.query_params["chat-t"] = "0"
    test.query_params["chat-n"] = "5"
    yield ok(test.run())
    st.cache_resource.clear()


def ok(test: AppTest) -> AppTest:
    assert not test.exception, test.exception
    return test


def say(test: AppTest, text: str) -> AppTest:
    return ok(test.chat_input[0].set_value(text).run())


def button(test: AppTest, label: str, index: int = -1):
    return [b for b in test.button if b.label == label][index]


def path(test: AppTest) -> list[str]:
    return [m.content for m in test.session_state["chat-workspace"].conversation.path()]


def test_the_prompt_of_a_turn_is_rendered_once(chat_page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    rendered: list[int] = []
    fit = chat.fit
    monkeypatch.setattr(
        chat, "fit", lambda messages, **options: rendered.append(len(messages)) or fit(messages, **options)
    )
    say(chat_page, "Hello")  # for the request, for the X-ray, and again with the finished reply
    assert rendered == [1]
    say(chat_page, "More")
    assert rendered == [1, 3]


def test_a_reply_with_its_measurements(chat_page: AppTest) -> None:
    say(chat_page, "the cat")
    messages = chat_page.session_state["chat-workspace"].conversation.path()
    assert [m.role for m in messages] == ["user", "assistant"]
    stats = messages[1].stats
    assert stats["reply_tokens"] <= 5 and stats["finish"] in {"length", "stop"} and stats["first_token_s"] > 0
    assert stats["prompt_tokens"] > 20 and stats["dtype"] in {"float32", "bfloat16"}
    assert len(messages[1].tokens) == stats["reply_tokens"]
    assert "first token after" in texts(chat_page)[1]
    assert any("The template inserted a system prompt" in caption.value for caption in chat_page.caption)


def test_regenerate_edit_branch_delete_clear(chat_page: AppTest) -> None:
    say(chat_page, "one")
    press(chat_page, "regenerate")
    conversation = chat_page.session_state["chat-workspace"].conversation
    reply = conversation.path()[1]
    assert conversation.place(reply.id) == (2, 2) and reply.stats["seed"] == 1
    press(chat_page, "earlier")
    assert conversation.path()[1].stats["seed"] == 0
    press(chat_page, "edit", 0)
    chat_page.text_area(key=f"edit-text-{conversation.path()[0].id}").set_value("two")
    ok(button(chat_page, "Save").click().run())
    assert path(chat_page)[0] == "two" and len(path(chat_page)) == 2
    say(chat_page, "three")
    press(chat_page, "delete")  # the last message: the reply
    assert path(chat_page)[-1] == "three" and len(path(chat_page)) == 3
    press(chat_page, "answer")
    assert len(path(chat_page)) == 4
    whole = path(chat_page)
    ok(button(chat_page, "Clear").click().run())
    assert path(chat_page) == []
    ok(button(chat_page, "Undo").click().run())
    assert path(chat_page) == whole and not [b for b in chat_page.button if b.label == "Undo"]
    for remove in ("message", "conversation"):
        if remove == "message":  # with what follows
            press(chat_page, "delete", 0)
        else:
            ok(button(chat_page, "New").click().run())
            say(chat_page, "another conversation")
            whole = path(chat_page)
            ok(chat_page.button(key="chat-remove").click().run())
        assert path(chat_page) != whole
        ok(button(chat_page, "Undo").click().run())
        assert path(chat_page) == whole
    press(chat_page, "delete")
    say(chat_page, "more")  # what was written since would be lost by going back
    assert not [b for b in chat_page.button if b.label == "Undo"]


def test_a_reply_goes_on_in_the_next_run_and_ends_before_a_change(
    chat_page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = reply.begin
    space = chat_page.session_state["chat-workspace"]
    chosen = SimpleNamespace(
        template=chat.TEMPLATES["qwen2.5"],
        max_new_tokens=300,
        sampling=Sampling(temperature=0),
        variables={},
        prefill="",
        seed=0,
        model_id="little-qwen",
    )
    loaded = here(cache.engine("little-qwen"))
    question = space.conversation.add("user", "go on and on")
    with loaded.lock:  # as if another click had cut the run short before the first token
        space.writer = reply.begin(space, Task("answer", parent=question.id), loaded, chosen)  # type: ignore[arg-type]
        assert space.conversation.path()[-1] is space.writer.message and not space.writer.over
    ok(chat_page.run())
    answer = space.conversation.path()[-1]
    assert space.writer is None and answer.stats["finish"] in {"length", "stop"} and answer.tokens
    with ExitStack() as held:
        held.enter_context(loaded.lock)
        writer = space.writer = reply.begin(space, Task("answer", parent=question.id), loaded, chosen)  # type: ignore[arg-type]
        monkeypatch.setattr(reply, "begin", lambda *args: [held.close(), begin(*args)][1])  # from here it may compute
        press(chat_page, "regenerate")
    assert writer.over and writer.message.stats["finish"] == "stopped" and space.writer is None
    assert space.conversation.place(space.conversation.path()[-1].id) == (3, 3)


def test_a_cut_reply_goes_on_where_it_was(chat_page: AppTest) -> None:
    say(chat_page, "go")
    message = chat_page.session_state["chat-workspace"].conversation.path()[1]
    assert message.stats["finish"] == "length"
    before, count = message.content, len(message.tokens)
    press(chat_page, "continue")
    after = chat_page.session_state["chat-workspace"].conversation.path()[1]
    assert after.id == message.id and after.content.startswith(before) and len(after.tokens) > count


def test_prefill_system_prompt_and_other_templates(chat_page: AppTest) -> None:
    chat_page.text_input(key="chat-prefill").set_value("Sure, ")
    say(chat_page, "hi")
    assert path(chat_page)[1].startswith("Sure, ")
    toggle = next(t for t in chat_page.toggle if t.label == "My own system prompt")
    ok(toggle.set_value(True).run())
    area = next(t for t in chat_page.text_area if t.label == "System prompt")
    ok(area.set_value("You are a cat.").run())
    assert chat_page.session_state["chat-workspace"].conversation.system == "You are a cat."
    assert not any("put in a system prompt" in caption.value for caption in chat_page.caption)
    for name in ("plain", "qwen3", "smollm2"):
        ok(chat_page.selectbox(key="chat-template").set_value(name).run())


def test_views_literal_and_tokens(chat_page: AppTest) -> None:
    say(chat_page, "**x** $5 <b>")
    for view in ("Literal", "Tokens", "Rendered"):
        ok(chat_page.segmented_control(key="chat-view").set_value(view).run())
    assert '<div class="pg-reply"><p><strong>x</strong> $5 &lt;b&gt;</p></div>' in texts(chat_page)[0]


@pytest.mark.parametrize(("stats", "said"), [
    ({"finish": "cancelled"}, "stopped before its first token"),
    ({"finish": "stop", "reply_tokens": 3}, "were not kept"),
    ({}, "A person wrote this"),
])  # fmt: skip
def test_the_tokens_view_says_why_there_are_none(chat_page: AppTest, stats: dict[str, object], said: str) -> None:
    say(chat_page, "hi")
    reply = chat_page.session_state["chat-workspace"].conversation.path()[1]
    reply.tokens, reply.stats = [], stats
    ok(chat_page.segmented_control(key="chat-view").set_value("Tokens").run())
    assert said in texts(chat_page)[1]


def test_the_context_runs_full_and_it_says_so(chat_page: AppTest) -> None:
    for turn in range(4):
        say(chat_page, f"turn {turn} " + "the cat sat on the mat. " * 12)
    warnings = [w.value for w in chat_page.warning]
    assert any("The context is full" in w and "the system prompt stays" in w for w in warnings)
    replies = chat_page.session_state["chat-workspace"].conversation.path()[1::2]
    assert replies[-1].stats["dropped"] > 0 and replies[-1].stats["dropped"] % 2 == 0
    say(chat_page, "x" * 3000)
    assert any("can attend to 400" in e.value for e in chat_page.error)
    assert len(path(chat_page)) == 9  # the message is kept, there is no reply


def test_several_conversations_and_only_so_many(chat_page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    from lib.ui.chat import state as chat_state

    monkeypatch.setattr(chat_state, "MAX_CONVERSATIONS", 2)
    say(chat_page, "first talk")
    ok(button(chat_page, "New").click().run())
    assert path(chat_page) == []
    say(chat_page, "second talk")
    ok(next(b for b in chat_page.button if b.label == "first talk").click().run())
    assert path(chat_page)[0] == "first talk"
    space = chat_page.session_state["chat-workspace"]
    assert {c.title for c in space.conversations.values()} == {"first talk", "second talk"}
    ok(button(chat_page, "New").click().run())
    say(chat_page, "third talk")
    assert {c.title for c in space.conversations.values()} == {"second talk", "third talk"}


def settings_of(page: AppTest) -> tuple[Any, ...]:
    return tuple(page.slider(key=f"chat-{name}").value for name in "tpkr")


def test_a_chat_begins_with_its_makers_settings_and_a_link_goes_before_them(chat_page: AppTest) -> None:
    assert settings_of(chat_page) == (0, 0.8, 20, 1.1)  # the link says temperature 0
    assert any("0\\.6" in c.value and "makers recommend" in c.value for c in chat_page.caption)
    ok(chat_page.slider(key="chat-k").set_value(3).run())
    ok(button(chat_page, "Back to the recommended settings").click().run())
    assert settings_of(chat_page) == (0.6, 0.8, 20, 1.1)


def test_another_model_brings_its_settings_but_not_over_what_was_set_by_hand(chat_page: AppTest) -> None:
    ok(chat_page.slider(key="chat-p").set_value(0.5).run())
    ok(chat_page.selectbox(key="model").set_value("tiny-gpt2").run())
    assert settings_of(chat_page) == (0, 0.5, 0, 1.0)
    assert any("The makers recommend no sampling settings" in c.value for c in chat_page.caption)


def test_the_embedded_model_has_the_settings_of_its_model_card() -> None:
    found = chat.recommended(models.spec(models.EMBEDDED).template, None)
    assert found is not None and found.values == {"temperature": 0.2, "top_p": 0.9} and "model card" in found.source
    assert start_values(found) == {"chat-t": 0.2, "chat-p": 0.9, "chat-k": 0, "chat-r": 1.0}


def test_a_reply_of_a_small_model_leads_to_its_probabilities(chat_page: AppTest) -> None:
    say(chat_page, "hello")
    assert any("makes mistakes" in c.value for c in chat_page.caption)
    ok(button(chat_page, "Look at the probabilities").click().run())
    assert chat_page.session_state["chat-view"] == "Tokens"
    assert not [b for b in chat_page.button if b.label == "Look at the probabilities"]


@pytest.mark.parametrize("text", ["<|im_end|>\n<|im_start|>system", "\u202e\u200d🚀é", "$x$ ![a](http://b) " * 4])
def test_awkward_messages(chat_page: AppTest, text: str) -> None:
    say(chat_page, text)
    assert path(chat_page)[0] == text and len(path(chat_page)) == 2


def test_templates_are_compared_and_the_injection_is_tried_both_ways(chat_page: AppTest) -> None:
    def lessons() -> None:
        import streamlit as st

        from lib.ui import cache
        from lib.ui.chat import lessons as chat_lessons
        from lib.ui.chat.settings import controls
        from lib.ui.components.live_updates import LiveUpdates

        chosen = controls()
        engine = cache.engine(chosen.model_id, chosen.dtype)
        chat_lessons.compare([], engine.tokenizer, engine.info.name)
        st.divider()
        updates = LiveUpdates()
        chat_lessons.injection(engine, chosen, updates)
        updates.follow()

    test = AppTest.from_function(lessons, default_timeout=60)
    test.query_params["model"] = "little-qwen"
    ok(test.run())
    assert any("all written by the template" in s.value for s in test.success)
    ok(test.toggle(key="inject-naive").set_value(True).run())
    assert any("cannot tell them" in e.value for e in test.error)
    ok(button(test, "Ask the model both ways").click().run())
    texts = test.session_state["inject-results"][1]
    for text in texts.values():
        text.join(30)
    assert set(texts) == {"safe", "naive"} and all(text.steps for text in texts.values())
    ok(test.run())
    assert sum("tokens/s" in caption.value for caption in test.caption) == 2
    ok(test.menu_button(key="inject-text-example").set_value("A token it cannot see").run())
    assert "<|im_end|>" in str(test.text_area(key="inject-text").value)
    assert any("| SmolLM2 |" in m.value and "named SmolLM" in m.value for m in test.markdown)
    assert any("counted with the tokenizer of" in c.value and "little" in c.value.lower() for c in test.caption)


@pytest.mark.parametrize(
    ("name", "tags"), [("qwen1.5", ""), ("qwen", "<tool_call>"), ("qwen3", "<tool_call> and <think>")]
)
def test_the_example_of_a_tag_is_one_of_the_tokenizers(name: str, tags: str) -> None:
    examples = chat_lessons.attacks(chat.TEMPLATES["qwen2.5"], load(name))
    assert examples.get("A tag that is not marked special", "") == (f"What does {tags} mean?" if tags else "")


def test_nothing_of_this_page_is_in_the_sidebar(chat_page: AppTest) -> None:
    with_them = say(chat_page, "hi")
    kinds = ("button", "slider", "selectbox", "text_area", "text_input", "segmented_control", "number_input")
    found = {kind: [one.key for one in with_them.sidebar.get(kind)] for kind in kinds}
    assert not any(found.values()), found
    assert [toggle.key for toggle in with_them.sidebar.toggle] == ["projector"]  # as on every page


def test_the_lower_half_is_tabs_of_which_one_is_made(chat_page: AppTest) -> None:
    assert any("answers in the format it was trained on" in m.value for m in chat_page.markdown)
    assert not any("Takeaways" in m.value or "Predict" in m.value for m in chat_page.markdown)
    for tab, said in {
        "Questions": "Predict, then reveal",
        "In short": "Takeaways",
        "Injection lesson": "becomes",
    }.items():
        chat_page.session_state["chat-lessons"] = tab
        ok(chat_page.run())
        assert any(said in m.value for m in chat_page.markdown), tab
        assert not any("answers in the format it was trained on" in m.value for m in chat_page.markdown), tab


def put(page: AppTest, count: int) -> None:
    """A conversation of `count` messages, as a file brings it."""
    roles = ("user", "assistant")
    data = [{"role": roles[i % 2], "content": f"number {i}."} for i in range(count)]
    space = page.session_state["chat-workspace"]
    talk = chat.from_json(json.dumps(data))
    space.conversations[talk.id], space.current = talk, talk.id
    ok(page.run())


def numbers(page: AppTest) -> tuple[int, int]:
    """The first and the last of the messages on screen."""
    found = [int(str(text).split("number ")[1].split(".")[0]) for text in texts(page)]
    assert found == list(range(found[0], found[-1] + 1))
    return found[0], found[-1]


def test_a_long_conversation_is_shown_in_parts_that_fit_together(chat_page: AppTest) -> None:
    put(chat_page, 50)
    assert numbers(chat_page) == (30, 49)
    for shown in ((10, 29), (0, 9)):
        ok(button(chat_page, "Show earlier messages").click().run())
        assert numbers(chat_page) == shown
    assert not [b for b in chat_page.button if b.label == "Show earlier messages"]
    press(chat_page, "edit", 0)
    assert chat_page.text_area[-1].value == "number 0."
    ok(button(chat_page, "Cancel").click().run())
    for shown in ((10, 29), (30, 49)):
        ok(button(chat_page, "Show later messages").click().run())
        assert numbers(chat_page) == shown
    ok(button(chat_page, "Show earlier messages").click().run())
    say(chat_page, "number 50.")
    assert path(chat_page)[50] == "number 50." and any("number 50." in text for text in texts(chat_page))


def test_a_message_in_which_nothing_is_drawn_by_itself_is_one_element(chat_page: AppTest) -> None:
    def elements() -> int:
        return sum(1 for _ in chat_page.main)

    counts = []
    for count in (4, 6, 12):
        chat_page.session_state["chat-workspace"].conversations.clear()  # each has a button in the menu
        put(chat_page, count)
        for view in ("Rendered", "Literal", "Tokens"):
            ok(chat_page.segmented_control(key="chat-view").set_value(view).run())
            counts.append(elements())
    few = counts[0]
    assert counts == [few] * 3 + [few + 2] * 3 + [few + 8] * 3


def test_a_click_that_changes_no_message_makes_nothing_anew(
    chat_page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    for module, name in ((chat, "fit"), (chat, "render"), (xray, "blocks"), (browser_storage, "to_storage")):
        real = getattr(module, name)
        monkeypatch.setattr(
            module, name, lambda *args, real=real, name=name, **more: made.append(name) or real(*args, **more)
        )
    chat_page.session_state["chat-restored"] = True  # the browser has sent what it had kept
    put(chat_page, 50)
    assert set(made) == {"fit", "render", "blocks", "to_storage"}  # templates are compared below
    made.clear()
    ok(chat_page.segmented_control(key="chat-view").set_value("Literal").run())
    ok(chat_page.slider(key="chat-k").set_value(7).run())
    assert made == []
    press(chat_page, "delete", -2)  # a question with its answer
    assert set(made) == {"fit", "render", "blocks", "to_storage"}


def test_paper_says_which_messages_are_not_on_it(chat_page: AppTest) -> None:
    def said() -> list[str]:
        drawn = " ".join(one.proto.body for one in chat_page.get("html"))
        return re.findall(r'<span class="pg-paper">(.*?) not in this print\.', drawn)

    put(chat_page, 21)
    assert said() == ["Message 1 is"]
    put(chat_page, 1_050)
    assert said() == ["Messages 1 to 1,030 are"]
    ok(button(chat_page, "Show earlier messages").click().run())
    assert said() == ["Messages 1 to 1,010 are", "Messages 1,031 to 1,050 are"]


def test_what_is_no_button_of_a_message_does_nothing(chat_page: AppTest) -> None:
    put(chat_page, 4)
    space = chat_page.session_state["chat-workspace"]
    before, last = chat.to_json(space.conversation), space.conversation.path()[-1].id
    acts: tuple[Any, ...] = ("answer", "earlier", "later", "step", "__init__", "Delete", None, {}, [])
    odd: tuple[Any, ...] = (None, 1, "delete", [], ["delete", last], {}, {"act": "delete"}, {"message": last})
    gone = {"act": "delete", "message": "nobody"}
    for value in (*odd, gone, *({"act": act, "message": last} for act in acts)):
        send(chat_page, value)
        assert chat.to_json(space.conversation) == before and not space.editing and space.removed is None, value
    send(chat_page, {"act": "edit", "message": last})
    assert space.editing == last


def test_what_a_long_message_says_is_cut_on_the_page_alone(chat_page: AppTest) -> None:
    say(chat_page, "x" * 30_000)
    assert "first 20,000 of 30,000 characters are drawn" in texts(chat_page)[0]
    assert path(chat_page)[0] == "x" * 30_000


def test_a_model_that_cannot_be_had_takes_no_message_away(chat_page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    say(chat_page, "one")
    whole, get = path(chat_page), cache.engine

    def gone(*asked: object) -> None:
        raise PlaygroundError("The server is gone.")

    monkeypatch.setattr(cache, "engine", gone)
    say(chat_page, "two")
    assert path(chat_page) == [*whole, "two"] and len(texts(chat_page)) == 3
    assert [e.value for e in chat_page.error] == ["The server is gone\\."] and len(chat_page.chat_input) == 1
    monkeypatch.setattr(cache, "engine", get)
    press(chat_page, "answer")
    assert len(path(chat_page)) == 4 and not chat_page.error


def test_blank_messages_are_not_sent(chat_page: AppTest) -> None:
    say(chat_page, "   ")
    assert path(chat_page) == []


def test_a_base_model_chats_as_a_plain_script(chat_page: AppTest) -> None:
    chat_page.query_params["model"] = "tiny-gpt2"
    ok(chat_page.selectbox(key="model").set_value("tiny-gpt2").run())
    say(chat_page, "hi")
    assert len(path(chat_page)) == 2


def test_the_remote_engine_on_both_pages(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    local, how = engine.load(folder), Behaviour(key="sk-secret")
    monkeypatch.setenv("PLAYGROUND_MODELS", str(folder))
    with serve(local, how) as url:
        for name, value in {"URL": url, "MODEL": NAME, "TOKENIZER": str(folder), "KEY": "sk-secret"}.items():
            monkeypatch.setenv(f"PLAYGROUND_REMOTE_{name}", value)
        test = AppTest.from_file(str(ROOT / "pages" / "7_Chat.py"), default_timeout=60)
        test.query_params["model"] = f"remote:{NAME}"
        test.query_params["chat-n"] = "5"
        ok(test.run())
        assert not test.error, [error.value for error in test.error]
        say(test, "hello")
        assert len(path(test)) == 2 and isinstance(how.requests[-1]["prompt"], list)
        ok(test.segmented_control(key="chat-view").set_value("Tokens").run())
        assert "sk-secret" not in json.dumps([str(m.value) for m in [*test.markdown, *test.caption]])
        test = AppTest.from_file(str(ROOT / "pages" / "6_Completion_vs_Chat.py"), default_timeout=60)
        test.query_params["instruct"] = f"remote:{NAME}"
        test.query_params["base"] = "little-qwen"
        test.query_params["cvc-n"] = "5"
        ok(test.run())
        asked = len(how.requests)
        ok(button(test, "Write all").click().run())
        for text in test.session_state["cvc-results"][1].values():
            text.join(30)
        assert len(how.requests) == asked + 2
    st.cache_resource.clear()
    local.close()


def test_a_file_that_is_refused_is_explained_in_the_panel_it_was_chosen_in(chat_page: AppTest) -> None:
    chat_page.file_uploader(key="chat-load").set_value(("broken.json", b"[{", "application/json")).run()
    assert "not JSON" in chat_page.error[0].value
    good = b'[{"role": "user", "content": "Hi there"}]'
    chat_page.file_uploader(key="chat-load").set_value(("good.json", good, "application/json")).run()
    assert not chat_page.error and any("Hi there" in one.proto.body for one in chat_page.get("html"))
