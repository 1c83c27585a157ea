"""Checkpoints of training runs as models: found, named, described; an id out of a link is only ever a name."""

import json
import os
import shutil
from pathlib import Path

import pytest

from lib import models
from lib.models import trained
from lib.ui import available_models

RUN, OLD = "0123abcd", "00000001"


@pytest.fixture
def runs(tiny_models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two runs: one pre-trained and fine-tuned with several checkpoints, and an older one; and nothing else."""
    monkeypatch.setenv("PLAYGROUND_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hf"))
    monkeypatch.delenv("PLAYGROUND_MODELS", raising=False)
    names = {RUN: ["pretrain-00000", "pretrain-00050", "finetune-00020"], OLD: ["pretrain-00100"]}
    for number, (run, checkpoints) in enumerate(reversed(names.items()), 1):
        for name in checkpoints:
            shutil.copytree(tiny_models["llama"], trained.root() / run / name)
        record = {"number": number, "made": float(number), "recipe": {"text": "world", "size": "0.9 M"}}
        (trained.root() / run / trained.RECORD).write_text(json.dumps(record))
    return trained.root()


def test_of_every_run_the_newest_checkpoint_of_each_stage_is_on_the_shelf(runs: Path) -> None:
    here = [spec for spec in models.local_models() if spec.id.startswith(trained.PREFIX)]
    found = {spec.id: (spec.name, spec.role) for spec in here}
    assert list(found.items()) == [
        (f"trained-{RUN}-pretrain-00050", ("Tiny world 0.9 M · step 50 · run 2", "base")),
        (f"trained-{RUN}-finetune-00020", ("Tiny world 0.9 M · chat · step 20 · run 2", "instruct")),
        (f"trained-{OLD}-pretrain-00100", ("Tiny world 0.9 M · step 100", "base")),
    ]


def test_an_older_checkpoint_is_a_model_by_its_id(runs: Path) -> None:
    asked = f"trained-{RUN}-pretrain-00000"
    assert models.where(asked) == models.Location(runs / RUN / "pretrain-00000", "training")
    assert models.spec(asked).name == "Tiny world 0.9 M · step 0 · run 2"
    assert models.spec(asked).tokenizer == str(runs / RUN / "pretrain-00000")
    listed = {spec.id for spec in available_models.local_models()}
    assert {spec.id for spec in available_models.local_models(asked, None, "gpt2")} - listed == {asked}


def test_a_checkpoint_that_was_cut_short_is_passed_over(runs: Path) -> None:
    weights = runs / RUN / "pretrain-00050" / "model.safetensors"
    os.truncate(weights, weights.stat().st_size - 1)
    assert f"trained-{RUN}-pretrain-00000" in [spec.id for spec in models.local_models()]
    with pytest.raises(models.ModelError, match="not here"):
        models.spec(f"trained-{RUN}-pretrain-00050")


def test_a_damaged_record_takes_nothing_away_but_the_name(runs: Path) -> None:
    for text in ("", "[]", '{"recipe": [1], "number": {}, "made": "now"}', "{" * 9999, '{"recipe": {"size": null}}'):
        (runs / RUN / trained.RECORD).write_text(text)
        assert f"trained-{RUN}-pretrain-00050" in [spec.id for spec in models.local_models()]
        assert "step 50" in models.spec(f"trained-{RUN}-pretrain-00050").name


def test_the_shelf_notices_a_new_checkpoint_at_once(tiny_models, runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(available_models, "SECONDS", 10**9)
    assert available_models.local_models() == models.local_models()
    shutil.copytree(tiny_models["llama"], runs / OLD / ".part")
    (runs / OLD / ".part").rename(runs / OLD / "prefer-00010")
    assert available_models.local_models() == models.local_models()
    assert f"trained-{OLD}-prefer-00010" in [spec.id for spec in available_models.local_models()]


HOSTILE = [
    "trained-",
    "trained-../../../..-pretrain-00050",
    "trained-0123abcd-../pretrain-00050",
    "trained-0123abcd-pretrain-00050/../../..",
    "trained-0123abcd-pretrain-00050\n",
    "trained-0123abcd-pretrain-00050\0",
    "trained-0123ABCD-pretrain-00050",
    "trained-0123abcd/pretrain-00050",
    "trained-0123abcd-pretrain-٠٠٠٥٠",
    "trained-0123abcd-resume-00050",
    "trained-0123abcd-pretrain-50",
    "trained-" + "a" * 100_000,
]


@pytest.mark.parametrize("asked", HOSTILE)
def test_an_id_of_another_form_is_no_model(runs: Path, monkeypatch: pytest.MonkeyPatch, asked: str) -> None:
    monkeypatch.setattr(trained, "problem", lambda folder: pytest.fail(f"a path was made of it: {folder}"))
    assert trained.parsed(asked) is None and trained.where(asked) is None
    with pytest.raises(models.ModelError):
        models.spec(asked)


def test_a_run_that_is_gone_is_named_in_a_sentence(runs: Path) -> None:
    with pytest.raises(models.ModelError, match="only the newest runs are kept"):
        models.require("trained-ffffffff-pretrain-00050")
