"""The forward pass of the common families in fewer, larger operations; the numbers stay transformers' own.

For one token a row, transformers spends more time between matrix products than in them: a step is thousands of small
operations. Here the same weights go through the same formulas with less than half of them, and tests
compare the results. What shows the inside of a model runs through transformers itself. Knows
Llama, Qwen2, Qwen3 and GPT-2.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from lib.engine.batching.ragged_batch import Pass
from lib.engine.kernels.huge_pages import HugePages
from lib.engine.kernels.int4 import Int4Linear
from lib.engine.kernels.int8 import Int8Linear, side_by_side
from lib.engine.kernels.matmul import for_bfloat16, for_float32
from lib.engine.weight_tree import WeightTree

Map = Callable[[torch.Tensor], torch.Tensor]  # (n, K) -> (n, N)


def kind_of(module: Any) -> "type[RotaryStep | GPT2Step] | None":
    """The pass for a skeleton, or for a module of transformers of the same kind; None for other families."""
    kind, config = type(module).__name__, module.config
    if isinstance(module, WeightTree):
        return GPT2Step if config.model_type == "gpt2" else RotaryStep
    if kind in {"LlamaForCausalLM", "Qwen2ForCausalLM", "Qwen3ForCausalLM"}:
        return RotaryStep
    plain = (
        kind == "GPT2LMHeadModel"
        and config.scale_attn_weights
        and not (config.scale_attn_by_inverse_layer_idx or config.add_cross_attention)
    )
    return GPT2Step if plain else None


def step_for(module: Any) -> Callable[[Pass], torch.Tensor] | None:
    """A function from a pass to the logits of its kept tokens, (R, V), or None for other families."""
    step = kind_of(module)
    if step is None:
        return None
    pages = HugePages(module.device, module.dtype)
    made = step(module, pages)
    pages.settle(module)
    return made


def alone(part: Any, pages: HugePages) -> Map:
    """One linear layer (nn.Linear, int8, int4, or GPT-2's Conv1D) as a function; its weight goes to the huge pages."""
    weight = part.weight.data
    turned = not isinstance(part, nn.Linear | Int8Linear | Int4Linear) and _narrow(weight)
    part.weight.data = pages.put(weight.T).T if turned else pages.put(weight)  # a view: nothing is held twice
    return linear(part)


def _narrow(weight: torch.Tensor) -> bool:
    return weight.dtype is torch.bfloat16 and weight.device.type == "cpu"


def linear(part: Any) -> Map:
    """The fastest way to apply one linear layer to a few rows."""
    if isinstance(part, Int8Linear | Int4Linear):
        return part.rows()
    weight, bias, conv = part.weight, part.bias, not isinstance(part, nn.Linear)  # Conv1D keeps (K, N)
    if _narrow(weight):
        rows, product = weight.T if conv else weight, for_bfloat16()
        return (lambda x: product(x, rows)) if bias is None else lambda x: product(x, rows).add_(bias)
    if conv:
        return lambda x: torch.addmm(bias, x, weight)
    plain = for_float32(weight)
    return lambda x: plain(x, weight, bias)


def together(parts: list[Any], pages: HugePages) -> Map:
    """Layers with the same input as one, (n, K) -> (n, N1 + N2 + ...); the parts become views of it."""
    if len({type(part) for part in parts}) > 1:  # int8 beside int4
        maps = [alone(part, pages) for part in parts]
        return lambda x: torch.cat([product(x) for product in maps], 1)
    return linear(side_by_side(parts, pages))


def rms_norm(norm: Any) -> Map:
    """RMSNorm (Zhang & Sennrich 2019): x / sqrt(mean(x^2) + eps) * weight, over the last dimension.

    The row (x, -x) has mean 0 and variance mean(x^2), so layer_norm of it is RMSNorm of x: one operation, not six.
    """
    weight, eps = torch.stack((norm.weight, norm.weight)), norm.variance_epsilon  # (2, d)
    signs, shape, normalised = weight.new_tensor([[1], [-1]]), list(weight.shape), torch.layer_norm
    return lambda x: normalised(x.unsqueeze(-2) * signs, shape, weight, None, eps).select(-2, 0).contiguous()


class RotaryBlock:
    """One block's weights, in the order of their use."""

    def __init__(self, block: Any, pages: HugePages) -> None:
        attention, mlp = block.self_attn, block.mlp
        self.scale = attention.scaling
        self.activation = F.silu if isinstance(mlp.act_fn, nn.SiLU) else mlp.act_fn
        self.norm1, self.norm2 = rms_norm(block.input_layernorm), rms_norm(block.post_attention_layernorm)
        self.qkv = together([attention.q_proj, attention.k_proj, attention.v_proj], pages)
        self.out = alone(attention.o_proj, pages)
        self.up = together([mlp.gate_proj, mlp.up_proj], pages)
        self.down = alone(mlp.down_proj, pages)
        self.norm_q, self.norm_k = (  # Qwen3
            rms_norm(getattr(attention, name)) if hasattr(attention, name) else None for name in ("q_norm", "k_norm")
        )


class RotaryStep:
    """Llama, Qwen2, Qwen3: RMSNorm, rotary positions, grouped heads, gated feed-forward."""

    def __init__(self, module: Any, pages: HugePages) -> None:
        self.body = module.model
        self.blocks = [RotaryBlock(block, pages) for block in module.model.layers]
        self.norm, self.head = rms_norm(module.model.norm), alone(module.lm_head, pages)
        self.heads, self.kv_heads = module.config.num_attention_heads, module.config.num_key_value_heads
        self.width = module.model.layers[0].self_attn.head_dim

    def __call__(self, tokens: Pass) -> torch.Tensor:
        heads, kv_heads, half = self.heads, self.kv_heads, self.width // 2
        shape = (len(tokens.ids), heads + 2 * kv_heads, self.width)
        x = self.body.embed_tokens(tokens.ids)  # (T, d_model)
        cos, sin = self._rotations(tokens.at, x.dtype)
        attend = tokens.attend
        for layer, block in enumerate(self.blocks):
            qkv = block.qkv(block.norm1(x)).view(shape)
            qk = plain = qkv.narrow(1, 0, heads + kv_heads)
            if block.norm_q is not None and block.norm_k is not None:
                q, k = qk.split((heads, kv_heads), 1)
                plain = torch.cat((block.norm_q(q), block.norm_k(k)), 1)
            torch.addcmul(plain * cos, plain.roll(half, -1), sin, out=qk)
            q, kv = qkv.split((heads, 2 * kv_heads), 1)
            x = block.out(attend(layer, q, kv, block.scale)).add_(x)
            gate, up = block.up(block.norm2(x)).chunk(2, -1)
            x = block.down(block.activation(gate).mul_(up)).add_(x)
        return self.head(self.norm(x if tokens.kept is None else x[tokens.kept]))

    def _rotations(self, at: torch.Tensor, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
        """Cosines and sines of positions (T,), each (T, 1, D). rotate_half is a roll; its minus is in the sines."""
        rotary = self.body.rotary_emb
        angles = at.float()[:, None, None] * rotary.inv_freq.float()  # (T, 1, D/2)
        cos, sin = angles.cos() * rotary.attention_scaling, angles.sin() * rotary.attention_scaling
        return torch.cat((cos, cos), -1).to(dtype), torch.cat((-sin, sin), -1).to(dtype)


class GPT2Block:
    """One block's weights, in the order of their use."""

    def __init__(self, block: Any, pages: HugePages) -> None:
        self.norm1, self.norm2 = _layer_norm(block.ln_1), _layer_norm(block.ln_2)
        self.qkv, self.out = alone(block.attn.c_attn, pages), alone(block.attn.c_proj, pages)
        self.up, self.down = alone(block.mlp.c_fc, pages), alone(block.mlp.c_proj, pages)


class GPT2Step:
    """GPT-2: LayerNorm, learned positions, one matrix for q, k and v, GELU."""

    def __init__(self, module: Any, pages: HugePages) -> None:
        self.body = module.transformer
        self.blocks, self.norm = [GPT2Block(block, pages) for block in self.body.h], _layer_norm(self.body.ln_f)
        self.head = alone(module.lm_head, pages)
        attention, config = self.body.h[0].attn, module.config
        self.heads, self.width, self.scale = attention.num_heads, attention.head_dim, attention.head_dim**-0.5
        tanh = config.activation_function in {"gelu_new", "gelu_pytorch_tanh", "gelu_fast"}
        self.activation = partial(F.gelu, approximate="tanh") if tanh else self.body.h[0].mlp.act

    def __call__(self, tokens: Pass) -> torch.Tensor:
        x = self.body.wte(tokens.ids) + self.body.wpe(tokens.at)  # (T, d_model)
        shape = (len(tokens.ids), 3 * self.heads, self.width)
        for layer, block in enumerate(self.blocks):
            q, kv = block.qkv(block.norm1(x)).view(shape).split((self.heads, 2 * self.heads), 1)
            x = block.out(tokens.attend(layer, q, kv, self.scale)).add_(x)
            x = block.down(self.activation(block.up(block.norm2(x)))).add_(x)
        return self.head(self.norm(x if tokens.kept is None else x[tokens.kept]))


def _layer_norm(norm: Any) -> Map:
    shape, weight, bias, eps = list(norm.normalized_shape), norm.weight, norm.bias, norm.eps
    return lambda x: torch.layer_norm(x, shape, weight, bias, eps)
