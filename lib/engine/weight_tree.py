"""Llama, Qwen2, Qwen3 and GPT-2 as nothing but their weights, under the names that transformers' own modules have.

Built without memory from a `PlainConfig`; `lib.engine.weight_loading` fills it. It has no forward pass:
`lib.engine.kernels.fused_forward` computes with it, and `lib.engine.transformers_loading` puts the same layers into
transformers' module where that is wanted.
"""

import math
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from lib.engine.model_config import PlainConfig


class WeightModule(nn.Module):
    """A place in the tree: layers and numbers by their names."""

    def __init__(self, **inside: Any) -> None:
        super().__init__()
        for name, one in inside.items():
            setattr(self, name, one)


class Linear(nn.Linear):
    """A linear layer whose weights are not drawn: they are read from a file."""

    def reset_parameters(self) -> None:
        """Nothing."""


class Conv1D(nn.Module):
    """GPT-2's linear layer, whose weight lies the other way round: (K, N)."""

    def __init__(self, inputs: int, outputs: int, **kind: Any) -> None:
        super().__init__()
        self.nx, self.nf = inputs, outputs
        self.weight, self.bias = _empty(inputs, outputs, **kind), _empty(outputs, **kind)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = torch.addmm(self.bias, x.view(-1, x.shape[-1]), self.weight)
        return out.view(*x.shape[:-1], self.nf)


class WeightTree(nn.Module):
    """A whole model: `model` or `transformer`, and `lm_head`."""

    def __init__(self, config: PlainConfig, dtype: torch.dtype) -> None:
        super().__init__()
        self.config, self.dtype, self.device = config, dtype, torch.device("meta")
        kind: dict[str, Any] = {"device": "meta", "dtype": dtype}
        if config.model_type == "gpt2":
            self.base_model_prefix, self.transformer = "transformer", _gpt2(config, kind)
        else:
            self.base_model_prefix, self.model = "model", _rotary(config, kind)
        self.lm_head: Any = Linear(config.hidden_size, config.vocab_size, bias=False, **kind)
        self.requires_grad_(False).eval()
        self.tie()

    def get_input_embeddings(self) -> Any:
        """The embedding of tokens, as in transformers."""
        return self.transformer.wte if self.base_model_prefix == "transformer" else self.model.embed_tokens

    def get_output_embeddings(self) -> Any:
        """The head, as in transformers."""
        return self.lm_head

    def tie(self) -> None:
        """Let the head use the embedding's weight, if that is what the configuration says."""
        if self.config.tie_word_embeddings:
            self.lm_head.weight = self.get_input_embeddings().weight


def _empty(*shape: int, **kind: Any) -> nn.Parameter:
    return nn.Parameter(torch.empty(shape, **kind), requires_grad=False)


def _embedding(rows: int, width: int, kind: dict[str, Any]) -> nn.Embedding:
    return nn.Embedding(rows, width, _weight=torch.empty(rows, width, **kind))  # its own weights would be drawn


def _rotary(config: PlainConfig, kind: dict[str, Any]) -> WeightModule:
    width, head = config.hidden_size, config.head_dim

    def norm(size: int) -> WeightModule:
        return WeightModule(weight=_empty(size, **kind), variance_epsilon=config.eps)

    def linear(inputs: int, outputs: int, bias: bool) -> Linear:
        return Linear(inputs, outputs, bias=bias, **kind)

    def block() -> WeightModule:
        queries, keys = config.num_attention_heads * head, config.num_key_value_heads * head
        attention = WeightModule(
            q_proj=linear(width, queries, config.qkv_bias),
            k_proj=linear(width, keys, config.qkv_bias),
            v_proj=linear(width, keys, config.qkv_bias),
            o_proj=linear(queries, width, config.out_bias),
            head_dim=head,
            scaling=head**-0.5,
        )
        if config.model_type == "qwen3":
            attention.q_norm, attention.k_norm = norm(head), norm(head)
        inner, bias = config.intermediate_size, config.mlp_bias
        mlp = WeightModule(
            gate_proj=linear(width, inner, bias),
            up_proj=linear(width, inner, bias),
            down_proj=linear(inner, width, bias),
            act_fn=F.silu,
        )
        return WeightModule(
            self_attn=attention, mlp=mlp, input_layernorm=norm(width), post_attention_layernorm=norm(width)
        )

    return WeightModule(
        embed_tokens=_embedding(config.vocab_size, width, kind),
        layers=nn.ModuleList(block() for _ in range(config.num_hidden_layers)),
        norm=norm(width),
        rotary_emb=WeightModule(inv_freq=frequencies(config.rope, head), attention_scaling=1.0),
    )


def frequencies(rope: dict[str, Any], width: int) -> torch.Tensor:
    """How fast each pair of a head's numbers turns (Su et al. 2021), float32 (width / 2,): theta ** (-2 i / width).

    Llama 3 slows the slow ones by `factor`: those that turn less than `low_freq_factor` times in the context that the
    model was trained with at first, and in part those that turn less than `high_freq_factor` times.

    >>> frequencies({"rope_type": "default", "rope_theta": 10_000.0}, 4).tolist()
    [1.0, 0.009999999776482582]
    """
    frequencies = 1.0 / (rope["rope_theta"] ** (torch.arange(0, width, 2, dtype=torch.float32) / width))
    if rope["rope_type"] == "default":
        return frequencies
    factor, low, high, context = (
        rope[key] for key in ("factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings")
    )
    lengths = 2 * math.pi / frequencies  # tokens in a turn
    slow = torch.where(lengths > context / low, frequencies / factor, frequencies)
    smooth = (context / lengths - low) / (high - low)
    between = ~(lengths < context / high) * ~(lengths > context / low)
    return torch.where(between, (1 - smooth) * slow / factor + smooth * slow, slow)


def _gpt2(config: PlainConfig, kind: dict[str, Any]) -> WeightModule:
    width, inner = config.hidden_size, config.intermediate_size
    # other activations are `lib.engine.kernels.fused_forward`'s own
    act = {"gelu": F.gelu, "relu": F.relu}.get(config.activation_function)

    def norm() -> nn.LayerNorm:
        return nn.LayerNorm(width, eps=config.eps, **kind)

    def block() -> WeightModule:
        attention = WeightModule(
            c_attn=Conv1D(width, 3 * width, **kind),
            c_proj=Conv1D(width, width, **kind),
            num_heads=config.num_attention_heads,
            head_dim=config.head_dim,
        )
        mlp = WeightModule(c_fc=Conv1D(width, inner, **kind), c_proj=Conv1D(inner, width, **kind), act=act)
        return WeightModule(ln_1=norm(), attn=attention, ln_2=norm(), mlp=mlp)

    return WeightModule(
        wte=_embedding(config.vocab_size, width, kind),
        wpe=_embedding(config.max_position_embeddings, width, kind),
        h=nn.ModuleList(block() for _ in range(config.num_hidden_layers)),
        ln_f=norm(),
    )
