"""Small real models as files, made without transformers: what the faults and fuzzes of model folders break."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lib.models import gguf
from lib.tokenization.vocabulary import BYTE_ALPHABET

VOCAB = 264
CONFIG: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "vocab_size": VOCAB,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "max_position_embeddings": 64,
    "rms_norm_eps": 1e-5,
    "rope_theta": 10_000.0,
    "hidden_act": "silu",
    "tie_word_embeddings": False,
    "bos_token_id": 0,
    "eos_token_id": 2,
}
_CONTROL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
_MERGES = [("t", "h"), ("th", "e"), ("Ġ", "the"), ("a", "n"), ("Ġ", "a")]


def make(folder: Path, **changes: Any) -> Path:
    """A random Llama of two blocks with its tokenizer; `changes`: of its config.json, weights made to fit."""
    folder.mkdir(parents=True)
    config = CONFIG | changes
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer()), encoding="utf-8")
    write_weights(folder / "model.safetensors", weights(config))
    return folder


def change(folder: Path, **changes: Any) -> None:
    """Other values in a config.json."""
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | changes), encoding="utf-8")


def tokenizer() -> dict[str, Any]:
    """A tokenizer.json: byte-level BPE, control tokens first."""
    entries = [*_CONTROL, *sorted(BYTE_ALPHABET), *("".join(pair) for pair in _MERGES)]
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": number, "content": text, **flags} for number, text in enumerate(_CONTROL)],
        "normalizer": None,
        "pre_tokenizer": level,
        "post_processor": None,
        "decoder": level,
        "model": {
            "type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
            "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False,
            "vocab": {entry: number for number, entry in enumerate(entries)},
            "merges": [list(pair) for pair in _MERGES],
        },
    }  # fmt: skip


def weights(config: Mapping[str, Any], seed: int = 0) -> dict[str, np.ndarray]:
    """Random float32 tensors by transformers' names, norms near 1."""
    rng = np.random.default_rng(seed)
    made = {}
    for name, shape in gguf.shapes(config, str(config["model_type"])).items():
        values = rng.standard_normal(shape) * 0.4 + (1.0 if "norm" in name else 0.0)
        made[str(gguf.tensor_name(name))] = values.astype(np.float32)
    return made


def write_weights(path: Path, tensors: Mapping[str, np.ndarray]) -> None:
    """A safetensors file."""
    from safetensors.numpy import save_file

    save_file(dict(tensors), path, metadata={"format": "pt"})


def write_gguf(
    source: Path,
    path: Path,
    *,
    settings: Mapping[str, Any] | None = None,
    tensors: Mapping[str, np.ndarray] | None = None,
    kind: str = "F32",
) -> Path:
    """A folder of `make` as llama.cpp's convert_hf_to_gguf.py writes it. `settings`: others of the architecture, None
    for one to be left out; `tensors`: others; `kind`: of the matrices (F32, F16, Q8_0, …)."""
    from gguf import GGMLQuantizationType, GGUFWriter, quantize
    from safetensors.numpy import load_file

    config = json.loads((source / "config.json").read_text(encoding="utf-8"))
    family, heads, kv_heads = config["model_type"], config["num_attention_heads"], config["num_key_value_heads"]
    writer = GGUFWriter(path, family)
    _write_settings(writer, config, settings or {})
    _write_vocabulary(writer, json.loads((source / "tokenizer.json").read_text(encoding="utf-8")))
    names = {str(gguf.tensor_name(name)): name for name in gguf.shapes(config, family)}
    for theirs, stored in load_file(source / "model.safetensors").items():
        name, values = names[theirs], stored
        if family == "llama" and (".attn_q." in name or ".attn_k." in name):
            values = pairs(stored, heads if ".attn_q." in name else kv_heads)
        if values.ndim == 2 and kind != "F32":
            quantised = GGMLQuantizationType[kind]
            writer.add_tensor(name, quantize(values, quantised), raw_dtype=quantised)
        else:
            writer.add_tensor(name, np.ascontiguousarray(values))
    for name, values in (tensors or {}).items():
        writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def pairs(rows: np.ndarray, heads: int) -> np.ndarray:
    """Rows of a query or key matrix from halves to neighbouring pairs, as convert_hf_to_gguf.py's `permute` does."""
    halves = rows.reshape(heads, 2, rows.shape[0] // heads // 2, *rows.shape[1:])
    return np.ascontiguousarray(halves.swapaxes(1, 2)).reshape(rows.shape)


def _write_settings(writer: Any, config: Mapping[str, Any], others: Mapping[str, Any]) -> None:
    settings = {
        "block_count": config["num_hidden_layers"],
        "context_length": config["max_position_embeddings"],
        "embedding_length": config["hidden_size"],
        "feed_forward_length": config["intermediate_size"],
        "attention.head_count": config["num_attention_heads"],
        "attention.head_count_kv": config["num_key_value_heads"],
        "attention.layer_norm_rms_epsilon": float(config["rms_norm_eps"]),
        "rope.freq_base": float(config["rope_theta"]),
    }
    for key, value in (settings | dict(others)).items():
        if value is None:
            continue
        add = {bool: writer.add_bool, int: writer.add_uint32, float: writer.add_float32, str: writer.add_string}
        add.get(type(value), writer.add_array)(f"{config['model_type']}.{key}", value)


def _write_vocabulary(writer: Any, spec: Mapping[str, Any]) -> None:
    vocabulary = sorted(spec["model"]["vocab"], key=spec["model"]["vocab"].get)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(vocabulary)
    writer.add_token_types([3 if token in _CONTROL else 1 for token in vocabulary])
    writer.add_token_merges([" ".join(merge) for merge in spec["model"]["merges"]])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(2)
