"""The pair that ships with the app: its files, its place among the other models, and what each half does."""

import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from lib import chat, engine, models
from lib.engine import InspectableEngine, Sampling, inspectable
from lib.models import local

GREEDY = Sampling(temperature=0)
TEMPLATE = "{% for m in messages %}{{ m['content'] }}{% endfor %}"


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_models: dict[str, Path]) -> Path:
    """A machine with nothing but a pair that ships (tiny stand-ins for it); gives back an empty folder of one's own."""
    monkeypatch.setenv("PLAYGROUND_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hf"))
    monkeypatch.setenv("PLAYGROUND_MODELS", str(tmp_path / "mine"))
    (tmp_path / "mine").mkdir()
    for model_id in models.SHIPPED:
        shutil.copytree(tiny_models["llama"], tmp_path / "ships" / model_id)
    (tmp_path / "ships" / models.CHAT / "chat_template.jinja").write_text(TEMPLATE)
    monkeypatch.setattr(local, "SHIPPED_FOLDER", tmp_path / "ships")
    return tmp_path / "mine"


def test_a_bare_machine_has_the_pair_and_every_page_a_model(bare: Path) -> None:
    assert [(spec.id, spec.role) for spec in models.local_models()] == [
        (models.BASE, "base"),
        (models.CHAT, "instruct"),
    ]
    assert models.default("base") == models.default("capable") == models.BASE
    assert models.default("instruct") == models.CHAT
    found = models.require(models.BASE)
    assert found.source == "shipped" and models.get(models.BASE, progress=lambda *_: None) == found
    assert not {*models.SHIPPED} & {spec.id for spec in models.gettable()}


def test_an_own_base_model_goes_before_the_shipped_one_and_an_instruct_model_is_none(
    bare: Path, tiny_models: dict[str, Path]
) -> None:
    shutil.copytree(tiny_models["qwen2"], bare / "talks")
    (bare / "talks" / "chat_template.jinja").write_text(TEMPLATE)
    assert (models.default("base"), models.default("instruct")) == (models.BASE, "talks")
    assert models.default("capable") == "talks"
    shutil.copytree(tiny_models["gpt2"], bare / "raw")
    assert (models.default("base"), models.default("capable")) == ("raw", "raw")


def test_a_folder_of_the_same_name_keeps_apart(bare: Path, tiny_models: dict[str, Path]) -> None:
    shutil.copytree(tiny_models["gpt2"], bare / "Playground-Base")
    assert {"playground-base-local", models.BASE} <= {spec.id for spec in models.local_models()}
    assert models.require(models.BASE).source == "shipped"


def test_a_damaged_pair_is_a_sentence(bare: Path) -> None:
    weights = local.SHIPPED_FOLDER / models.BASE / "model.safetensors"
    os.truncate(weights, 100)
    assert models.where(models.BASE) is None and models.default("base") == models.CHAT
    with pytest.raises(models.ModelError, match="comes with the app"):
        models.spec(models.BASE)


# The rest is about the files in the repository.


def test_the_weights_are_those_that_the_repository_names() -> None:
    lines = (local.SHIPPED_FOLDER / "SHA256SUMS").read_text().splitlines()
    named = {name.strip(): digest for digest, name in (line.split(maxsplit=1) for line in lines)}
    assert {f"{model_id}/model.safetensors" for model_id in models.SHIPPED} <= set(named)
    for name, digest in named.items():
        assert hashlib.sha256((local.SHIPPED_FOLDER / name).read_bytes()).hexdigest() == digest, name


def test_the_pair_is_small_one_shape_and_one_vocabulary() -> None:
    base, tuned = models.spec(models.BASE), models.spec(models.CHAT)
    assert (base.role, tuned.role) == ("base", "instruct")
    shape = [(spec.family, spec.layers, spec.hidden_size, spec.vocab_size, spec.context) for spec in (base, tuned)]
    assert shape[0] == shape[1] and base.parameters == tuned.parameters
    assert all(spec.download_bytes < 12_000_000 for spec in (base, tuned))
    files = [(local.SHIPPED_FOLDER / model_id / "tokenizer.json").read_bytes() for model_id in models.SHIPPED]
    assert files[0] == files[1]
    for model_id in models.SHIPPED:
        assert (local.SHIPPED_FOLDER / model_id / "README.md").is_file()


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[InspectableEngine, InspectableEngine]]:
    """Base and chat, loaded."""
    loaded = inspectable(engine.load(models.BASE)), inspectable(engine.load(models.CHAT))
    yield loaded
    for one in loaded:
        one.close()


def written(model: InspectableEngine, ids: list[int], *, length: int = 30) -> tuple[str, str]:
    """The text after `ids`, greedily and without its end token; and why it ended."""
    run = model.generate(ids, sampling=GREEDY, max_new_tokens=length)
    made = [step.id for step in run]
    return model.tokenizer.decode([i for i in made if i not in model.stop_ids]), str(run.finish_reason)


def asked(model: InspectableEngine, text: str) -> list[int]:
    template = chat.for_model(models.CHAT)
    return list(chat.render([{"role": "user", "content": text}], template=template, tokenizer=model.tokenizer).ids)


def test_the_base_model_goes_on_with_the_list_of_questions(pair) -> None:
    base, _ = pair
    text, _ = written(base, base.tokenizer.ids("What is 2 + 2?"))
    assert "2 + 2 = 4" not in text and ("?" in text or "book" in text)


def test_the_base_model_goes_on_with_a_sum(pair) -> None:
    base, _ = pair
    text, _ = written(base, base.tokenizer.ids("2 + 2 ="), length=4)
    assert text.startswith(" 4.")


def test_the_chat_model_answers_and_ends_its_turn(pair) -> None:
    _, tuned = pair
    text, reason = written(tuned, asked(tuned, "What is 2 + 2?"))
    assert "4" in text.split("=")[-1] and reason == "stop"
    text, reason = written(tuned, asked(tuned, "Where does the penguin live?"))
    assert "snow" in text and reason == "stop"


def test_the_template_is_what_makes_it_answer(pair) -> None:
    _, tuned = pair
    end = tuned.tokenizer.special["<|im_end|>"]
    raw = tuned.tokenizer.ids("What is 2 + 2?")
    ids = asked(tuned, "What is 2 + 2?")
    assert not set(raw) & set(tuned.tokenizer.special.values()) and end in ids
    answered = written(tuned, ids)
    assert written(tuned, raw) != answered
