"""Pages with a model on a server that misbehaves: what was typed stays, the sentence shows, and it goes on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from benchmarks.faults.servers import HERE, KEY, connected
from tests.app.messages import press, texts
from tests.misbehaving_server import DONE, HTML, NAME, STOP, Answer, Misbehaviour, event, token
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("run_by_run")
ROOT = Path(__file__).resolve().parents[2]
MODEL = f"remote:{NAME}"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Misbehaviour]:
    st.cache_resource.clear()
    st.cache_data.clear()
    how = Misbehaviour()
    with connected(how):
        monkeypatch.setenv("PLAYGROUND_REMOTE_TOKENIZER", "smollm2")
        yield how
    st.cache_resource.clear()


def page(name: str, **query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "pages" / name), default_timeout=60)
    for key, value in {"model": MODEL, **query}.items():
        app.query_params[key] = value
    return ok(app.run())


def ok(app: AppTest) -> AppTest:
    assert not app.exception, [error.value for error in app.exception]
    return app


def errors(app: AppTest) -> str:
    said = " ".join(str(box.value) for box in app.error).replace("\\", "")
    assert KEY not in said
    return said


def button(app: AppTest, label: str):
    return next(one for one in app.button if one.label == label)


def replied(app: AppTest) -> AppTest:
    assert until(
        lambda: (
            app.session_state["chat-workspace"].writer is None or app.session_state["chat-workspace"].writer.update()
        ),
        seconds=30,
    )
    return ok(app.run())


def test_a_reply_that_breaks_off_is_kept_said_and_continued(server: Misbehaviour) -> None:
    server.completions = Answer(HERE)
    chat = page("7_Chat.py")
    replied(ok(chat.chat_input(key="chat-input").set_value("hello").run()))
    assert "broke off its answer" in errors(chat) and "Continue goes on" in errors(chat)
    question, reply = chat.session_state["chat-workspace"].conversation.path()
    assert (question.content, reply.content) == ("hello", "sat on")
    assert "broken off" in texts(chat)[1]
    server.completions = Answer(token(" a") + STOP + DONE)
    replied(press(chat, "continue"))
    assert reply.content == "sat on a" and not errors(chat)


def test_a_server_that_is_none_leaves_the_chat_as_it_was(server: Misbehaviour) -> None:
    server.models = HTML
    chat = page("7_Chat.py")
    assert "web page instead of its list of models" in errors(chat) and len(server.requests) == 0
    server.models = Misbehaviour().models
    assert until(lambda: not errors(chat.run()), seconds=20)
    replied(ok(chat.chat_input(key="chat-input").set_value("hello").run()))
    assert [message.role for message in chat.session_state["chat-workspace"].conversation.path()] == [
        "user",
        "assistant",
    ]


def test_settings_without_a_tokenizer_take_no_page_away(server: Misbehaviour, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYGROUND_REMOTE_TOKENIZER", "")
    chat = page("7_Chat.py", model="playground-chat")
    assert not errors(chat) and any("which tokenizer" in str(toast.value) for toast in chat.toast)
    assert chat.chat_input(key="chat-input")


def test_columns_say_what_broke_and_run_again(server: Misbehaviour) -> None:
    server.completions = Answer(HERE)
    decoding = page("4_Decoding.py", prompt="The cat", n="8")
    ok(button(decoding, "Run").click().run())

    def over() -> bool:
        return not any(one.track and one.track.running for one in decoding.session_state["decoding-columns"])

    assert until(over, seconds=30)
    ok(decoding.run())
    columns = decoding.session_state["decoding-columns"]
    assert len(decoding.error) == len(columns) and "broke off" in errors(decoding)
    assert all(len(one.track.steps) == 2 for one in columns)
    assert decoding.session_state["prompt"] == "The cat"
    server.completions = Answer(HERE + STOP)
    ok(button(decoding, "Run").click().run())
    assert until(over, seconds=30)
    ok(decoding.run())
    assert not errors(decoding) and [one.track.state for one in columns] == ["done"] * len(columns)
    for tab, says in {"One step": "all other tokens together have", "Beam tree": "", "Code": "is on a server"}.items():
        decoding.session_state["section"] = tab
        ok(decoding.run())
        assert says in errors(decoding) + " ".join(str(line.value) for line in decoding.caption)


def test_next_token_shows_what_a_server_gives(server: Misbehaviour) -> None:
    ids = list(range(300, 320))
    given = [{"id": i, "token": "x", "logprob": -3.0 - 0.1 * n} for n, i in enumerate(ids)]
    server.completions = Answer(event(text="x", logprobs={"content": [{**given[0], "top_logprobs": given}]}) + STOP)
    app = page("3_Next_Token.py", prompt="The cat")
    assert not errors(app)
    said = " ".join(str(line.value) for line in app.caption)
    assert "20 likeliest tokens; all other tokens together have 54.8%" in said
    ok(app.slider(key="partial-t").set_value(0.5).run())
    ok(app.selectbox(key="partial-append-2").set_value(301).run())
    assert app.session_state["next-token-state"].history.path == (301,)
    assert server.requests[-1]["prompt"][-1] == 301 and len(server.requests) == 2
    server.completions = Answer(event(text="x") + STOP)
    ok(app.text_area(key="prompt").set_value("Another").run())
    assert "no log-probabilities" in errors(app)


def test_a_completion_that_breaks_off_is_kept_beside_its_sentence(server: Misbehaviour) -> None:
    server.completions = Answer(HERE)
    pair = page("6_Completion_vs_Chat.py", **{"instruct": MODEL, "base": "playground-base", "cvc-n": "5"})
    ok(button(pair, "Write all").click().run())
    for text in pair.session_state["cvc-results"][1].values():
        text.join(60)
    ok(pair.run())
    assert "broke off its answer" in errors(pair)
    assert any("sat on" in str(block.value) for block in pair.code)
