"""One transformer block, one step at a time, with the model's own layers: the order that transformers computes in.

Linear layers, norms and activations are the module's; the attention between them (heads, RoPE, scores, mask, softmax,
weighted sum) is written out here, so that every intermediate can be looked at, or one part be left out. The module
itself is never changed. Tests hold the result to the transformers block within 1e-5 in fp32.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from lib.architecture.ablation_data import Ablation
from lib.architecture.errors import ArchitectureError
from lib.architecture.module_names import MODULE_NAMES


@dataclass(frozen=True)
class RawStep:
    """One step: a key of `lib.architecture.step_descriptions.STORY`, its tensor, and where it happens in the code."""

    key: str
    tensor: Tensor
    code: str


class StepwiseForward:
    """The parts of one loaded model by their role. Holds references only. `ablation` is left out of every pass."""

    def __init__(self, module: Any, ablation: Ablation | None = None) -> None:
        if module is None:  # its engine was closed to make room
            raise ArchitectureError("The model was released in the meantime. Try again; it will be loaded anew.")
        self.module, self.config, self.ablation = module, module.config, ablation
        self.family = str(getattr(module.config, "model_type", ""))
        if self.family not in MODULE_NAMES:
            raise ArchitectureError(
                f"The live pass knows the families {', '.join(MODULE_NAMES)}; this model is a "
                f"{self.family[:40] or 'model without a type'}. Its parameters can still be counted."
            )
        self.names = MODULE_NAMES[self.family]
        try:
            self.embed = module.get_submodule(self.names.embed)
            self.layers = module.get_submodule(self.names.block)
            self.final = module.get_submodule(self.names.final)
            self.head = module.get_submodule(self.names.head)
            self.base = module.get_submodule(self.names.block.rsplit(".", 1)[0])
        except AttributeError as error:
            raise ArchitectureError(
                "This model's layers were rearranged when it was loaded, so it cannot be taken apart. "
                "Load it in full precision."
            ) from error

    def off(self, part: str, block: int | None = None) -> bool:
        """Is this part left out, here (`block`), or everywhere?"""
        cut = self.ablation
        return cut is not None and cut.part == part and cut.block in {None, block}

    def norm(self, layer: Any, name: str, index: int, x: Tensor) -> Tensor:
        """A norm of block `index`."""
        return x if self.off("norm", index) else getattr(layer, name)(x)

    def embedding(self, ids: Tensor) -> Iterator[RawStep]:
        """Token ids (1, T) to the residual stream (1, T, d); the last step is the stream."""
        x = self.embed(ids)
        yield RawStep("embedding", x, f"model.{self.names.embed}")
        if self.family == "gpt2":
            places = self.base.wpe(torch.arange(ids.shape[1], device=ids.device)[None])  # (1, T, d)
            places = torch.zeros_like(places) if self.off("positions") else places
            yield RawStep("positions", places, "model.transformer.wpe")
            yield RawStep("stream", x + places, "model.transformer")

    def last_norm(self, x: Tensor) -> Tensor:
        """The final norm: (..., d) -> (..., d)."""
        return x if self.off("norm") else self.final(x)

    def logits(self, x: Tensor) -> Tensor:
        """The final norm and the head: (..., d) -> (..., V)."""
        logits = self.head(self.last_norm(x))
        cap = getattr(self.config, "final_logit_softcapping", None)
        return torch.tanh(logits / cap) * cap if cap else logits

    def block(self, index: int, x: Tensor) -> Iterator[RawStep]:
        """The steps of one block on the stream x (1, T, d); the last step is the block's output."""
        layer, path, names = self.layers[index], f"model.{self.names.block}[{index}]", self.names
        nothing = torch.zeros_like(x)
        kept = nothing if self.off("residual", index) else x  # what the first shortcut carries past attention
        normed = self.norm(layer, names.norm1, index, x)
        yield RawStep("norm1", normed, f"{path}.{names.norm1}")
        attended = normed
        for step in self._attention(index, normed, x):
            attended = step.tensor
            yield step
        if names.after_attn:
            attended = self.norm(layer, names.after_attn, index, attended)
            yield RawStep("after_attn", attended, f"{path}.{names.after_attn}")
        attended = nothing if self.off("attention", index) else attended
        parallel = self.family == "phi" or (self.family == "gpt_neox" and layer.use_parallel_residual)
        middle = x if parallel else kept + attended
        if not parallel:
            yield RawStep("add1", middle, f"{path}.forward")
        if names.norm2:
            normed = self.norm(layer, names.norm2, index, middle)
            yield RawStep("norm2", normed, f"{path}.{names.norm2}")
        mlp = normed
        for step in self._mlp(layer.mlp, normed, f"{path}.mlp"):
            mlp = step.tensor
            yield step
        if names.after_mlp:
            mlp = self.norm(layer, names.after_mlp, index, mlp)
            yield RawStep("after_mlp", mlp, f"{path}.{names.after_mlp}")
        mlp = nothing if self.off("mlp", index) else mlp
        carried = kept + attended if parallel else nothing if self.off("residual", index) else middle
        yield RawStep("add2", carried + mlp, f"{path}.forward")

    def _attention(self, index: int, normed: Tensor, x: Tensor) -> Iterator[RawStep]:
        attn = getattr(self.layers[index], self.names.attn)
        path = f"model.{self.names.block}[{index}].{self.names.attn}"
        q, k, v = self._heads(attn, normed)  # (1, heads or kv_heads, T, head_dim) each
        code = [f"{path}.{name}" for name in self.names.qkv] * (3 if len(self.names.qkv) == 1 else 1)
        yield from (RawStep(key, part, where) for key, part, where in zip("qkv", (q, k, v), code, strict=True))
        q_norm, k_norm = (getattr(attn, name, None) for name in self.names.qk_norms)
        if q_norm is not None and k_norm is not None:
            q, k = q_norm(q), k_norm(k)
            yield RawStep("q_norm", q, f"{path}.{self.names.qk_norms[0]}")
            yield RawStep("k_norm", k, f"{path}.{self.names.qk_norms[1]}")
        if self.family != "gpt2":
            cos, sin = self._angles(index, x)
            q, k = rotate(q, cos, sin), rotate(k, cos, sin)
            yield RawStep("q_rope", q, f"model.{self.names.block.rsplit('.', 1)[0]}.rotary_emb")
            yield RawStep("k_rope", k, f"model.{self.names.block.rsplit('.', 1)[0]}.rotary_emb")
        k, v = (part.repeat_interleave(q.shape[1] // part.shape[1], dim=1) for part in (k, v))  # one KV per query head
        scores = q @ k.transpose(2, 3) * attn.scaling  # (1, heads, T, T)
        cap = getattr(self.config, "attn_logit_softcapping", None)
        if cap:
            scores = torch.tanh(scores / cap) * cap
        yield RawStep("scores", scores, f"{path}.forward")
        masked = scores.masked_fill(self._hidden(index, q.shape[2]).to(scores.device), float("-inf"))
        yield RawStep("masked", masked, f"{path}.forward")
        weights = masked.softmax(-1, dtype=torch.float32).to(q.dtype)
        yield RawStep("weights", weights, f"{path}.forward")
        mixed = weights @ v  # (1, heads, T, head_dim)
        if self.ablation and self.off("head", index):
            mixed = mixed.index_fill(1, torch.tensor(self.ablation.head, device=mixed.device), 0)
        yield RawStep("mixed", mixed, f"{path}.forward")
        flat = mixed.transpose(1, 2).flatten(2)  # (1, T, heads * head_dim)
        yield RawStep("out", getattr(attn, self.names.out)(flat), f"{path}.{self.names.out}")

    def _heads(self, attn: Any, normed: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        names = self.names.qkv
        if len(names) == 3:
            width = attn.head_dim
            q, k, v = (getattr(attn, name)(normed).unflatten(-1, (-1, width)).transpose(1, 2) for name in names)
        elif self.family == "gpt2":  # three blocks of columns, then heads
            parts = attn.c_attn(normed).split(attn.split_size, dim=2)
            q, k, v = (part.unflatten(-1, (-1, attn.head_dim)).transpose(1, 2) for part in parts)
        else:  # GPT-NeoX: heads, then q, k and v inside each
            fused = attn.query_key_value(normed).unflatten(-1, (-1, 3 * attn.head_size)).transpose(1, 2)
            q, k, v = fused.chunk(3, dim=-1)
        return q, k, v

    def _angles(self, index: int, x: Tensor) -> tuple[Tensor, Tensor]:
        places = torch.arange(x.shape[1], device=x.device)[None]
        places = torch.zeros_like(places) if self.off("positions") else places  # an angle of 0: nothing turns
        if self.family == "gemma3_text":
            cos, sin = self.base.rotary_emb(x, places, self.config.layer_types[index])
        else:
            cos, sin = self.base.rotary_emb(x, places)
        return cos, sin

    def _hidden(self, index: int, tokens: int) -> Tensor:
        """True where a token must not look: (T, T), the future, and what lies outside a sliding window."""
        rows, columns = torch.arange(tokens)[:, None], torch.arange(tokens)[None]
        hidden = columns > rows
        if self.off("mask"):
            return torch.zeros_like(hidden)
        types = getattr(self.config, "layer_types", None)
        slides = types[index] == "sliding_attention" if types else self.family == "mistral"
        window = getattr(self.config, "sliding_window", None) if slides else None
        return hidden | (rows - columns >= window) if window else hidden

    def _mlp(self, mlp: Any, normed: Tensor, path: str) -> Iterator[RawStep]:
        *into, back = self.names.mlp
        wide = [getattr(mlp, name)(normed) for name in into]  # (1, T, m) each
        keys = ("gate", "up") if len(into) == 2 else ("up",)
        yield from (RawStep(key, part, f"{path}.{name}") for key, part, name in zip(keys, wide, into, strict=True))
        act = next(getattr(mlp, name) for name in ("act", "act_fn", "activation_fn") if hasattr(mlp, name))
        bent = act(wide[0]) * wide[1] if len(wide) == 2 else act(wide[0])
        yield RawStep("activation", bent, f"{path}.forward")
        yield RawStep("down", getattr(mlp, back)(bent), f"{path}.{back}")


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """RoPE on x (1, heads, T, head_dim): the first cos.shape[-1] components turn in pairs (i, i + half)."""
    cos, sin = cos[:, None], sin[:, None]
    size = cos.shape[-1]
    turned, rest = x[..., :size], x[..., size:]
    first, second = turned.chunk(2, dim=-1)
    return torch.cat((turned * cos + torch.cat((-second, first), dim=-1) * sin, rest), dim=-1)
