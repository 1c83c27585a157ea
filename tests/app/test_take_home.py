"""The menu "Take home" on every page without a browser: its files are made of the page's state, and only when asked."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from lib.takehome.worksheet import Answer
from lib.training import jobs
from lib.ui.components import take_home
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[2]
PAGES = {
    "Home.py": {"river.ipynb"},
    "pages/1_Tokenizers.py": {"tokenizers.ipynb", "tokenizers.csv", "tokens.csv"},
    "pages/2_Architecture.py": {"architecture.ipynb"},
    "pages/3_Next_Token.py": {"next-token.ipynb", "next-token.csv"},
    "pages/4_Decoding.py": {"decoding.ipynb", "decoding.csv", "decoding.json"},
    "pages/5_Training.py": {"training.ipynb", "losses.csv"},
    "pages/6_Completion_vs_Chat.py": {"completion-and-chat.ipynb"},
    "pages/7_Chat.py": {"chat.ipynb"},
}
Files = dict[str, Callable[[], str] | str]


@pytest.fixture
def offered(tiny_models, monkeypatch) -> Iterator[Files]:
    """Tiny models; what the page's download buttons would make, by file name."""
    folders = [str(tiny_models[family]) for family in ("gpt2", "llama")]
    monkeypatch.setenv("PLAYGROUND_MODELS", ":".join(folders))
    st.cache_resource.clear()
    st.cache_data.clear()
    found: Files = {}
    real = st.download_button

    def seen(label: str, data: Any, *, file_name: str, **more: Any) -> bool:
        found[file_name] = data if not more.get("disabled") else ""
        return real(label, data, file_name=file_name, **more)

    monkeypatch.setattr(st, "download_button", seen)
    yield found
    st.cache_resource.clear()


def opened(page: str, **query: str) -> AppTest:
    """The page with its menu open."""
    app = AppTest.from_file(str(ROOT / ("Home.py" if "Tokenizers" in page else page)), default_timeout=60)
    if "Tokenizers" in page:  # it links to another page, which a page that runs alone cannot
        app.switch_page(page)
    for name, value in {"model": "tiny-gpt2", "prompt": "the cat sat"}.items() | query.items():
        app.query_params[name] = value
    app.session_state["take-home-menu"] = True
    return app.run()


def made(data: Callable[[], str] | str) -> str:
    assert callable(data), "the button is off"
    return data()


@pytest.mark.parametrize("page", PAGES)
def test_every_page_has_its_files_and_a_worksheet(page: str, offered: Files, run_by_run: None, monkeypatch) -> None:
    monkeypatch.setattr(jobs, "runs", lambda: [])  # whatever other tests of this process have trained
    app = opened(page)
    assert not app.exception and not app.error
    assert PAGES[page] | {"worksheet.html", "worksheet.md", "worksheet.csv"} <= offered.keys()
    for name, make in offered.items():
        if name.endswith(".ipynb") and callable(make):  # not yet where nothing is written or said
            text = make()
            nbformat.validate(nbformat.reads(text, as_version=4))
            assert str(ROOT) not in text and "pytest-of" not in text  # no path of this machine
    assert bool(offered[min(PAGES[page] & {name for name in offered if name.endswith("ipynb")})]) == (
        page not in {"pages/4_Decoding.py", "pages/5_Training.py", "pages/7_Chat.py"}
    )


def test_a_closed_menu_draws_nothing(offered: Files) -> None:
    app = AppTest.from_file(str(ROOT / "pages/3_Next_Token.py"), default_timeout=60)
    app.query_params["model"] = "tiny-gpt2"
    app.run()
    assert not app.exception and not offered


def test_the_notebook_has_the_text_the_path_and_the_settings_on_screen(offered: Files) -> None:
    opened("pages/3_Next_Token.py", path="17,18", t="0.5", k="9")
    source = "".join("".join(cell["source"]) for cell in json.loads(made(offered["next-token.ipynb"]))["cells"])
    assert "PROMPT = 'the cat sat'" in source and "ids += [17, 18]" in source
    assert "TemperatureLogitsWarper(0.5)" in source and "TopKLogitsWarper(9)" in source


def test_decoding_gives_its_results_once_there_are_some(offered: Files, run_by_run: None) -> None:
    app = opened("pages/4_Decoding.py", n="6")
    assert offered["decoding.csv"] == offered["decoding.ipynb"] == ""
    app.button(key="decoding-run").click().run()
    columns = app.session_state["decoding-columns"]
    assert until(lambda: not any(column.track.running for column in columns), seconds=40)
    app.run()
    rows = list(csv.DictReader(io.StringIO(made(offered["decoding.csv"]))))
    data = json.loads(made(offered["decoding.json"]))
    ids = [[token["id"] for token in column["tokens"]] for column in data["columns"]]
    assert ids == [[step.id for step in column.track.steps] for column in columns]
    assert [int(row["token ID"]) for row in rows] == [token for column in ids for token in column]
    nbformat.validate(nbformat.reads(made(offered["decoding.ipynb"]), as_version=4))


def test_an_answer_is_on_the_worksheet_and_a_later_change_is_not(offered: Files) -> None:
    app = opened("pages/1_Tokenizers.py", tab="Questions")
    question = next(radio for radio in app.radio if str(radio.key).startswith("predict-"))
    key = str(question.key).removesuffix("-choice")
    question.set_value(question.options[0]).run()
    assert "answer not looked at" in made(offered["worksheet.csv"])
    app.button(key=f"{key}-reveal").click().run()
    first = made(offered["worksheet.csv"])
    assert "answer not looked at" not in first and "Tokenizers" in first
    app.radio(key=f"{key}-choice").set_value(question.options[1]).run()
    assert made(offered["worksheet.csv"]).splitlines()[1].split(",")[3:] == first.splitlines()[1].split(",")[3:]


def test_the_worksheet_has_the_name_and_the_prompts_that_were_looked_at(offered: Files) -> None:
    app = opened("pages/3_Next_Token.py")
    app.text_input(key="student-name-menu").set_value("<b>Ada</b>").run()
    app.text_area(key="prompt").set_value("the dog").run()
    assert "worksheet-b-Ada-b.html" in offered
    page = made(offered["worksheet-b-Ada-b.html"])
    assert page.count("<svg") == 2 and "the cat sat" in page and "the dog" in page
    assert "&lt;b&gt;Ada" in page and "<b>Ada" not in page


def test_a_worksheet_leaves_out_the_chart_of_a_model_that_is_gone(offered: Files) -> None:
    given = (Answer("P", "Q?", "a"),)
    text = take_home._written(take_home.worksheet.to_html, "x", given, ((("no-such-model", (1,)), None),))
    assert "Q?" in text and "<svg" not in text
