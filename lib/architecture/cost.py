"""What a model costs: bytes for weights, KV cache, activations and training; floating-point operations.

Pure arithmetic on an Architecture and its ledger. Every figure has a test against something real: a saved safetensors
file, GGUF's own quantiser, the cache's tensors, autograd's saved tensors, Adam's state, torch.utils.flop_counter.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import prod

from lib.architecture.errors import ArchitectureError
from lib.architecture.known_configs import resolve
from lib.architecture.parameter_ledger import LedgerRow, ledger
from lib.architecture.spec import Architecture

DTYPES: Mapping[str, float] = {  # bytes of one matrix entry
    "float32": 4,
    "bfloat16": 2,
    "float16": 2,
    "int8": 34 / 32,  # Q8_0: 32 weights share a 16-bit scale
    "int4": 18 / 32,  # Q4_0
}
_GROUP = {"int8": 34, "int4": 18}  # bytes of a group of 32 weights
_Q6_K = 256, 210  # llama.cpp's format of an int4 model's output table: weights of a group, and its bytes
# What autograd keeps for the backward pass, in numbers per token and block: d, q, kv, MLP width, heads, KV heads, 1
# (fp32, fused attention, no dropout; read off torch.autograd.graph.saved_tensors_hooks).
_SAVED = {
    "gpt2": (5, 1, 2, 5, 1, 0, 4),
    "llama": (6, 2, 2, 4, 1, 0, 2),
    "qwen3": (6, 4, 4, 4, 2, 1, 2),
    "gemma3_text": (10, 4, 4, 4, 2, 1, 4),
    "gpt_neox": (4, 4, 2, 2, 1, 0, 4),
    "phi": (2, 3, 2, 5, 1, 0, 2),
}
_SAVED |= {"mistral": _SAVED["llama"], "qwen2": _SAVED["llama"]}


@dataclass(frozen=True)
class Cost:
    """One pass over `batch` texts of `context` tokens. Bytes, and floating-point operations (a multiply-add is 2)."""

    weights: int
    kv_cache: int
    activations: int  # the largest tensors alive at once, an estimate
    flops_per_token: int  # the next token, with the KV cache full of `context` tokens, one text
    flops_prompt: int  # all `context` tokens of all texts at once; the head reads the last position alone

    @property
    def total(self) -> int:
        """Bytes to run the model: weights, cache and activations."""
        return self.weights + self.kv_cache + self.activations


@dataclass(frozen=True)
class TrainingMemory:
    """Bytes to train with Adam. Mixed precision costs the same 16 bytes a parameter: 2 + 2 and a 4-byte master copy."""

    weights: int
    gradients: int
    adam: int  # two running averages a parameter
    activations: int  # what autograd keeps for the backward pass

    @property
    def total(self) -> int:
        """All four together."""
        return self.weights + self.gradients + self.adam + self.activations


def cost_of(config: object, *, dtype: str = "bfloat16", batch: int = 1, context: int = 1024) -> Cost:
    """Memory and arithmetic of running `config`. KV cache and activations are 16-bit when the weights are quantised.

    Raises ArchitectureError for a dtype that is not in DTYPES or sizes below 1.

    >>> cost_of("gpt2", dtype="float32").weights == 4 * 124_439_808
    True
    """
    arch = _computable(config)
    _positive(batch=batch, context=context)
    if dtype not in DTYPES:
        raise ArchitectureError(f"{dtype[:40]!r} is not a number format of this page; it has {', '.join(DTYPES)}.")
    bytes_per_value = max(2, int(DTYPES[dtype]))
    return Cost(
        weights=weight_bytes(arch, dtype),
        kv_cache=kv_cache_bytes(arch, batch=batch, context=context, bytes_per_value=bytes_per_value),
        activations=sum(activation_parts(arch, batch=batch, context=context, bytes_per_value=bytes_per_value).values()),
        flops_per_token=flops_per_token(arch, context=context),
        flops_prompt=flops_prompt(arch, batch=batch, context=context),
    )


def _computable(config: object) -> Architecture:
    """The architecture, if this module knows how the family computes (not only which tensors it has)."""
    arch = resolve(config)
    if not arch.known:
        raise ArchitectureError(
            f"This page knows the tensors of a {arch.family[:40]} model but not how it computes, so it "
            "gives the bytes of its weights and nothing else."
        )
    return arch


def _positive(**sizes: int) -> None:
    for name, value in sizes.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ArchitectureError(f"The {name} must be a whole number of at least 1, not {str(value)[:40]}.")


def weight_bytes(arch: Architecture, dtype: str) -> int:
    """Bytes of all weights, shared ones once. int8 and int4 quantise the matrices; norms, biases and a table of
    positions stay 32-bit."""
    return _weight_bytes(arch, dtype)


@lru_cache(maxsize=512)
def _weight_bytes(arch: Architecture, dtype: str) -> int:
    return sum(row_bytes(row, dtype, arch) for row in ledger(arch).rows)


def row_bytes(row: LedgerRow, dtype: str, arch: Architecture) -> int:
    """Bytes of one tensor of `arch`; 0 if it is shared.

    As `llama-quantize` writes them (src/llama-quant.cpp): a table of positions is not quantised; in an int4 file the
    output table, which with a tied head is the embedding, is Q6_K, or Q8_0 where its rows are no multiple of 256.
    """
    if not row.params:
        return 0
    if dtype not in _GROUP:
        return int(row.params * DTYPES[dtype])
    if len(row.shape) < 2 or row.component == "positions":
        return 4 * row.params
    conv = arch.family == "gpt2" and row.component in {"attention", "mlp"}  # Conv1D stores (in, out)
    inputs = row.shape[0] if conv else row.shape[-1]
    if dtype == "int4" and row.component == ("embedding" if arch.tied else "head") and inputs % 32 == 0:
        group, size = _Q6_K if inputs % _Q6_K[0] == 0 else (32, _GROUP["int8"])
        return row.params // group * size
    return row.params // 32 * _GROUP[dtype] if inputs % 32 == 0 else 2 * row.params  # odd widths stay 16-bit


def bytes_read_per_token(arch: Architecture, dtype: str) -> int:
    """Weight bytes that one more token must read: all but the tables it looks one row up in (a tied table is read
    as the head)."""
    tables = {"positions"} if arch.tied else {"embedding", "positions"}
    return sum(row_bytes(row, dtype, arch) for row in ledger(arch).rows if row.component not in tables)


def cached_tokens(arch: Architecture, block: int, context: int) -> int:
    """Tokens whose keys and values a block keeps: all, or the window less the token being computed."""
    window = arch.windows[block] if arch.windows else 0
    return min(context, window - 1) if window > 1 else context


def kv_cache_bytes(
    arch: Architecture, *, batch: int = 1, context: int, bytes_per_value: int = 2, mha: bool = False
) -> int:
    """2 (K and V) x KV heads x head_dim x tokens x bytes, summed over blocks. `mha`: as if every head had its own KV.

    >>> from lib.architecture.known_configs import architecture
    >>> kv_cache_bytes(architecture("gpt2"), context=1024) == 2 * 12 * 768 * 1024 * 2
    True
    """
    heads = arch.heads if mha else arch.kv_heads
    tokens = sum(cached_tokens(arch, block, context) for block in range(arch.layers))
    return 2 * heads * arch.head_dim * tokens * batch * bytes_per_value


def activation_parts(arch: Architecture, *, batch: int = 1, context: int, bytes_per_value: int = 2) -> dict[str, int]:
    """Bytes of the largest tensors of a forward pass that are alive together: the residual stream, the widest step
    inside a block, and the logits of the last position (asking for all positions costs `context` times that)."""
    tokens = batch * context
    attention = 3 * arch.q_width + 3 * arch.kv_width
    mlp = (3 if arch.gated else 2) * arch.intermediate_size
    return {
        "residual stream": 2 * tokens * arch.hidden_size * bytes_per_value,
        "widest step": tokens * max(attention, mlp) * bytes_per_value,
        "logits": batch * arch.vocab_size * 4,
    }


def matrix_params(arch: Architecture) -> int:
    """Entries of all matrices that every token is multiplied with: the blocks' and the head's (tied or not)."""
    return sum(
        prod(row.shape)
        for row in ledger(arch).rows
        if len(row.shape) == 2 and (row.component in {"attention", "mlp"} or row.component == "head")
    )


def flops_per_token(arch: Architecture, *, context: int) -> int:
    """2 per matrix entry, and 4 x heads x head_dim per token attended to and block (scores, weighted sum).

    Norms, activations and softmax add about one percent and are not counted, as in torch.utils.flop_counter.
    """
    attended = sum(min(context, w) if (w := _window(arch, i)) else context for i in range(arch.layers))
    return 2 * matrix_params(arch) + 4 * arch.q_width * attended


def flops_prompt(arch: Architecture, *, batch: int = 1, context: int) -> int:
    """The whole text at once: every token through every matrix of the blocks, all context x context scores (masked
    ones too), and the head at the last position, the only one that is needed to go on."""
    attention = 4 * arch.q_width * context * context * arch.layers
    head = head_params(arch)
    return batch * (2 * (matrix_params(arch) - head) * context + 2 * head + attention)


def head_params(arch: Architecture) -> int:
    """Entries of the output head's matrix, tied or not."""
    return sum(prod(row.shape) for row in ledger(arch).rows if row.component == "head" and len(row.shape) == 2)


def _window(arch: Architecture, block: int) -> int:
    return arch.windows[block] if arch.windows else 0


def saved_for_backward(arch: Architecture, *, batch: int = 1, context: int) -> int:
    """Bytes that autograd keeps in fp32 until the backward pass (fused attention, no dropout, no checkpointing)."""
    sizes = (arch.hidden_size, arch.q_width, arch.kv_width, arch.intermediate_size, arch.heads, arch.kv_heads, 1)
    counts = _SAVED.get(arch.family, _SAVED["llama"])
    block = sum(count * size for count, size in zip(counts, sizes, strict=True))
    outside = 3 * arch.hidden_size + arch.vocab_size  # embedding, final norm, log-softmax of the loss
    return 4 * batch * context * (arch.layers * block + outside)


def training_memory(config: object, *, batch: int = 1, context: int = 1024) -> TrainingMemory:
    """Bytes to train every weight with Adam in fp32: 16 a parameter, and the activations."""
    arch = _computable(config)
    _positive(batch=batch, context=context)
    total = ledger(arch).total
    return TrainingMemory(4 * total, 4 * total, 8 * total, saved_for_backward(arch, batch=batch, context=context))
