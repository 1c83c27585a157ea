"""The forward pass of the common families in fewer, larger operations; the numbers stay transformers' own.

For one token a row, transformers spends more time between matrix products than in them: a step of SmolLM2 is about
2,000 small operations. Here the same weights go through the same formulas with a third of them, and tests compare the
results. What shows the inside of a model, its scores and beams run through transformers itself. Knows Llama, Qwen2,
Qwen3 and GPT-2.
"""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from lib.engine.int8 import Int8Linear, side_by_side
from lib.engine.passes import Pass

Map = Callable[[torch.Tensor], torch.Tensor]  # (n, K) -> (n, N)
_NARROW = 24  # up to this many bfloat16 rows, W x^T is faster than x W^T


def step_for(module: Any) -> Callable[[Pass], torch.Tensor] | None:
    """A function from a pass to the logits of its kept tokens, (R, V), or None for other families."""
    kind = type(module).__name__
    if kind in {"LlamaForCausalLM", "Qwen2ForCausalLM", "Qwen3ForCausalLM"}:
        return RotaryStep(module)
    config = module.config
    if kind == "GPT2LMHeadModel" and config.scale_attn_weights and not (
            config.scale_attn_by_inverse_layer_idx or config.add_cross_attention):
        return GPT2Step(module)
    return None


def linear(part: Any) -> Map:
    """The fastest way to apply one linear layer (nn.Linear, int8, or GPT-2's Conv1D) to a few rows."""
    if isinstance(part, Int8Linear):
        return part.forward
    weight, bias, conv = part.weight, part.bias, not isinstance(part, nn.Linear)  # Conv1D keeps (K, N)
    if weight.dtype is torch.bfloat16 and weight.device.type == "cpu":
        rows = weight.T.contiguous() if conv else weight
        if conv:
            part.weight = nn.Parameter(rows.T, requires_grad=False)  # a view: nothing is held twice
        return lambda x: _narrow(x, rows, bias)
    return (lambda x: torch.addmm(bias, x, weight)) if conv else lambda x: F.linear(x, weight, bias)


def _narrow(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    """x W^T as (W x^T)^T: the large matrix stays as it lies, which for a few bfloat16 rows is 1.5 times as fast."""
    if x.shape[0] > _NARROW:
        return F.linear(x, weight, bias)
    out = torch.mv(weight, x[0])[None] if x.shape[0] == 1 else torch.mm(weight, x.T).T.contiguous()
    return out if bias is None else out + bias


def together(parts: list[Any]) -> Map:
    """Layers with the same input as one, (n, K) -> (n, N1 + N2 + ...); the parts become views of it."""
    return linear(side_by_side(parts))


class Norm:
    """RMSNorm (Zhang & Sennrich 2019): x / sqrt(mean(x^2) + eps) * weight, over the last dimension.

    The row (x, -x) has mean 0 and variance mean(x^2), so layer_norm of it is RMSNorm of x: one operation, not six.
    """

    def __init__(self, norm: Any) -> None:
        self.weight, self.eps = torch.cat((norm.weight, norm.weight)), norm.variance_epsilon

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        both = F.layer_norm(torch.cat((x, -x), -1), self.weight.shape, self.weight, None, self.eps)
        return both[..., : x.shape[-1]].contiguous()


class RotaryBlock:
    """One block's weights, in the order of their use."""

    def __init__(self, block: Any) -> None:
        attention, mlp = block.self_attn, block.mlp
        self.width, self.scale, self.activation = attention.head_dim, attention.scaling, mlp.act_fn
        self.norm1, self.norm2 = Norm(block.input_layernorm), Norm(block.post_attention_layernorm)
        self.qkv = together([attention.q_proj, attention.k_proj, attention.v_proj])
        self.out, self.down = linear(attention.o_proj), linear(mlp.down_proj)
        self.up = together([mlp.gate_proj, mlp.up_proj])
        self.norm_q, self.norm_k = (  # Qwen3
            Norm(getattr(attention, name)) if hasattr(attention, name) else None for name in ("q_norm", "k_norm"))


class RotaryStep:
    """Llama, Qwen2, Qwen3: RMSNorm, rotary positions, grouped heads, gated feed-forward."""

    def __init__(self, module: Any) -> None:
        self.body = module.model
        self.blocks = [RotaryBlock(block) for block in module.model.layers]
        self.norm, self.head = Norm(module.model.norm), linear(module.lm_head)
        self.heads, self.kv_heads = module.config.num_attention_heads, module.config.num_key_value_heads

    def __call__(self, tokens: Pass) -> torch.Tensor:
        heads, both = self.heads, self.heads + self.kv_heads
        x = self.body.embed_tokens(tokens.ids)  # (T, d_model)
        cos, sin = (part[0, :, None] for part in self.body.rotary_emb(x[None], tokens.at[None]))  # (T, 1, D)
        half = sin.shape[-1] // 2
        sin = torch.cat((-sin[..., :half], sin[..., half:]), -1)
        for layer, block in enumerate(self.blocks):
            qkv = block.qkv(block.norm1(x)).view(len(x), -1, block.width)
            qk, v = qkv[:, :both], qkv[:, both:]
            if block.norm_q is not None and block.norm_k is not None:
                qk = torch.cat((block.norm_q(qk[:, :heads]), block.norm_k(qk[:, heads:])), 1)
            # rotate_half is a roll by half the width; its minus is in `sin`
            qk = torch.addcmul(qk * cos, qk.roll(half, -1), sin)
            x = x + block.out(tokens.attend(layer, qk[:, :heads], qk[:, heads:], v, scale=block.scale))
            gate, up = block.up(block.norm2(x)).chunk(2, -1)
            x = x + block.down(block.activation(gate) * up)
        return self.head(self.norm(x[tokens.kept]))


class GPT2Step:
    """GPT-2: LayerNorm, learned positions, one matrix for q, k and v, GELU."""

    def __init__(self, module: Any) -> None:
        self.body, self.head = module.transformer, linear(module.lm_head)
        self.blocks = [(block, *(linear(part) for part in (
            block.attn.c_attn, block.attn.c_proj, block.mlp.c_fc, block.mlp.c_proj))) for block in module.transformer.h]
        self.tanh = module.config.activation_function in {"gelu_new", "gelu_pytorch_tanh", "gelu_fast"}

    def __call__(self, tokens: Pass) -> torch.Tensor:
        x = self.body.wte(tokens.ids) + self.body.wpe(tokens.at)  # (T, d_model)
        for layer, (block, qkv, out, up, down) in enumerate(self.blocks):
            width = block.attn.head_dim
            q, k, v = qkv(block.ln_1(x)).view(len(x), 3, -1, width).unbind(1)
            x = x + out(tokens.attend(layer, q, k, v, scale=width**-0.5))
            h = up(block.ln_2(x))
            x = x + down(F.gelu(h, approximate="tanh") if self.tanh else block.mlp.act(h))
        return self.head(self.body.ln_f(x[tokens.kept]))
