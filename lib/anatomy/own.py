"""A model of one's own: a handful of sizes to a transformers configuration and its architecture.

What the sizes give is a real configuration: the same numbers can be handed to transformers and trained.
"""

from typing import Any

from lib.anatomy.architecture import WORDS, Architecture
from lib.anatomy.errors import AnatomyError
from lib.anatomy.families import read

STYLES = {
    "llama": "like Llama: RMSNorm, RoPE, gated MLP, no biases",
    "qwen2": "like Qwen2: Llama with biases on Q, K and V",
    "gpt2": "like GPT-2: LayerNorm, learned positions, GELU, biases",
}


def own_config(*, style: str, layers: int, width: int, heads: int, kv_heads: int, inner: int, vocab: int,
               context: int, tied: bool) -> dict[str, Any]:
    """The sizes in transformers' words. Raises AnatomyError for what no model can be."""
    if style not in STYLES:
        raise AnatomyError(f"There is no style called {style[:40]!r}; there are {', '.join(STYLES)}.")
    sizes = {"layers": layers, "width": width, "heads": heads, "kv_heads": kv_heads, "inner": inner, "vocab": vocab,
             "context": context}
    for name, value in sizes.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise AnatomyError(f"The {WORDS[name]} must be a whole number of at least 1, not {str(value)[:40]}.")
    if style == "gpt2":
        if kv_heads != heads:
            raise AnatomyError("GPT-2's attention has a key and a value for every head: the number of KV heads is the "
                               "number of heads. Choose the Llama style to share them.")
        return {"model_type": "gpt2", "n_embd": width, "n_layer": layers, "n_head": heads, "n_inner": inner,
                "vocab_size": vocab, "n_positions": context, "tie_word_embeddings": tied,
                "activation_function": "gelu_new"}
    return {"model_type": style, "hidden_size": width, "num_hidden_layers": layers, "num_attention_heads": heads,
            "num_key_value_heads": kv_heads, "intermediate_size": inner, "vocab_size": vocab, "hidden_act": "silu",
            "max_position_embeddings": context, "tie_word_embeddings": tied, "torch_dtype": "bfloat16"}


def own(**sizes: Any) -> Architecture:
    """The architecture of `own_config(**sizes)`. Raises AnatomyError with a sentence.

    >>> from lib.anatomy.ledger import ledger
    >>> ledger(own(style="gpt2", layers=12, width=768, heads=12, kv_heads=12, inner=3072, vocab=50257, context=1024,
    ...            tied=True)).total
    124439808
    """
    return read(own_config(**sizes), name="Your own model")
