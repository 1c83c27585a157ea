"""Model folders of one's own: found, described, refused with a sentence; GGUF converted; the catalog."""

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from lib import models
from lib.models import gguf, local, memory
from lib.models.catalog import PREFERENCE
from lib.models.folders import problem

TEMPLATE = "{% for m in messages %}{{ m['content'] }}{% endfor %}"


def silent(*_: object) -> None:
    """No progress."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that PLAYGROUND_MODELS names; nothing else is here, not even what ships with the app."""
    monkeypatch.setattr(local, "SHIPPED_FOLDER", tmp_path / "nothing-ships")
    monkeypatch.setenv("PLAYGROUND_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hf"))
    (tmp_path / "mine").mkdir()
    monkeypatch.setenv("PLAYGROUND_MODELS", str(tmp_path / "mine"))
    return tmp_path / "mine"


def link(source: Path, target: Path) -> Path:
    """A copy of a model folder made of links, except for the small files."""
    target.mkdir()
    for file in source.iterdir():
        (target / file.name).write_bytes(file.read_bytes())
    return target


def test_folders_of_folders_and_folders_are_found(tiny_models, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link(tiny_models["llama"], folder / "Llama-Tiny")
    paths = os.pathsep.join([str(folder), str(tiny_models["qwen2"]), "/nowhere"])
    monkeypatch.setenv("PLAYGROUND_MODELS", paths)
    assert [spec.id for spec in models.local_models()] == ["llama-tiny", "tiny-qwen2"]
    assert models.where("llama-tiny") == models.Location(folder / "Llama-Tiny", "folder")
    assert models.problems() == ["PLAYGROUND_MODELS names /nowhere, and there is no such folder."]


def test_a_folder_describes_itself(tiny_models, folder: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    for family, source in tiny_models.items():
        link(source, folder / f"my-{family}")
        spec = models.spec(f"my-{family}")
        module = AutoModelForCausalLM.from_pretrained(source, dtype=torch.float32)
        assert spec.parameters == sum(p.numel() for p in module.parameters())
        assert (spec.family, spec.role, spec.context, spec.layers, spec.hidden_size, spec.vocab_size) == (
            family,
            "base",
            64,
            1,
            8,
            300,
        )
        assert spec.tokenizer == str(folder / f"my-{family}") and spec.dtype == "float32"
        assert spec.kv_width == (8 if family == "gpt2" else 4)


def test_a_chat_template_makes_it_an_instruct_model(tiny_models, folder: Path) -> None:
    new, old = link(tiny_models["llama"], folder / "new"), link(tiny_models["qwen2"], folder / "old")
    (new / "chat_template.jinja").write_text(TEMPLATE)
    config = json.loads((old / "tokenizer_config.json").read_text())
    (old / "tokenizer_config.json").write_text(json.dumps(config | {"chat_template": TEMPLATE}))
    assert [(spec.role, spec.template) for spec in models.local_models()] == [("instruct", TEMPLATE)] * 2


def test_a_folder_with_the_name_of_a_catalog_model_but_another_shape_keeps_apart(tiny_models, folder: Path) -> None:
    link(tiny_models["gpt2"], folder / "gpt2")
    assert [spec.id for spec in models.local_models()] == ["gpt2-local"] and models.where("gpt2") is None
    assert models.spec("gpt2").vocab_size == 50_257 and models.default("base") == "gpt2-local"


def test_without_catalog_models_one_s_own_are_the_default(tiny_models, folder: Path) -> None:
    assert models.default("base") == models.default("instruct") == models.EMBEDDED
    link(tiny_models["gpt2"], folder / "raw")
    (link(tiny_models["qwen2"], folder / "talks") / "chat_template.jinja").write_text(TEMPLATE)
    assert (models.default("base"), models.default("instruct")) == ("raw", "talks")


def test_the_catalog_model_is_recognised_by_its_hub_name(tiny_models, folder: Path) -> None:
    target = link(tiny_models["qwen2"], folder / "Qwen1.5-0.5B-Chat")
    config = json.loads((target / "config.json").read_text())
    shape = {"num_hidden_layers": 24, "hidden_size": 1024, "vocab_size": 151_936}
    (target / "config.json").write_text(json.dumps(config | shape))
    assert models.where("qwen1.5-0.5b-chat") == models.Location(target, "folder")


def test_the_hugging_face_cache_under_the_old_name(tiny_models, folder: Path, tmp_path: Path) -> None:
    base = tmp_path / "hf" / "models--gpt2"
    (base / "snapshots").mkdir(parents=True)
    link(tiny_models["gpt2"], base / "snapshots" / "aaa")
    broken = link(tiny_models["gpt2"], base / "snapshots" / "bbb")
    (broken / "model.safetensors").unlink()
    (base / "refs").mkdir()
    (base / "refs" / "main").write_text("bbb")  # named, but not whole
    assert models.where("gpt2") == models.Location(base / "snapshots" / "aaa", "hub cache")
    link(tiny_models["gpt2"], base / "snapshots" / "ccc")
    (base / "refs" / "main").write_text("ccc")
    assert models.where("gpt2") == models.Location(base / "snapshots" / "ccc", "hub cache")


def test_what_is_wrong_with_a_folder_is_one_sentence(tiny_models, folder: Path) -> None:
    cut = link(tiny_models["gpt2"], folder / "cut") / "model.safetensors"
    os.truncate(cut, cut.stat().st_size - 1)
    pickle = link(tiny_models["gpt2"], folder / "pickle")
    (pickle / "model.safetensors").rename(pickle / "pytorch_model.bin")
    shards = link(tiny_models["gpt2"], folder / "shards")
    (shards / "model.safetensors").unlink()
    index = {"weight_map": {"a": "model-00001-of-00001.safetensors"}}
    (shards / "model.safetensors.index.json").write_text(json.dumps(index))
    broken = link(tiny_models["gpt2"], folder / "broken")
    (broken / "config.json").write_text("{")
    text = link(tiny_models["gpt2"], folder / "text")
    (text / "model.safetensors").write_text("<html>not found</html>")
    words = {
        "broken": "config.json",
        "cut": "damaged: it has",
        "pickle": "pickles",
        "shards": "is missing",
        "text": "damaged: its header",
    }
    sentences = models.problems()
    assert models.local_models() == [] and len(sentences) == len(words)
    for (name, word), sentence in zip(words.items(), sentences, strict=True):
        assert word in sentence and name in sentence
        with pytest.raises(models.ModelError, match=name):
            models.get(name, progress=silent)
        with pytest.raises(models.ModelError):
            models.require(name)


def test_an_index_cannot_point_outside_its_folder(tiny_models, folder: Path) -> None:
    target = link(tiny_models["gpt2"], folder / "m")
    index = {"weight_map": {"a": "../../secret/model.safetensors"}}
    (target / "model.safetensors.index.json").write_text(json.dumps(index))
    assert "names files outside of its folder" in (problem(target) or "")


def test_unknown_ids_are_named(folder: Path) -> None:
    with pytest.raises(models.ModelError, match="no model called 'gpt5'"):
        models.get("gpt5", progress=silent)


def to_gguf(source: Path, path: Path) -> None:
    """A tiny Llama or Qwen2 folder as the GGUF that llama.cpp's converter would write, in float32."""
    from gguf import GGUFWriter
    from safetensors.numpy import load_file

    config = json.loads((source / "config.json").read_text())
    tokenizer = json.loads((source / "tokenizer.json").read_text())
    family, heads, kv = config["model_type"], config["num_attention_heads"], config["num_key_value_heads"]
    writer = GGUFWriter(path, family)
    writer.add_block_count(1)
    writer.add_context_length(64)
    writer.add_embedding_length(8)
    writer.add_feed_forward_length(16)
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv)
    writer.add_rope_freq_base(10_000.0)
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    vocab = sorted(tokenizer["model"]["vocab"], key=tokenizer["model"]["vocab"].get)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(vocab)
    writer.add_token_types([3 if token.startswith("<|") else 1 for token in vocab])
    writer.add_token_merges([" ".join(merge) for merge in tokenizer["model"]["merges"]])
    writer.add_eos_token_id(2)
    back = {f"{theirs}.": f"{ours}." for ours, theirs in gguf.BLOCK.items()}
    top = {f"{theirs}.": f"{ours}." for ours, theirs in gguf.TOP.items()}
    for name, values in load_file(source / "model.safetensors").items():
        ours = name.replace("model.layers.", "blk.")
        for theirs, short in (back | top).items():
            ours = ours.replace(theirs, short)
        if family == "llama" and ("attn_q" in ours or "attn_k" in ours):  # as convert_hf_to_gguf.py permutes
            n = heads if "attn_q" in ours else kv
            shape = (n, 2, values.shape[0] // n // 2, -1)
            writer.add_tensor(ours, np.ascontiguousarray(values.reshape(shape).swapaxes(1, 2)).reshape(values.shape))
            continue
        writer.add_tensor(ours, np.ascontiguousarray(values))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@pytest.mark.parametrize("family", ["llama", "qwen2"])
def test_a_gguf_folder_is_converted_to_the_same_model(tiny_models, folder: Path, family: str) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    (folder / "mine").mkdir()
    to_gguf(tiny_models[family], folder / "mine" / "model.gguf")
    assert models.where("mine") is None and models.gettable()[0].id == "mine"
    found = models.get("mine", progress=silent)
    assert models.where("mine") == found and [spec.id for spec in models.local_models()] == ["mine"]
    original = AutoModelForCausalLM.from_pretrained(tiny_models[family], dtype=torch.bfloat16)
    converted = AutoModelForCausalLM.from_pretrained(found.folder, dtype=torch.bfloat16)
    assert original.state_dict().keys() == converted.state_dict().keys()
    for name, values in original.state_dict().items():
        assert torch.equal(values, converted.state_dict()[name]), name
    text = "the cat 12 sat 🚀"
    tokenizers = [AutoTokenizer.from_pretrained(path) for path in (tiny_models[family], found.folder)]
    assert tokenizers[0](text).input_ids == tokenizers[1](text).input_ids


def test_a_gguf_that_is_cut_short_is_a_sentence(tiny_models, folder: Path) -> None:
    (folder / "mine").mkdir()
    to_gguf(tiny_models["llama"], folder / "mine" / "model.gguf")
    os.truncate(folder / "mine" / "model.gguf", 5_000)
    with pytest.raises(models.ModelError, match="no whole GGUF"):
        models.get("mine", progress=silent)
    assert not list(local.app_folder("x").parent.glob(".part-*"))


def test_bfloat16_is_rounded_as_torch_rounds() -> None:
    import torch

    values = np.random.default_rng(0).standard_normal(10_000).astype(np.float32)
    ours = gguf.to_bfloat16(values).view(np.int16)
    assert (torch.from_numpy(values).to(torch.bfloat16).view(torch.int16).numpy() == ours).all()


def test_the_catalog_is_whole() -> None:
    assert {
        "gpt2",
        "distilgpt2",
        "gpt2-medium",
        "qwen1.5-1.8b-chat",
        "qwen1.5-0.5b-chat",
        "qwen2.5-0.5b-instruct",
        "qwen3-0.6b",
        "qwen2.5-0.5b",
        models.EMBEDDED,
    } == models.CATALOG.keys()
    for role, ids in PREFERENCE.items():
        assert sorted(ids) == sorted(spec.id for spec in models.CATALOG.values() if spec.role == role)
    assert PREFERENCE["instruct"][-1] == models.EMBEDDED


@pytest.mark.parametrize("model_id", sorted(models.CATALOG))
def test_catalog_numbers_are_those_of_the_architecture(model_id: str) -> None:
    from lib import architecture

    spec = models.CATALOG[model_id]
    assert architecture.ledger(model_id).total == spec.parameters


def test_memory_needed_is_held_against_memory_free() -> None:
    needed, free = models.fits("gpt2")
    assert needed == 2 * 124_439_808 + memory.headroom()
    assert (free is None) == (sys.platform == "darwin") and (free or 0) <= (memory.total_bytes() or 0)
    assert memory.needed_bytes(models.CATALOG["gpt2"], "float32") - needed == 2 * 124_439_808


def test_a_container_limit_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "memory.max").write_text("1000000000\n")
    (tmp_path / "memory.current").write_text("700000000\n")
    (tmp_path / "memory.stat").write_text("anon 1\ninactive_file 100000000\n")
    monkeypatch.setattr(memory, "CGROUPS", ((str(tmp_path / "memory.max"), str(tmp_path / "memory.current")),))
    assert memory.total_bytes() == 1_000_000_000 and memory.available_bytes() == 400_000_000
    (tmp_path / "memory.max").write_text("max\n")
    unlimited = memory.total_bytes()
    monkeypatch.setattr(memory, "CGROUPS", ())
    assert unlimited == memory.total_bytes()
