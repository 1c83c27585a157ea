"""From a transformers configuration (a dict) to an Architecture, one small reader a family.

A key that a configuration leaves out has the value that the family's configuration class gives it (transformers 5.23).
"""

from collections.abc import Mapping
from typing import Any

from lib.architecture.errors import ArchitectureError
from lib.architecture.spec import FAMILIES, Architecture, check

Config = Mapping[str, Any]

_COMMON = {"hidden_act": "silu", "tie_word_embeddings": False, "attention_bias": False, "mlp_bias": False}
DEFAULTS: dict[str, dict[str, Any]] = {
    "gpt2": {
        "vocab_size": 50257,
        "n_positions": 1024,
        "n_embd": 768,
        "n_layer": 12,
        "n_head": 12,
        "activation_function": "gelu_new",
        "tie_word_embeddings": True,
    },
    "llama": _COMMON
    | {
        "vocab_size": 32000,
        "hidden_size": 4096,
        "intermediate_size": 11008,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "max_position_embeddings": 2048,
    },
    "mistral": _COMMON
    | {
        "vocab_size": 32000,
        "hidden_size": 4096,
        "intermediate_size": 14336,
        "sliding_window": 4096,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "max_position_embeddings": 131072,
    },
    "qwen2": _COMMON
    | {
        "vocab_size": 151936,
        "hidden_size": 4096,
        "intermediate_size": 22016,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 32,
        "max_position_embeddings": 32768,
        "sliding_window": 4096,
        "max_window_layers": 28,
    },
    "gemma3_text": _COMMON
    | {
        "vocab_size": 262208,
        "hidden_size": 2304,
        "intermediate_size": 9216,
        "head_dim": 256,
        "num_hidden_layers": 26,
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "max_position_embeddings": 131072,
        "hidden_activation": "gelu_pytorch_tanh",
        "sliding_window": 4096,
        "tie_word_embeddings": True,
        "rope_theta": 1e6,
    },
    "gpt_neox": _COMMON
    | {
        "vocab_size": 50432,
        "hidden_size": 6144,
        "intermediate_size": 24576,
        "hidden_act": "gelu",
        "num_hidden_layers": 44,
        "num_attention_heads": 64,
        "max_position_embeddings": 2048,
        "attention_bias": True,
        "partial_rotary_factor": 0.25,
        "use_parallel_residual": True,
    },
    "phi": _COMMON
    | {
        "vocab_size": 51200,
        "hidden_size": 2048,
        "intermediate_size": 8192,
        "num_hidden_layers": 24,
        "num_attention_heads": 32,
        "hidden_act": "gelu_new",
        "max_position_embeddings": 2048,
        "partial_rotary_factor": 0.5,
    },
}
DEFAULTS["qwen3"] = DEFAULTS["qwen2"] | {"head_dim": 128}
_ALIASES = {  # GPT-2's spellings
    "n_embd": "hidden_size",
    "n_layer": "num_hidden_layers",
    "n_head": "num_attention_heads",
    "n_positions": "max_position_embeddings",
}


def read(config: Config, *, name: str = "", hub_id: str = "", published: int = 0) -> Architecture:
    """The architecture that a configuration describes. Raises ArchitectureError if it makes no sense."""
    family = config.get("model_type")
    if not isinstance(family, str) or not family:
        raise ArchitectureError("This configuration does not say its model_type, so its layers cannot be known.")
    names = {
        "name": name or family,
        "hub_id": hub_id,
        "published": published,
        "config": dict(config),
        "family": family,
        "dtype": str(config.get("dtype") or config.get("torch_dtype") or "float32"),
    }
    if family not in FAMILIES or config.get("add_cross_attention"):
        return _other(config, names)
    values = DEFAULTS[family] | {key: value for key, value in config.items() if value is not None}
    if family == "gpt2":
        values = {_ALIASES.get(key, key): value for key, value in values.items()}
    fields = _sizes(values) | {"gpt2": _gpt2, "gpt_neox": _gpt_neox, "phi": _phi}.get(family, _llama_like)(values)
    return check(Architecture(**{**names, **fields}))


def _whole(values: Config, key: str, otherwise: int = 0) -> int:
    value = values.get(key)
    value = otherwise if value is None else value
    if isinstance(value, bool) or not isinstance(value, int):
        raise ArchitectureError(f"In this configuration {key} is {str(value)[:40]!r}; it must be a whole number.")
    return value


