"""What a decoder-only transformer is, in the fields that fix its parameters, its memory and its arithmetic.

Plain data and checks: knows nothing of files, torch, transformers or Streamlit.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lib.architecture.config_border import canonical
from lib.architecture.config_values import shown
from lib.architecture.errors import ArchitectureError

LIMITS = {  # far beyond any model built so far; what is larger is a typing mistake
    "layers": 1_024,
    "hidden_size": 131_072,
    "heads": 1_024,
    "kv_heads": 1_024,
    "head_dim": 4_096,
    "intermediate_size": 1_048_576,
    "vocab_size": 16_777_216,
    "context": 100_000_000,
}
WORDS = {
    "layers": "number of layers",
    "hidden_size": "hidden size (d)",
    "heads": "number of attention heads",
    "kv_heads": "number of KV heads",
    "head_dim": "size of one head",
    "intermediate_size": "width of the MLP",
    "vocab_size": "vocabulary size",
    "context": "context length",
}


@dataclass(frozen=True)
class Architecture:
    """One model's shape. Sizes count elements; `windows` has one entry per block, 0 where attention sees everything.

    A size of a family that is not `known` is 0 where nobody has asked transformers for it yet (`ledger` does), or where
    transformers has no word for it.
    """

    family: str  # transformers' model_type: "gpt2", "llama", "qwen2", "qwen3", "gemma3_text", "gpt_neox", "phi", ...
    name: str  # for people
    layers: int
    hidden_size: int  # d_model
    heads: int
    kv_heads: int
    head_dim: int
    intermediate_size: int  # width of the MLP
    vocab_size: int
    context: int
    tied: bool  # the output head is the embedding matrix
    norm: str = "RMSNorm"  # or "LayerNorm" (with a bias)
    activation: str = "silu"
    gated: bool = True  # MLP with a gate (SwiGLU, GeGLU) or without
    positions: str = "rope"  # or "learned"
    rotary_dim: int = 0  # how many of head_dim's components RoPE turns
    rope_theta: float = 10_000.0
    qkv_bias: bool = False
    out_bias: bool = False
    mlp_bias: bool = False
    head_bias: bool = False
    qk_norm: str = ""  # "RMSNorm", "LayerNorm" or none, over head_dim
    sandwich: bool = False  # norms after attention and MLP too (Gemma 3)
    parallel: int = 0  # 0: attention, then MLP; side by side after one norm (1: Phi) or a norm each (2: NeoX)
    windows: tuple[int, ...] = ()
    dtype: str = "bfloat16"  # what the published weights are stored in
    hub_id: str = ""
    published: int = 0  # the published number of parameters, 0 if unknown
    config: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)  # transformers' own words
    spelling: str = field(default="", init=False, repr=False)  # the whole configuration: what caches tell it by

    def __post_init__(self) -> None:
        object.__setattr__(self, "spelling", canonical(self.config))

    @property
    def known(self) -> bool:
        """Whether every tensor follows from the fields above; otherwise the module on the meta device is walked."""
        return self.family in FAMILIES

    @property
    def groups(self) -> int:
        """Query heads that share one KV head."""
        return self.heads // max(1, self.kv_heads)

    @property
    def sharing(self) -> str:
        """How query heads use the KV heads, as a sentence."""
        return "Every query head has its own." if self.groups == 1 else f"{self.groups} query heads share each."

    @property
    def q_width(self) -> int:
        """heads * head_dim: what the queries need, and what the output projection reads."""
        return self.heads * self.head_dim

    @property
    def kv_width(self) -> int:
        """kv_heads * head_dim: the width of the keys, and of the values."""
        return self.kv_heads * self.head_dim


FAMILIES = ("gpt2", "llama", "mistral", "qwen2", "qwen3", "gemma3_text", "gpt_neox", "phi")


def check(arch: Architecture) -> Architecture:
    """`arch` itself, if it makes sense. Raises ArchitectureError with what is wrong and what would be right."""
    for name, most in LIMITS.items():
        value = getattr(arch, name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise ArchitectureError(f"The {WORDS[name]} must be a whole number, not {shown(value)}.")
        if value < 1:
            raise ArchitectureError(f"The {WORDS[name]} must be at least 1, not {shown(value)}.")
        if value > most:
            raise ArchitectureError(
                f"The {WORDS[name]} is {shown(value)}; no model comes near that. This page goes up to {most:,}."
            )
    _check_heads(arch)
    return arch


def _check_heads(arch: Architecture) -> None:
    own = arch.family in {"mistral", "qwen2", "qwen3", "phi"} and arch.head_dim != arch.hidden_size // arch.heads
    if arch.hidden_size % arch.heads and not own and arch.family != "qwen3":
        near = next(h for h in range(arch.heads, 0, -1) if arch.hidden_size % h == 0)
        raise ArchitectureError(
            f"{arch.heads} heads do not divide a hidden size of {arch.hidden_size:,}: every head gets hidden size / "
            f"heads components. {near} heads would fit ({arch.hidden_size // near:,} each)."
        )
    if arch.heads % arch.kv_heads:
        near = next(h for h in range(min(arch.kv_heads, arch.heads), 0, -1) if arch.heads % h == 0)
        raise ArchitectureError(
            f"{arch.kv_heads} KV heads cannot be shared evenly by {arch.heads} query heads. {near} would work."
        )
    if arch.positions == "rope" and arch.rotary_dim % 2:
        raise ArchitectureError(
            f"RoPE turns pairs of components, so a head needs an even number of them, not {arch.rotary_dim}. "
            "Change the hidden size or the number of heads."
        )
