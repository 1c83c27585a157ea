"""A GGUF file -> a folder in transformers' layout: bf16 safetensors, tokenizer.json, chat template, configurations.

Reads with `gguf` (numpy, memory-mapped) and writes some rows at a time, so that it needs neither torch nor the
memory of the model. Knows the Llama and Qwen2 families. llama.cpp keeps query and key rows of Llama in another order
(its rotary embedding turns neighbouring pairs, transformers' turns halves), and that order is undone here.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lib.models.disk import Progress
from lib.models.errors import ModelError
from lib.models.gguf_tokenizer import write_tokenizer

if TYPE_CHECKING:
    from gguf import GGUFReader

TOP = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}
BLOCK = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
ROWS = 4096  # of a matrix that are converted at a time
_ARCHITECTURES = {"llama": "LlamaForCausalLM", "qwen2": "Qwen2ForCausalLM"}


def convert(gguf: Path, folder: Path, progress: Progress) -> None:
    """Write the model in `gguf` into `folder` (made here). Raises ModelError (damaged, of no known kind)."""
    from gguf import GGUFReader

    try:
        reader = GGUFReader(gguf)
    except (ValueError, IndexError, KeyError, OSError) as error:
        raise ModelError(f"{gguf.name} is no whole GGUF file ({error}). Delete it and get it again.") from None
    meta = {key: field.contents() for key, field in reader.fields.items()}
    family = meta.get("general.architecture")
    if family not in _ARCHITECTURES:
        raise ModelError(
            f"{gguf.name} holds a '{family}' model. GGUF files are read for "
            f"{' and '.join(_ARCHITECTURES)} models; for others use the safetensors files."
        )
    folder.mkdir(parents=True, exist_ok=True)
    config = configuration(meta, tied=not any(tensor.name == "output.weight" for tensor in reader.tensors))
    _write_json(folder / "config.json", config)
    _write_json(
        folder / "generation_config.json",
        {key: config[key] for key in ("bos_token_id", "eos_token_id", "pad_token_id") if config.get(key) is not None},
    )
    write_tokenizer(meta, folder)
    _write_weights(reader, config, folder / "model.safetensors", progress)


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def configuration(meta: Mapping[str, Any], *, tied: bool) -> dict[str, Any]:
    """transformers' config.json from a GGUF's metadata."""
    family = meta["general.architecture"]
    heads = meta[f"{family}.attention.head_count"]
    eps = float(np.float32(meta[f"{family}.attention.layer_norm_rms_epsilon"]))
    return {
        "architectures": [_ARCHITECTURES[family]],
        "model_type": family,
        "hidden_act": "silu",
        "hidden_size": meta[f"{family}.embedding_length"],
        "intermediate_size": meta[f"{family}.feed_forward_length"],
        "num_hidden_layers": meta[f"{family}.block_count"],
        "num_attention_heads": heads,
        "num_key_value_heads": meta.get(f"{family}.attention.head_count_kv", heads),
        "max_position_embeddings": meta[f"{family}.context_length"],
        "rms_norm_eps": float(f"{eps:.6g}"),  # stored as float32: 9.999999747e-06 is 1e-05
        "rope_theta": float(meta.get(f"{family}.rope.freq_base", 10_000.0)),
        "tie_word_embeddings": tied,
        "vocab_size": len(meta["tokenizer.ggml.tokens"]),
        "bos_token_id": meta.get("tokenizer.ggml.bos_token_id"),
        "eos_token_id": meta.get("tokenizer.ggml.eos_token_id"),
        "pad_token_id": meta.get("tokenizer.ggml.padding_token_id"),
        "torch_dtype": "bfloat16",
    }


def tensor_name(name: str) -> str | None:
    """transformers' name for a GGUF tensor, None for tensors that are recomputed there (rope_freqs).

    >>> tensor_name("blk.3.attn_q.weight"), tensor_name("token_embd.weight")
    ('model.layers.3.self_attn.q_proj.weight', 'model.embed_tokens.weight')
    """
    stem, _, kind = name.rpartition(".")
    if stem in TOP:
        return f"{TOP[stem]}.{kind}"
    block, _, part = stem.removeprefix("blk.").partition(".")
    return f"model.layers.{block}.{BLOCK[part]}.{kind}" if part in BLOCK else None


def to_bfloat16(values: np.ndarray) -> np.ndarray:
    """float32 -> the upper 16 bits (uint16), rounded to nearest, ties to even, as torch rounds.

    >>> [hex(x) for x in to_bfloat16(np.array([1.0, -2.0], dtype=np.float32))]
    ['0x3f80', '0xc000']
    """
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def halves(rows: np.ndarray, heads: int) -> np.ndarray:
    """Rows of a query or key matrix from neighbouring rotary pairs (0, 1), (2, 3) … to halves (0, d/2), (1, d/2 + 1) …

    >>> halves(np.arange(4), heads=1).tolist()
    [0, 2, 1, 3]
    """
    pairs = rows.reshape(heads, rows.shape[0] // heads // 2, 2, *rows.shape[1:])  # (heads, d/2, 2, in)
    return pairs.swapaxes(1, 2).reshape(rows.shape)


def _reorder(name: str, config: Mapping[str, Any]) -> Callable[[np.ndarray], np.ndarray] | None:
    """What has to be done to the rows of a whole tensor, if anything."""
    if config["model_type"] == "llama" and (".attn_q." in name or ".attn_k." in name):
        heads = config["num_attention_heads" if ".attn_q." in name else "num_key_value_heads"]
        return lambda rows: halves(rows, heads)
    return None


def _write_weights(reader: "GGUFReader", config: Mapping[str, Any], path: Path, progress: Progress) -> None:
    """The safetensors file by hand (8-byte header length, JSON header, data), some rows in memory at a time."""
    from gguf import dequantize

    tensors = [(tensor_name(tensor.name), tensor) for tensor in reader.tensors]
    known = [(name, tensor) for name, tensor in tensors if name]
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    offset = 0
    for name, tensor in known:
        shape = [int(size) for size in reversed(tensor.shape)]  # GGUF counts dimensions from the innermost
        size = 2 * int(np.prod(shape))
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for index, (name, tensor) in enumerate(known):
            reorder, start = _reorder(tensor.name, config), file.tell()
            step = ROWS if reorder is None else len(tensor.data)
            for row in range(0, len(tensor.data), step):
                values = dequantize(tensor.data[row : row + step], tensor.tensor_type)
                file.write(to_bfloat16(values if reorder is None else reorder(values)).tobytes())
            begin, end = header[name]["data_offsets"]
            if file.tell() - start != end - begin:
                raise ModelError(f"The tensor {tensor.name} in the GGUF file has an unexpected shape.")
            progress("Converting the weights to bfloat16", (index + 1) / len(known))
