"""A GGUF file -> a folder in transformers' layout: bf16 safetensors, tokenizer.json, chat template, configurations.

Reads with `gguf` (numpy, memory-mapped) and writes some rows at a time, so that it needs neither torch nor the
memory of the model. Knows the Llama, Qwen2 and Qwen3 families. llama.cpp keeps query and key rows of Llama in another
order (its rotary embedding turns neighbouring pairs, transformers' turns halves), and that order is undone here.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lib.models import gguf_header
from lib.models.disk import Progress, check_space
from lib.models.errors import ModelError
from lib.models.folder_config import file_in_folder
from lib.models.gguf_config import Metadata, configuration
from lib.models.gguf_tokenizer import write_tokenizer

if TYPE_CHECKING:
    from gguf import GGUFReader
    from gguf.gguf_reader import ReaderTensor

TOP = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}
BLOCK = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
ROWS = 4096  # of a matrix that are converted at a time


def convert(gguf: Path, folder: Path, progress: Progress) -> None:
    """Write the model in `gguf` into `folder` (made here). Raises ModelError (damaged, of no known kind)."""
    from gguf import GGUFReader

    gguf_header.check(gguf)
    name = file_in_folder(gguf)
    try:
        reader = GGUFReader(gguf)
        values = {key: field.contents() for key, field in reader.fields.items()}
    except (ValueError, IndexError, KeyError, TypeError, OverflowError, OSError, RecursionError) as error:
        lines = str(error).strip().splitlines() or ["it cannot be read"]
        raise ModelError(f"{name} is no whole GGUF file ({lines[0][:200]}). Delete it and get it again.") from None
    meta = Metadata(values, name)
    if (parts := values.get("split.count")) and parts != 1:
        raise meta.refused("is one of several files that make a model together")
    tensors = {tensor.name: tensor for tensor in reader.tensors}
    config = configuration(
        meta,
        tied="output.weight" not in tensors,
        rows=int(tensors["token_embd.weight"].shape[-1]) if "token_embd.weight" in tensors else 0,
        biases={name.split(".")[-2] for name in tensors if name.endswith(".bias")},
        factors=_values(tensors["rope_freqs.weight"]) if "rope_freqs.weight" in tensors else None,
    )
    check_tensors(tensors, config, meta)
    folder.mkdir(parents=True, exist_ok=True)
    check_space(folder, 2 * sum(int(tensor.n_elements) for tensor in reader.tensors) + 20_000_000, name)
    _write_json(folder / "config.json", config)
    _write_json(
        folder / "generation_config.json",
        {key: config[key] for key in ("bos_token_id", "eos_token_id", "pad_token_id") if config.get(key) is not None},
    )
    write_tokenizer(values, folder, name)
    _write_weights(reader, config, folder / "model.safetensors", progress)


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _values(tensor: "ReaderTensor") -> np.ndarray:
    from gguf import dequantize

    return np.asarray(dequantize(tensor.data, tensor.tensor_type))


def check_tensors(tensors: "Mapping[str, ReaderTensor]", config: Mapping[str, Any], meta: Metadata) -> None:
    """Raises ModelError unless the file holds the tensors of this configuration, each in its shape, and no others."""
    from gguf.quants import _type_traits

    if config["num_hidden_layers"] > len(tensors):
        raise ModelError(
            f"{meta.name} is damaged: it says that it has {config['num_hidden_layers']:,} blocks, and it holds "
            f"{len(tensors):,} tensors. Delete it and get it again."
        )
    wanted = shapes(config, meta.family)
    for name, tensor in tensors.items():
        if name != "rope_freqs.weight" and name not in wanted:
            raise meta.refused(f"holds the tensor {name[:80]}")
        kind = tensor.tensor_type
        if kind not in _type_traits and kind.name not in ("F32", "F16"):
            raise meta.refused(f"keeps weights as {kind.name}")
    for name, shape in wanted.items():
        found = tuple(int(side) for side in reversed(tensors[name].shape)) if name in tensors else None
        if found != shape:
            says = "is missing" if found is None else f"has the shape {found} instead of {shape}"
            raise ModelError(f"{meta.name} is damaged: its tensor {name} {says}. Delete it and get it again.")


def shapes(config: Mapping[str, Any], family: str) -> dict[str, tuple[int, ...]]:
    """GGUF's tensors of a model and their shapes, (out, in) as transformers has them."""
    width, inner, rows = config["hidden_size"], config["intermediate_size"], config["vocab_size"]
    heads, kv_heads = config["num_attention_heads"], config["num_key_value_heads"]
    head = config.get("head_dim") or width // heads
    out = {"attn_q": heads * head, "attn_k": kv_heads * head, "attn_v": kv_heads * head, "attn_output": width,
           "ffn_gate": inner, "ffn_up": inner, "ffn_down": width}  # fmt: skip
    inputs = {"attn_output": heads * head, "ffn_down": inner}
    block: dict[str, tuple[int, ...]] = {f"{part}.weight": (n, inputs.get(part, width)) for part, n in out.items()}
    block |= {"attn_norm.weight": (width,), "ffn_norm.weight": (width,)}
    if family == "qwen3":
        block |= {"attn_q_norm.weight": (head,), "attn_k_norm.weight": (head,)}
    biased = ["attn_q", "attn_k", "attn_v"] if family == "qwen2" or config.get("attention_bias") else []
    biased += ["attn_output"] if config.get("attention_bias") else []
    biased += ["ffn_gate", "ffn_up", "ffn_down"] if config.get("mlp_bias") else []
    block |= {f"{part}.bias": (out[part],) for part in biased}
    top = {"token_embd.weight": (rows, width), "output_norm.weight": (width,)}
    top |= {} if config["tie_word_embeddings"] else {"output.weight": (rows, width)}
    every = {f"blk.{n}.{part}": shape for n in range(config["num_hidden_layers"]) for part, shape in block.items()}
    return top | every


def tensor_name(name: str) -> str | None:
    """transformers' name for a GGUF tensor, None for what the configuration says there (rope_freqs).

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


def rotary_halves(rows: np.ndarray, heads: int) -> np.ndarray:
    """Rows of a query or key matrix from neighbouring rotary pairs (0, 1), (2, 3) … to halves (0, d/2), (1, d/2 + 1) …

    >>> rotary_halves(np.arange(4), heads=1).tolist()
    [0, 2, 1, 3]
    """
    pairs = rows.reshape(heads, rows.shape[0] // heads // 2, 2, *rows.shape[1:])  # (heads, d/2, 2, in)
    return pairs.swapaxes(1, 2).reshape(rows.shape)


def _reorder(name: str, config: Mapping[str, Any]) -> Callable[[np.ndarray], np.ndarray] | None:
    """What has to be done to the rows of a whole tensor, if anything."""
    if config["model_type"] == "llama" and (".attn_q." in name or ".attn_k." in name):
        heads = config["num_attention_heads" if ".attn_q." in name else "num_key_value_heads"]
        return lambda rows: rotary_halves(rows, heads)
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
                if not np.isfinite(values).all():
                    raise ModelError(
                        f"The GGUF file is damaged: {tensor.name} holds values that are infinite or not numbers at "
                        "all. Delete it and get it again."
                    )
                file.write(to_bfloat16(values if reorder is None else reorder(values)).tobytes())
            begin, end = header[name]["data_offsets"]
            if file.tell() - start != end - begin:
                raise ModelError(f"The tensor {tensor.name} in the GGUF file has an unexpected shape.")
            progress("Converting the weights to bfloat16", (index + 1) / len(known))
