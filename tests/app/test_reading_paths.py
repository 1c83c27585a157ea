"""The reading paths of ARCHITECTURE.md are what runs: every Python file on one has code that is called on the way."""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.chat_models import make_qwen2
from tests.unit.test_docs import reading_path

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def traced() -> Iterator[set[str]]:
    """The files of this project with a function that was called inside, in any thread that began inside."""
    files: set[str] = set()

    def see(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_name != "<module>":
            files.add(frame.f_code.co_filename)

    threading.setprofile(see)
    sys.setprofile(see)
    try:
        yield files
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


@pytest.fixture
def open_page(
    tiny_models: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., AppTest]]:
    """open_page(file, **query) -> a page that has not run yet, with tiny models."""
    chat = make_qwen2(tmp_path / "little-chat", layers=2)
    monkeypatch.setenv("PLAYGROUND_MODELS", os.pathsep.join(map(str, (tiny_models["gpt2"], chat))))
    st.cache_resource.clear()
    st.cache_data.clear()

    def opened(file: str, **query: str) -> AppTest:
        page = AppTest.from_file(str(ROOT / "pages" / file), default_timeout=120)
        for name, value in query.items():
            page.query_params[name] = value
        return page

    yield opened
    st.cache_resource.clear()


def not_called(title: str, files: set[str]) -> list[str]:
    """Python files of a reading path that had no part in it; the page itself is a script without functions."""
    listed = [name for name in reading_path(title) if name.startswith("lib/") and name.endswith(".py")]
    return [name for name in listed if str(ROOT / name) not in files]


def test_next_token(open_page: Callable[..., AppTest]) -> None:
    page = open_page("3_Next_Token.py", model="tiny-gpt2", prompt="the cat")
    with traced() as files:
        page.run()
    assert not page.exception
    assert not not_called("Next Token, from prompt to chart", files)


def test_a_run_on_decoding(open_page: Callable[..., AppTest]) -> None:
    page = open_page("4_Decoding.py", model="tiny-gpt2", prompt="the cat", n="8").run()
    with traced() as files:
        page.button(key="decoding-run").click().run()
    assert not page.exception
    assert not not_called("A Run on Decoding", files)


def test_a_chat_turn(open_page: Callable[..., AppTest]) -> None:
    query = {"model": "little-chat", "chat-n": "8"}
    page = open_page("7_Chat.py", **query).run()
    with traced() as files:
        page.chat_input[0].set_value("the cat").run()
    assert not page.exception
    assert not not_called("A chat turn", files)
