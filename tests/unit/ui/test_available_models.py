"""What pages remember of the models that are here is what the disk says."""

import shutil

import pytest

from lib import models
from lib.ui import available_models


def test_a_model_that_comes_or_goes_is_noticed_at_once(tiny_models, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(available_models, "SECONDS", 10**9)
    root = tmp_path / "models"
    root.mkdir()
    monkeypatch.setenv("PLAYGROUND_MODELS", str(root))
    before = available_models.local_models()
    assert before == models.local_models() and "tiny-gpt2" not in [spec.id for spec in before]
    with pytest.raises(models.ModelError):
        available_models.spec("tiny-gpt2")
    shutil.copytree(tiny_models["gpt2"], tmp_path / "tiny-gpt2")
    (tmp_path / "tiny-gpt2").rename(root / "tiny-gpt2")  # as `lib.models` does: a model appears whole
    assert (
        available_models.local_models() == models.local_models()
        and available_models.spec("tiny-gpt2").name == "tiny-gpt2"
    )
    assert available_models.default("base") == models.default("base")
    shutil.rmtree(root / "tiny-gpt2")
    assert available_models.local_models() == models.local_models() == before


def test_other_settings_are_other_models(tiny_models, monkeypatch) -> None:
    for family in ("gpt2", "llama"):
        monkeypatch.setenv("PLAYGROUND_MODELS", str(tiny_models[family]))
        assert available_models.local_models()[0].id == f"tiny-{family}"


def test_pages_that_run_again_do_not_look_again(tiny_models, monkeypatch) -> None:
    monkeypatch.setattr(available_models, "SECONDS", 10**9)
    monkeypatch.setenv("PLAYGROUND_MODELS", str(tiny_models["gpt2"]))
    available_models.local_models()
    monkeypatch.setattr(models, "local_models", lambda: pytest.fail("the disk was asked again"))
    assert available_models.local_models()[0].id == "tiny-gpt2"
