"""From a transformers configuration (a dict) to an Architecture, one small reader a family.

A key that a configuration leaves out has the value that the family's configuration class gives it, and `null` means
what that class makes of it (transformers 5.23; tests compare every key of every family).
"""

import re
from collections.abc import Mapping
from typing import Any

from lib.architecture.config_border import check_sizes
from lib.architecture.config_values import Values, shown
from lib.architecture.errors import ArchitectureError
from lib.architecture.spec import FAMILIES, LIMITS, Architecture, check
from lib.models.config_defaults import DEFAULTS, SPELLINGS

Config = Mapping[str, Any]
_MODEL_TYPE = re.compile(r"[\w.-]{1,60}", re.ASCII)
_DTYPE = re.compile(r"[a-z]\w{1,20}", re.ASCII)


def read(config: Config, *, name: str = "", hub_id: str = "", published: int = 0) -> Architecture:
    """The architecture that a configuration describes. Raises ArchitectureError if it makes no sense."""
    family = config.get("model_type")
    if not isinstance(family, str) or not family:
        raise ArchitectureError(
            "This configuration does not say its model_type, so its layers cannot be known. A config.json has one, "
            'such as "mistral"; a params.json has none.'
        )
    if not _MODEL_TYPE.fullmatch(family):
        raise ArchitectureError(f"In this configuration model_type is {shown(family)}, which is no name of a family.")
    dtype = str(config.get("dtype") or config.get("torch_dtype") or "float32").removeprefix("torch.")
    names = {
        "name": name or family,
        "hub_id": hub_id,
        "published": published,
        "config": dict(config),
        "family": family,
        "dtype": dtype if _DTYPE.fullmatch(dtype) else "float32",
    }
    if config.get("per_layer_config"):
        raise ArchitectureError(
            "This configuration gives single layers sizes of their own, which this page cannot count."
        )
    crossed = bool(config.get("add_cross_attention"))
    if family not in FAMILIES or crossed:
        check_sizes(config)
        return Architecture(**{**names, **_NOTHING, "family": f"{family} with cross-attention" if crossed else family})
    values = Values(config, DEFAULTS[family], SPELLINGS.get(family, {}))
    fields = _sizes(values, family) | {"gpt2": _gpt2, "gpt_neox": _gpt_neox, "phi": _phi}.get(family, _llama_like)(
        values, family
    )
    arch = check(Architecture(**{**names, **fields}))
    check_sizes(config)  # the module itself is built from all of it
    return arch


# A family without a reader: transformers itself is asked for its sizes when its tensors are listed.
_NOTHING: dict[str, Any] = {
    **dict.fromkeys(LIMITS, 0),
    "tied": False,
    "norm": "",
    "activation": "",
    "gated": False,
    "positions": "",
}


def _sizes(values: Values, family: str) -> dict[str, Any]:
    """What all families share."""
    heads, width = values.whole("num_attention_heads"), values.whole("hidden_size")
    layers = values.whole("num_hidden_layers")
    return {
        "layers": layers,
        "hidden_size": width,
        "heads": heads,
        "head_dim": _head_dim(values, family, width, heads),
        "kv_heads": heads if values.null("num_key_value_heads") else values.whole("num_key_value_heads"),
        "intermediate_size": 1 if family == "gpt2" else values.whole("intermediate_size"),
        "vocab_size": values.whole("vocab_size"),
        "context": values.whole("max_position_embeddings"),
        "tied": values.flag("tie_word_embeddings"),
        "windows": _windows(values, family, layers),
        "activation": values.word(
            {"gpt2": "activation_function", "gemma3_text": "hidden_activation"}.get(family, "hidden_act")
        ),
    }


def _head_dim(values: Values, family: str, width: int, heads: int) -> int:
    """`head_dim`, or the width shared among the heads. GPT-2 and NeoX have no such key; Qwen3 and Gemma 3 no null."""
    shared = width // heads if heads > 0 else 0
    if family in {"gpt2", "gpt_neox"} or (values.null("head_dim") and family not in {"qwen3", "gemma3_text"}):
        return shared
    return values.whole("head_dim")


