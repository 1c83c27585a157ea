"""The decoding step of the common families in fewer, larger operations; the numbers stay transformers' own.

For one token a row, transformers spends more time between matrix products than in them: a step of SmolLM2 is about
2,000 small operations. Here the same weights go through the same formulas with a third of them, and tests compare the
results. Prompts, scores and everything that shows the inside of a model run through transformers itself. Knows Llama,
Qwen2, Qwen3 and GPT-2.
"""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from lib.engine.cache import SlotCache, SlotLayer
from lib.engine.int8 import Int8Linear, side_by_side

Map = Callable[[torch.Tensor], torch.Tensor]  # (n, K) -> (n, N)


def step_for(module: Any) -> "Callable[[torch.Tensor, SlotCache, torch.Tensor | None], torch.Tensor] | None":
    """A function (ids (n,), cache, mask (n, 1, 1, view) or None) -> logits (n, V), or None for other families."""
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
    weight, bias = part.weight, part.bias
    if isinstance(part, Int8Linear):
        return part.forward
    if not isinstance(part, nn.Linear):  # Conv1D keeps (K, N)
        return lambda x: torch.addmm(bias, x, weight)
    if weight.dtype is torch.bfloat16 and weight.device.type == "cpu":
        return lambda x: _narrow(x, weight, bias)
    return lambda x: F.linear(x, weight, bias)


def _narrow(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    """x W^T as (W x^T)^T: the large matrix stays as it lies, which for a few bfloat16 rows is 1.5 times as fast."""
    if x.shape[0] > 64:
        return F.linear(x, weight, bias)
    out = torch.mv(weight, x[0])[None] if x.shape[0] == 1 else torch.mm(weight, x.T).T.contiguous()
    return out if bias is None else out + bias


def attend(layer: SlotLayer, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor | None, *,
           scale: float) -> torch.Tensor:
    """q (n, heads, D), k and v (n, kv_heads, D) of one new token a row -> (n, heads * D); k and v go to the cache."""
    n, heads, width = q.shape
    keys, values = layer.update(k[:, :, None], v[:, :, None])  # (n, kv_heads, view, D)
    grouped = q.reshape(n, k.shape[1], heads // k.shape[1], width)  # heads that share keys attend as one block
    out = F.scaled_dot_product_attention(grouped, keys, values, attn_mask=mask, scale=scale)
    return out.reshape(n, heads * width)


def together(parts: list[Any]) -> Map:
    """Layers with the same input, (n, K) -> (n, N1 + N2 + ...): one product in int8, else side by side."""
    if all(isinstance(part, Int8Linear) for part in parts):
        return side_by_side(parts).forward
    maps = [linear(part) for part in parts]
    return lambda x: torch.cat([apply(x) for apply in maps], -1)


class RotaryStep:
    """Llama, Qwen2, Qwen3: RMSNorm, rotary positions, grouped heads, gated feed-forward."""

    def __init__(self, module: Any) -> None:
        self.module = module
        self.head = linear(module.lm_head)
        self.blocks = [(block, together([block.self_attn.q_proj, block.self_attn.k_proj, block.self_attn.v_proj]),
                        linear(block.self_attn.o_proj), together([block.mlp.gate_proj, block.mlp.up_proj]),
                        linear(block.mlp.down_proj)) for block in module.model.layers]
        config = module.config
        self.heads, self.kv_heads = config.num_attention_heads, config.num_key_value_heads

    def __call__(self, ids: torch.Tensor, cache: SlotCache, mask: torch.Tensor | None) -> torch.Tensor:
        body, n = self.module.model, ids.shape[0]
        heads, both = self.heads, self.heads + self.kv_heads
        x = body.embed_tokens(ids)  # (n, d_model)
        cos, sin = body.rotary_emb(x[:, None], cache.plan.at[:, None])  # (n, 1, D)
        half = sin.shape[-1] // 2
        sin = torch.cat((-sin[..., :half], sin[..., half:]), -1)
        for (block, project, out, spread, down), layer in zip(self.blocks, cache.slots, strict=True):
            attention = block.self_attn
            qkv = project(_rms(x, block.input_layernorm)).view(n, -1, attention.head_dim)
            qk, v = qkv[:, :both], qkv[:, both:]
            if hasattr(attention, "q_norm"):  # Qwen3
                qk = torch.cat((_rms(qk[:, :heads], attention.q_norm), _rms(qk[:, heads:], attention.k_norm)), 1)
            # rotate_half is a roll by half the width; its minus is in `sin`
            qk = torch.addcmul(qk * cos, qk.roll(half, -1), sin)
            x = x + out(attend(layer, qk[:, :heads], qk[:, heads:], v, mask, scale=attention.scaling))
            gate, up = spread(_rms(x, block.post_attention_layernorm)).chunk(2, -1)
            x = x + down(block.mlp.act_fn(gate) * up)
        return self.head(_rms(x, body.norm))


def _rms(x: torch.Tensor, norm: Any) -> torch.Tensor:
    return F.rms_norm(x, (x.shape[-1],), norm.weight, norm.variance_epsilon)


class GPT2Step:
    """GPT-2: LayerNorm, learned positions, one matrix for q, k and v, GELU."""

    def __init__(self, module: Any) -> None:
        self.module = module
        self.head = linear(module.lm_head)
        self.blocks = [(block, *(linear(part) for part in (
            block.attn.c_attn, block.attn.c_proj, block.mlp.c_fc, block.mlp.c_proj))) for block in module.transformer.h]
        self.tanh = module.config.activation_function in {"gelu_new", "gelu_pytorch_tanh", "gelu_fast"}

    def __call__(self, ids: torch.Tensor, cache: SlotCache, mask: torch.Tensor | None) -> torch.Tensor:
        body, n = self.module.transformer, ids.shape[0]
        x = body.wte(ids) + body.wpe(cache.plan.at)  # (n, d_model)
        for (block, qkv, out, up, down), layer in zip(self.blocks, cache.slots, strict=True):
            width = block.attn.head_dim
            q, k, v = qkv(block.ln_1(x)).view(n, 3, -1, width).unbind(1)
            x = x + out(attend(layer, q, k, v, mask, scale=width**-0.5))
            h = up(block.ln_2(x))
            x = x + down(F.gelu(h, approximate="tanh") if self.tanh else block.mlp.act(h))
        return self.head(body.ln_f(x))
