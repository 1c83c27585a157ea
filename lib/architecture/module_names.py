"""What transformers calls the modules of the families whose layers are known here."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ModuleNames:
    """What transformers calls the parts of one family."""

    embed: str = "model.embed_tokens"
    block: str = "model.layers"
    norm1: str = "input_layernorm"
    attn: str = "self_attn"
    qkv: tuple[str, ...] = ("q_proj", "k_proj", "v_proj")
    out: str = "o_proj"
    qk_norms: tuple[str, str] = ("q_norm", "k_norm")
    after_attn: str = ""  # Gemma's norm after the attention
    norm2: str = "post_attention_layernorm"
    mlp: tuple[str, ...] = ("gate_proj", "up_proj", "down_proj")
    after_mlp: str = ""
    final: str = "model.norm"
    head: str = "lm_head"


MODULE_NAMES = dict.fromkeys(("llama", "mistral", "qwen2", "qwen3"), ModuleNames()) | {
    "gpt2": ModuleNames(
        embed="transformer.wte",
        block="transformer.h",
        norm1="ln_1",
        attn="attn",
        qkv=("c_attn",),
        out="c_proj",
        norm2="ln_2",
        mlp=("c_fc", "c_proj"),
        final="transformer.ln_f",
    ),
    "gemma3_text": ModuleNames(
        after_attn="post_attention_layernorm", norm2="pre_feedforward_layernorm", after_mlp="post_feedforward_layernorm"
    ),
    "gpt_neox": ModuleNames(
        embed="gpt_neox.embed_in",
        block="gpt_neox.layers",
        attn="attention",
        qkv=("query_key_value",),
        out="dense",
        mlp=("dense_h_to_4h", "dense_4h_to_h"),
        final="gpt_neox.final_layer_norm",
    ),
    "phi": ModuleNames(
        out="dense",
        qk_norms=("q_layernorm", "k_layernorm"),
        norm2="",
        mlp=("fc1", "fc2"),
        final="model.final_layernorm",
    ),
}