def _windows(values: Values, family: str, layers: int) -> tuple[int, ...]:
    """Sliding windows by block, from `layer_types` or the older keys; 0 where a block attends to everything."""
    layers = max(0, min(layers, LIMITS["layers"]))  # a nonsense count is refused a moment later
    if family in {"gpt2", "llama", "gpt_neox", "phi"}:
        return (0,) * layers
    if family in {"qwen2", "qwen3"} and not values.flag("use_sliding_window"):
        return (0,) * layers
    window = 0 if values.null("sliding_window") else values.whole("sliding_window")
    if not 0 <= window <= LIMITS["context"]:
        raise ArchitectureError(f"In this configuration sliding_window is {shown(window)}, which no window can be.")
    if family == "mistral":
        return (window,) * layers
    if family == "gemma3_text" and values.flag("use_bidirectional_attention"):
        window = window // 2 + 1
    if not values.null("layer_types"):
        return tuple(window if kind == "sliding_attention" else 0 for kind in _layer_types(values, layers))
    if family == "gemma3_text":
        pattern = values.whole("sliding_window_pattern")
        if pattern < 1:
            raise ArchitectureError(f"In this configuration sliding_window_pattern is {shown(pattern)}, not above 0.")
        return tuple(window if (i + 1) % pattern else 0 for i in range(layers))
    return tuple(window if i >= values.whole("max_window_layers") else 0 for i in range(layers))


def _layer_types(values: Values, layers: int) -> list[str]:
    types = values.get("layer_types")
    if not isinstance(types, list | tuple):
        raise ArchitectureError(f"In this configuration layer_types is {shown(types)}; it must be a list of names.")
    if len(types) != layers:
        raise ArchitectureError(f"This configuration lists {len(types):,} layer types for {layers:,} blocks.")
    other = next((kind for kind in types if kind not in {"sliding_attention", "full_attention"}), "full_attention")
    if other != "full_attention":
        raise ArchitectureError(f"This page does not know layers of the type {shown(other)} in this family.")
    return list(types)


def _rotary(values: Values, head_dim: int, old: str) -> int:
    """How many components of a head RoPE turns."""
    share = values.rope("partial_rotary_factor", old)
    if share is not None and share > 1:
        raise ArchitectureError(f"In this configuration {old} is {shown(share)}; it is a share, of at most 1.")
    return int(head_dim * (1.0 if share is None else share))


def _gpt2(values: Values, family: str) -> dict[str, Any]:
    sizes = _sizes(values, family)
    return {
        "kv_heads": sizes["heads"],
        "intermediate_size": 4 * sizes["hidden_size"] if values.null("n_inner") else values.whole("n_inner"),
        "norm": "LayerNorm",
        "gated": False,
        "positions": "learned",
        "qkv_bias": True,
        "out_bias": True,
        "mlp_bias": True,
    }


def _llama_like(values: Values, family: str) -> dict[str, Any]:
    bias = values.flag("attention_bias") if family in {"llama", "qwen3", "gemma3_text"} else False
    return {
        "rotary_dim": _sizes(values, family)["head_dim"],
        "rope_theta": values.rope("rope_theta", "rope_theta") or 10_000.0,
        "qkv_bias": True if family == "qwen2" else bias,
        "out_bias": bias,
        "mlp_bias": values.flag("mlp_bias") if family == "llama" else False,
        "qk_norm": "RMSNorm" if family in {"qwen3", "gemma3_text"} else "",
        "sandwich": family == "gemma3_text",
    }


def _gpt_neox(values: Values, family: str) -> dict[str, Any]:
    sizes, bias = _sizes(values, family), values.flag("attention_bias")
    return {
        "kv_heads": sizes["heads"],
        "rotary_dim": _rotary(values, sizes["head_dim"], "rotary_pct"),
        "rope_theta": values.rope("rope_theta", "rotary_emb_base") or 10_000.0,
        "norm": "LayerNorm",
        "gated": False,
        "qkv_bias": bias,
        "out_bias": bias,
        "mlp_bias": True,
        "parallel": 2 if values.flag("use_parallel_residual") else 0,
    }


def _phi(values: Values, family: str) -> dict[str, Any]:
    return {
        "rotary_dim": _rotary(values, _sizes(values, family)["head_dim"], "partial_rotary_factor"),
        "rope_theta": values.rope("rope_theta", "rope_theta") or 10_000.0,
        "norm": "LayerNorm",
        "gated": False,
        "qkv_bias": True,
        "out_bias": True,
        "mlp_bias": True,
        "head_bias": True,
        "qk_norm": "LayerNorm" if values.flag("qk_layernorm") else "",
        "parallel": 1,
    }
