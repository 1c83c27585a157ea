"""What a family's configuration class takes for a key that a configuration leaves out (transformers 5.23)."""

from typing import Any

_COMMON: dict[str, Any] = {
    "hidden_act": "silu",
    "tie_word_embeddings": False,
    "attention_bias": False,
    "mlp_bias": False,
}
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
        "use_sliding_window": False,
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
        "sliding_window_pattern": 6,
        "use_bidirectional_attention": False,
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
        "rotary_pct": 0.25,
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
        "qk_layernorm": False,
    },
}
DEFAULTS["qwen3"] = DEFAULTS["qwen2"] | {"head_dim": 128}
# The keys that a family's class may have under another name; where both are given, the first counts (attribute_map).
SPELLINGS: dict[str, dict[str, tuple[str, ...]]] = {
    "gpt2": {
        "hidden_size": ("hidden_size", "n_embd"),
        "num_hidden_layers": ("num_hidden_layers", "n_layer"),
        "num_attention_heads": ("num_attention_heads", "n_head"),
        "max_position_embeddings": ("max_position_embeddings", "n_positions"),
    }
}