def _sizes(values: Config) -> dict[str, Any]:
    """What all families share."""
    heads, width = _whole(values, "num_attention_heads"), _whole(values, "hidden_size")
    layers = _whole(values, "num_hidden_layers")
    head_dim = _whole(values, "head_dim") or (width // heads if heads > 0 else 0)
    return {
        "layers": layers,
        "width": width,
        "heads": heads,
        "head_dim": head_dim,
        "kv_heads": _whole(values, "num_key_value_heads", heads),
        "inner": _whole(values, "intermediate_size", 1),
        "vocab": _whole(values, "vocab_size"),
        "context": _whole(values, "max_position_embeddings"),
        "tied": bool(values["tie_word_embeddings"]),
        "windows": _windows(values, layers),
        "activation": str(values.get("hidden_activation") or values.get("hidden_act")),
    }


def _windows(values: Config, layers: int) -> tuple[int, ...]:
    """Sliding windows by block, from `layer_types` or the older keys; 0 where a block attends to everything."""
    family, window = values["model_type"], _whole(values, "sliding_window", 0)
    layers = max(0, min(layers, 1_024))  # a nonsense count is refused a moment later
    types = values.get("layer_types")
    if family in {"qwen2", "qwen3"} and not values.get("use_sliding_window"):
        return (0,) * layers
    if isinstance(types, list | tuple) and family != "mistral":
        if len(types) != layers:
            raise ArchitectureError(f"This configuration lists {len(types)} layer types for {layers} blocks.")
        return tuple(window if kind == "sliding_attention" else 0 for kind in types)
    if family == "mistral":
        return (window,) * layers
    if family in {"qwen2", "qwen3"}:
        return tuple(window if i >= _whole(values, "max_window_layers") else 0 for i in range(layers))
    if family == "gemma3_text":
        pattern = max(1, _whole(values, "sliding_window_pattern", 6))
        return tuple(window if (i + 1) % pattern else 0 for i in range(layers))
    return (0,) * layers


def _rope(values: Config, default_theta: float = 10_000.0) -> float:
    """The RoPE base, from `rope_parameters` (new) or `rope_theta` / `rotary_emb_base` (old)."""
    new = values.get("rope_parameters")
    if isinstance(new, Mapping):
        new = new.get("full_attention", new)
        if isinstance(new, Mapping) and "rope_theta" in new:
            return float(new["rope_theta"])
    return float(values.get("rope_theta") or values.get("rotary_emb_base") or default_theta)


def _partial(values: Config, old: str) -> float:
    new = values.get("rope_parameters")
    if isinstance(new, Mapping) and "partial_rotary_factor" in new:
        return float(new["partial_rotary_factor"])
    return float(values.get(old, values["partial_rotary_factor"]))


def _gpt2(values: Config) -> dict[str, Any]:
    width, heads = _whole(values, "hidden_size"), _whole(values, "num_attention_heads")
    return {
        "kv_heads": heads,
        "head_dim": width // heads if heads > 0 else 0,
        "inner": _whole(values, "n_inner") or 4 * width,
        "norm": "LayerNorm",
        "gated": False,
        "positions": "learned",
        "qkv_bias": True,
        "out_bias": True,
        "mlp_bias": True,
        "activation": str(values["activation_function"]),
    }


def _llama_like(values: Config) -> dict[str, Any]:
    family, bias = values["model_type"], bool(values["attention_bias"])
    sizes = _sizes(values)
    if family == "qwen2":
        heads = sizes["heads"]
        sizes["head_dim"] = _whole(values, "head_dim") or (sizes["width"] // heads if heads > 0 else 0)
    return {
        "head_dim": sizes["head_dim"],
        "rotary_dim": sizes["head_dim"],
        "rope_theta": _rope(values),
        "qkv_bias": True if family == "qwen2" else bias and family != "mistral",
        "out_bias": bias and family not in {"qwen2", "mistral"},
        "mlp_bias": bool(values["mlp_bias"]) and family == "llama",
        "qk_norm": "RMSNorm" if family in {"qwen3", "gemma3_text"} else "",
        "sandwich": family == "gemma3_text",
    }


def _gpt_neox(values: Config) -> dict[str, Any]:
    heads, bias = _whole(values, "num_attention_heads"), bool(values["attention_bias"])
    head_dim = _whole(values, "hidden_size") // heads if heads > 0 else 0
    return {
        "kv_heads": heads,
        "head_dim": head_dim,
        "rotary_dim": int(head_dim * _partial(values, "rotary_pct")),
        "rope_theta": _rope(values),
        "norm": "LayerNorm",
        "gated": False,
        "qkv_bias": bias,
        "out_bias": bias,
        "mlp_bias": True,
        "parallel": 2 if values["use_parallel_residual"] else 0,
    }


def _phi(values: Config) -> dict[str, Any]:
    sizes = _sizes(values)
    return {
        "rotary_dim": int(sizes["head_dim"] * _partial(values, "partial_rotary_factor")),
        "rope_theta": _rope(values),
        "norm": "LayerNorm",
        "gated": False,
        "qkv_bias": True,
        "out_bias": True,
        "mlp_bias": True,
        "head_bias": True,
        "qk_norm": "LayerNorm" if values.get("qk_layernorm") else "",
        "parallel": 1,
    }


def _other(config: Config, names: dict[str, Any]) -> Architecture:
    """A family without a reader: sizes as far as the usual names give them; the ledger will ask PyTorch."""
    text = config.get("text_config") if isinstance(config.get("text_config"), Mapping) else config
    values = {_ALIASES.get(key, key): value for key, value in (text or {}).items() if value is not None}

    def size(key: str, otherwise: int = 1) -> int:
        value = values.get(key, otherwise)
        return value if isinstance(value, int) and value > 0 else otherwise

    heads, width = size("num_attention_heads"), size("hidden_size")
    layers = size("num_hidden_layers")
    fields = {
        "layers": layers,
        "width": width,
        "heads": heads,
        "kv_heads": min(size("num_key_value_heads", heads), heads),
        "head_dim": size("head_dim", max(1, width // heads)),
        "inner": size("intermediate_size", 4 * width),
        "vocab": size("vocab_size"),
        "context": size("max_position_embeddings"),
        "windows": (0,) * min(layers, 1_024),
        "tied": bool(values.get("tie_word_embeddings", True)),
        "positions": "",
        "activation": str(values.get("hidden_act") or values.get("hidden_activation") or ""),
    }
    family = names["family"] if names["family"] not in FAMILIES else f"{names['family']} with cross-attention"
    return check(Architecture(**{**names, **fields, "family": family}))
