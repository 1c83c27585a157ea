"""Home without a browser: the demo's numbers are the engine's, the shelf tells the truth, failures keep the page."""

from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from lib import models
from lib.engine import inspectable
from lib.models import download_jobs
from lib.text_format import size
from lib.ui import cache
from lib.ui.home import demo as home_demo
from tests.hub import local_hub
from tests.tiny import make

HOME = str(Path(__file__).resolve().parents[2] / "Home.py")


@pytest.fixture
def home(embedded: str) -> AppTest:
    return AppTest.from_file(HOME, default_timeout=60)


def shelf_text(at: AppTest) -> str:
    return "\n".join(element.value for element in [*at.markdown, *at.caption])


def test_the_page_shows_itself_and_says_what_is_here(home: AppTest) -> None:
    home.run()
    assert not home.exception and not home.error
    assert any("<h1>LLM Playground</h1>" in html.proto.body for html in home.get("html"))
    held = size(sum(info.weight_bytes for info in cache.loaded().values()))
    assert "SmolLM2\\-135M\\-Instruct" in shelf_text(home) and f"In memory now: {held}" in shelf_text(home)
    wanted = {f"get-{model_id}" for model_id in models.CATALOG} - {f"get-{spec.id}" for spec in models.local_models()}
    assert wanted <= {button.key for button in home.button}


def test_writing_continues_greedily_and_can_be_undone(home: AppTest, embedded: str) -> None:
    home.run().text_input(key="home-text").set_value("The capital of France is").run()
    home.button(key="home-write").click().run()
    path = list(home.session_state["home-path"])
    engine = inspectable(cache.engine(embedded))
    ids = [token.id for token in engine.tokenizer.encode("The capital of France is")]
    for token_id in path[:3]:
        assert int(engine.logits(ids).argmax()) == token_id
        ids.append(token_id)
    assert len(path) == home_demo.RUN and "Paris" in engine.tokenizer.decode(path)
    home.button(key="home-undo").click().run()
    assert list(home.session_state["home-path"]) == path[:-1]
    home.button(key="home-reset").click().run()
    assert list(home.session_state["home-path"]) == [] and home.button(key="home-undo").disabled


@pytest.mark.parametrize("text", ["   ", "🚀\u200d", "<b>$x$</b> <|im_end|>"])
def test_odd_texts_are_no_accident(home: AppTest, text: str) -> None:
    home.run().text_input(key="home-text").set_value(text).run()
    assert not home.exception and not home.error and not home.button(key="home-write").disabled


@pytest.mark.parametrize(("text", "said"), [("", "at least one character"), ("x" * 2000, "stops at 300")])
def test_texts_that_cannot_be_continued_are_explained(home: AppTest, text: str, said: str) -> None:
    home.run().text_input(key="home-text").set_value(text).run()
    assert not home.exception and not home.error
    assert said in home.info[0].value
    assert all(button.disabled for button in home.button if button.key == "home-write")


def test_the_five_bars_and_the_rest_are_the_whole_distribution(embedded: str) -> None:
    engine = inspectable(cache.engine(embedded))
    logits = engine.logits([token.id for token in engine.tokenizer.encode("Once upon a time")])
    bars = home_demo.next_bars(logits, engine.tokenizer, engine.stop_ids)
    exact = np.exp(logits.astype(np.float64) - np.logaddexp.reduce(logits.astype(np.float64)))
    assert [bar["id"] for bar in bars[:5]] == np.argsort(-exact, kind="stable")[:5].tolist()
    assert np.allclose([bar["prob"] for bar in bars[:5]], np.sort(exact)[::-1][:5])
    assert abs(sum(bar["prob"] for bar in bars) - 1) < 1e-9 and bars[5]["label"] == "the other 49,147"


def test_unloading_takes_the_model_out_of_memory(home: AppTest, embedded: str) -> None:
    home.run()
    assert (embedded, "auto") in cache.loaded()
    cache.unload(embedded)
    assert not [key for key in cache.loaded() if key[0] == embedded]
    home.run()
    assert not home.exception and (embedded, "auto") in cache.loaded()


def test_a_model_is_got_from_the_shelf(
    home: AppTest, embedded: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = make("gpt2", tmp_path / "repository")
    folder = models.require(embedded).folder
    monkeypatch.setenv("PLAYGROUND_MODELS", str(folder))
    monkeypatch.setenv("PLAYGROUND_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    with local_hub({"distilbert/distilgpt2": repository}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        home.run().button(key="get-distilgpt2").click().run()
        job = download_jobs.find("distilgpt2")
        assert job is not None and job.finished.wait(30) and job.error == ""
        home.run()
    assert "get-distilgpt2" not in {button.key for button in home.button}
    assert models.where("distilgpt2") == models.Location(tmp_path / "home" / "models" / "distilgpt2", "app")


def test_a_hub_that_cannot_be_reached_is_one_sentence_on_the_shelf(
    home: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    home.run().button(key="get-gpt2-medium").click().run()
    job = download_jobs.find("gpt2-medium")
    assert job is not None and job.finished.wait(30)
    home.run()
    assert len(home.error) == 1 and "by hand" in home.error[0].value and not home.exception
    download_jobs.forget("gpt2-medium")


def test_a_model_too_big_for_the_machine_names_a_smaller_one(home: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    from lib.ui.home import model_shelf

    monkeypatch.setattr(model_shelf, "total_bytes", lambda: 2_500_000_000)
    monkeypatch.setattr(model_shelf, "available_bytes", lambda: 2_000_000_000)
    home.run()
    button = home.button(key="get-qwen1.5-1.8b-chat")
    assert button.disabled and "Try Qwen3-0.6B" in (button.help or "")
    assert not home.button(key="get-qwen2.5-0.5b").disabled


@pytest.fixture
def picker(tmp_path: Path) -> AppTest:
    script = tmp_path / "picker.py"
    script.write_text(
        "import streamlit as st\nfrom lib.ui.components.model_picker import pick_model\n"
        "st.text(pick_model('model', role='base'))\n"
    )
    st.cache_resource.clear()
    return AppTest.from_file(str(script), default_timeout=60)


def test_picking_offers_what_is_here_and_says_when_a_link_asks_for_more(embedded: str, picker: AppTest) -> None:
    picker.query_params["model"] = "qwen3-0.6b"
    picker.run()
    assert models.spec(embedded).name in picker.selectbox[0].options and "Qwen3" in picker.toast[0].value
    assert picker.text[0].value == models.default("base")


def test_a_model_folder_is_offered_for_picking(
    embedded: str, picker: AppTest, tiny_models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLAYGROUND_MODELS", str(tiny_models["qwen2"].parent))
    picker.query_params["model"] = "tiny-llama"
    picker.run()
    assert {"tiny-gpt2", "tiny-llama", "tiny-qwen2", models.spec(embedded).name} <= set(picker.selectbox[0].options)
    assert picker.text[0].value == "tiny-llama" and not picker.toast


def test_a_long_text_is_cut_with_a_sentence(home: AppTest) -> None:
    home.run().text_input(key="home-text").set_value("a " * 1500).run()
    assert not home.exception
    assert "The first 2,000 of 3,000 characters are used." in [warning.value for warning in home.warning]
