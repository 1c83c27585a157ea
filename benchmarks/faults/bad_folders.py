"""Model folders that somebody could have in PLAYGROUND_MODELS, each broken in its own way, and what is said of it."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.faults import tiny_files

Damage = Callable[[Path], object]  # breaks a folder of `tiny_files.make`


def _json(**changes: object) -> Damage:
    return lambda folder: tiny_files.change(folder, **changes)


def _text(file: str, text: str) -> Damage:
    return lambda folder: (folder / file).write_text(text, encoding="utf-8")


def _cut(file: str, left: int) -> Damage:
    return lambda folder: os.truncate(folder / file, left)


def _instead(file: str, put: Callable[[Path], object]) -> Damage:
    """Something that is no file in place of a file."""

    def damage(folder: Path) -> None:
        (folder / file).unlink()
        put(folder / file)

    return damage


def _only(file: str) -> Damage:
    def damage(folder: Path) -> None:
        for other in folder.iterdir():
            if other.name != file:
                other.unlink()

    return damage


def _without(file: str) -> Damage:
    return lambda folder: (folder / file).unlink()


def _sharded(name: str) -> Damage:
    def damage(folder: Path) -> None:
        (folder / "model.safetensors").unlink()
        index = {"weight_map": {"model.norm.weight": name}}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")

    return damage


def _tokenizer(size: int) -> Damage:
    def damage(folder: Path) -> None:
        spec = tiny_files.tokenizer()
        spec["model"]["vocab"] |= {f"word{number}": number for number in range(tiny_files.VOCAB, size)}
        (folder / "tokenizer.json").write_text(json.dumps(spec), encoding="utf-8")

    return damage


def _gguf(folder: Path) -> None:
    _only("tokenizer.json")(folder)
    (folder / "model.gguf").write_bytes(b"GGUF" + (3).to_bytes(4, "little") + b"\xff" * 40)


# Named where models are listed. Name of the folder -> (damage, words of the sentence).
LISTED: dict[str, tuple[Damage, str]] = {
    "no-heads": (_json(num_attention_heads=0), "num_attention_heads is 0, and that has to be a whole number"),
    "nine-heads": (_json(num_attention_heads="nine"), 'num_attention_heads is "nine", and that has to be'),
    "width-below-0": (_json(hidden_size=-16), "hidden_size is -16"),
    "heads-not-shared": (_json(num_attention_heads=4, num_key_value_heads=3), "cannot be shared evenly"),
    "a-million-layers": (_json(num_hidden_layers=1_000_000), "num_hidden_layers"),
    "a-billion-experts": (_json(num_local_experts=10**9), "num_local_experts"),
    "nan": (_text("config.json", '{"model_type": "llama", "rms_norm_eps": NaN}'), '"rms_norm_eps" is NaN'),
    "infinite": (_text("config.json", '{"model_type": "llama", "rope_theta": 1e400}'), '"rope_theta" is Infinity'),
    "a-list": (_text("config.json", "[]"), "holds no JSON object"),
    "no-json": (_text("config.json", "{"), "is not JSON"),
    "5000-digits": (_text("config.json", '{"model_type": "llama", "n": ' + "9" * 5000 + "}"), "is not JSON"),
    "nested": (_text("config.json", '{"a":' * 20_000), "nested too deeply"),
    "nested-less": (_text("config.json", '{"model_type": "llama", "a": ' + "[" * 99 + "]" * 99 + "}"), "too deeply"),
    "100-mb": (_cut("config.json", 100_000_000), "has more than 2 MB"),
    "pipe": (_instead("config.json", os.mkfifo), "is no ordinary file"),
    "device": (_instead("config.json", lambda path: path.symlink_to("/dev/zero")), "is no ordinary file"),
    "circle": (_instead("config.json", lambda path: path.symlink_to(path.name)), "cannot be read"),
    "theta-a-text": (_json(rope_theta="abc"), 'rope_theta is "abc", and that has to be a number above 0'),
    "eos-two": (_json(eos_token_id="two"), 'eos_token_id is "two", which is no token ID'),
    "eos-two-again": (_text("generation_config.json", '{"eos_token_id": "two"}'), "generation_config.json says"),
    "tokenizer-alone": (_only("tokenizer.json"), "has no config.json"),
    "no-tokenizer": (_without("tokenizer.json"), "has no tokenizer.json"),
    "other-tokenizer": (_tokenizer(500), "is of another model: it has 500 tokens"),
    "tokenizer-a-list": (_text("tokenizer.json", "[]"), "holds no JSON object"),
    "no-vocabulary": (_text("tokenizer.json", '{"model": {"type": "BPE"}}'), "it has no vocabulary"),
    "added-texts": (_text("tokenizer.json", '{"model": {"vocab": {}}, "added_tokens": {"a": 1}}'), "are no list"),
    "cut": (_cut("model.safetensors", 9_000), "is damaged"),
    "html": (_text("model.safetensors", "<html>not found</html>"), "its header is not there"),
    "weights-pipe": (_instead("model.safetensors", os.mkfifo), "is no ordinary file"),
    "no-weights": (_without("model.safetensors"), "has no weights"),
    "shard-missing": (_sharded("model-00001-of-00002.safetensors"), "is missing"),
    "shard-elsewhere": (_sharded("../../secret.safetensors"), "names files outside of its folder"),
    "gguf": (_gguf, "no whole GGUF file"),
    "line\nbreak": (_json(), "characters that cannot be shown"),
}


def _weights(change: Callable[[dict[str, np.ndarray]], object]) -> Damage:
    def damage(folder: Path) -> None:
        tensors = tiny_files.weights(tiny_files.CONFIG)
        change(tensors)
        tiny_files.write_weights(folder / "model.safetensors", tensors)

    return damage


def _nan(tensors: dict[str, np.ndarray]) -> None:
    tensors["model.layers.1.mlp.down_proj.weight"][2, 3] = np.nan


def _infinite(tensors: dict[str, np.ndarray]) -> None:
    tensors["model.norm.weight"][0] = np.inf


def _codes(tensors: dict[str, np.ndarray]) -> None:
    tensors["lm_head.weight"] = tensors["lm_head.weight"].astype(np.int8)


# Whole to the eye, and named when a page asks for them.
LOADED: dict[str, tuple[Damage, str]] = {
    "nan-weights": (_weights(_nan), "model.layers.1.mlp.down_proj.weight holds values that are infinite or not"),
    "infinite-weights": (_weights(_infinite), "model.norm.weight holds values that are infinite or not"),
    "no-norm": (_weights(lambda tensors: tensors.pop("model.norm.weight")), "lacks 1 of its weights"),
    "no-head": (_weights(lambda tensors: tensors.pop("lm_head.weight")), "lacks 1 of its weights"),
    "codes": (_weights(_codes), "keeps its weights as I8"),
    "other-width": (_json(hidden_size=32), "weights of another shape than its config.json says"),
    "more-tokens": (_json(vocab_size=300), "weights of another shape than its config.json says"),
    "a-thousand-layers": (_json(num_hidden_layers=1_000), "describes more than"),
    "a-wide-head": (_json(head_dim=99_998), "config.json that describes"),
    "unknown-kind": (_json(model_type="quux"), "“quux”, which transformers does not know"),
    "own-code": (
        _json(model_type="quux", auto_map={"AutoConfig": "evil.C", "AutoModelForCausalLM": "evil.M"}),
        "Models that bring code of their own are never run here",
    ),
}
