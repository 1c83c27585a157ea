"""Model folders that cannot be used take no page away: they are named on the shelf, and the others work."""

from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from benchmarks.faults import bad_folders, tiny_files
from lib import models
from lib.ui import cache
from lib.ui.components.page import escape

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All of them beside a good one; one more is good but for a list that nobody needs."""
    root = tmp_path_factory.mktemp("bad")
    tiny_files.make(root / "good")
    (tiny_files.make(root / "odd") / "tokenizer_config.json").write_text(
        '{"added_tokens_decoder": [], "chat_template": "{{ messages[0].content }}"}'
    )
    for name, (damage, _) in bad_folders.LISTED.items():
        damage(tiny_files.make(root / name))
    return root


@pytest.fixture(autouse=True)
def named(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYGROUND_MODELS", str(folders))
    st.cache_data.clear()


def test_each_folder_that_cannot_be_used_is_named_with_its_reason(folders: Path) -> None:
    problems = models.problems()
    assert len(problems) == len(bad_folders.LISTED)
    for name, (_, says) in bad_folders.LISTED.items():
        shown = name.replace("\n", " ")
        assert [one for one in problems if shown in one and says in one], (name, [p for p in problems if shown in p])
    assert {"good", "odd"} <= {spec.id for spec in models.local_models()}


@pytest.mark.parametrize("page", ["Home.py", "pages/1_Tokenizers.py", "pages/3_Next_Token.py", "pages/7_Chat.py"])
def test_every_page_works_beside_them(page: str, embedded: str, run_by_run: None) -> None:
    app = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=60)
    app.query_params["model"] = "good"
    if page != "Home.py":
        app.switch_page(page)
    else:
        app.query_params["home"] = "Models on this machine"
    app.run()
    assert not app.exception and not app.error
    if page == "Home.py":
        shown = "\n".join(text.value for text in app.markdown)
        assert f"{len(bad_folders.LISTED)} things that PLAYGROUND_MODELS names cannot be used" in app.warning[0].value
        assert all(escape(one) in shown for one in models.problems())
    elif page == "pages/1_Tokenizers.py":
        assert {"good", "odd"} <= set(app.button_group(key="tokenizers").options)
    else:
        assert app.selectbox(key="model").value == "good" and "odd" in app.selectbox(key="model").options
    if page == "pages/7_Chat.py":
        app.query_params["model"] = "odd"
        assert not app.run().exception


def test_a_model_whose_files_change_is_loaded_anew_and_nothing_that_it_computed_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tiny_files.make(tmp_path / "mine" / "changing")
    monkeypatch.setenv("PLAYGROUND_MODELS", str(tmp_path / "mine"))
    before, engine = cache.logits("changing", "float32", (5, 9)), cache.engine("changing", "float32")
    assert cache.engine("changing", "float32") is engine
    (folder / "model.safetensors").rename(folder / "half.tmp")  # somebody copies a new file
    assert (cache.logits("changing", "float32", (5, 9)) == before).all() and cache.engine(
        "changing", "float32"
    ) is engine
    tiny_files.write_weights(folder / "model.safetensors", tiny_files.weights(tiny_files.CONFIG, seed=1))
    changed = cache.engine("changing", "float32")
    after = cache.logits("changing", "float32", (5, 9))
    assert changed is not engine and np.abs(after - before).max() > 0.1
    cache.unload("changing")
