"""A model of one's own: a handful of sizes to a transformers configuration and its architecture.

What the sizes give is a real configuration: the same numbers can be handed to transformers and trained.
"""

from typing import Any

from lib.architecture.config_readers import read
from lib.architecture.errors import ArchitectureError
from lib.architecture.spec import WORDS, Architecture

STYLES = {
    "llama": "like Llama: RMSNorm, RoPE, gated MLP, no biases",
    "qwen2": "like Qwen2: Llama with biases on Q, K and V",
    "gpt2": "like GPT-2: LayerNorm, learned positions, GELU, biases",
}


def custom_config(
    *,
    style: str,
    layers: int,
    hidden_size: int,
    heads: int,
    kv_heads: int,
    intermediate_size: int,
    vocab_size: int,
    context: int,
    tied: bool,
) -> dict[str, Any]:
    """The sizes in transformers' words. Raises ArchitectureError for what no model can be."""
    if style not in STYLES:
        raise ArchitectureError(f"There is no style called {style[:40]!r}; there are {', '.join(STYLES)}.")
    sizes = {
        "layers": layers,
        "hidden_size": hidden_size,
        "heads": heads,
        "kv_heads": kv_heads,
        "intermediate_size": intermediate_size,
        "vocab_size": vocab_size,
        "context": context,
    }
    for name, value in sizes.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ArchitectureError(f"The {WORDS[name]} must be a whole number of at least 1, not {str(value)[:40]}.")
    if style == "gpt2":
        if kv_heads != heads:
            raise ArchitectureError(
                "GPT-2's attention has a key and a value for every head: the number of KV heads is the "
                "number of heads. Choose the Llama style to share them."
            )
        return {
            "model_type": "gpt2",
            "n_embd": hidden_size,
            "n_layer": layers,
            "n_head": heads,
            "n_inner": intermediate_size,
            "vocab_size": vocab_size,
            "n_positions": context,
            "tie_word_embeddings": tied,
            "activation_function": "gelu_new",
        }
    return {
        "model_type": style,
        "hidden_size": hidden_size,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "intermediate_size": intermediate_size,
        "vocab_size": vocab_size,
        "hidden_act": "silu",
        "max_position_embeddings": context,
        "tie_word_embeddings": tied,
        "torch_dtype": "bfloat16",
    }


def custom_architecture(**sizes: Any) -> Architecture:
    """The architecture of `custom_config(**sizes)`. Raises ArchitectureError with a sentence.

    >>> from lib.architecture.parameter_ledger import ledger
    >>> sizes = dict(layers=12, hidden_size=768, heads=12, kv_heads=12, intermediate_size=3072)
    >>> ledger(custom_architecture(style="gpt2", vocab_size=50257, context=1024, tied=True, **sizes)).total
    124439808
    """
    return read(custom_config(**sizes), name="Your own model")
