"""A GGUF's metadata -> transformers' config.json: carried over, or refused with a sentence, never left out.

Which keys there are: llama.cpp's `gguf-py/gguf/constants.py`. A key of the architecture that is not read here may
change what the model computes, so it is refused. Positions: `rope.scaling.*` says how the angles are scaled; Llama 3.1
and later say it by a tensor instead, `rope_freqs`, by which llama.cpp divides every frequency.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from lib.models.errors import ModelError

ARCHITECTURES = {"llama": "LlamaForCausalLM", "qwen2": "Qwen2ForCausalLM", "qwen3": "Qwen3ForCausalLM"}
INSTEAD = "Use the model's safetensors files instead."
# Keys that change nothing that is computed: counted again, of a format before, or notes on training.
_IDLE = {"vocab_size", "tensor_data_layout", "rope.scaling.finetuned"}
_LLAMA3 = {"low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}
_MOST = 1_000_000_000


class Metadata:
    """The settings of one file: each is asked for by its name, and those that nobody asked for are known at the end."""

    def __init__(self, values: Mapping[str, Any], name: str) -> None:
        self.values, self.name, self.asked = values, name, set[str]()
        self.family = str(values.get("general.architecture"))[:60]
        if self.family not in ARCHITECTURES:
            known = ", ".join(list(ARCHITECTURES)[:-1])
            raise ModelError(
                f"{name} holds a '{self.family}' model. GGUF files are read for {known} and "
                f"{list(ARCHITECTURES)[-1]} models; for others use the safetensors files."
            )

    def get(self, key: str) -> Any:
        """A setting of the architecture, None where it is not there."""
        self.asked.add(key)
        return self.values.get(f"{self.family}.{key}")

    def whole(self, key: str, default: int | None = None) -> int:
        """A whole number from 1 up; for all layers the same, if it is given for each."""
        value = self.get(key)
        if isinstance(value, list) and value and all(type(one) is int and one == value[0] for one in value):
            value = value[0]
        value = default if value is None else value
        if type(value) is not int or not 0 < value < _MOST:
            raise self.odd(key, "a whole number of at least 1")
        return value

    def number(self, key: str, default: float | None = None) -> float:
        """A number above 0. Files hold float32: 9.999999747e-06 is 1e-05."""
        value = self.get(key)
        value = default if value is None else value
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
            raise self.odd(key, "a number above 0")
        return shortest(value)

    def odd(self, key: str, wanted: str) -> ModelError:
        """The sentence for a setting that is missing or wrong."""
        value = self.values.get(f"{self.family}.{key}")
        says = "does not say" if value is None else f"gives {str(value)[:40]} for"
        return ModelError(f"{self.name} {says} {self.family}.{key}, and that has to be {wanted}. Get the file again.")

    def refused(self, what: str) -> ModelError:
        """The sentence for what is not read here."""
        return ModelError(f"{self.name} {what}, which is not read from GGUF files here. {INSTEAD}")

    def check_all_asked(self) -> None:
        """Raises ModelError for a setting that nobody has read: it may change what the model computes."""
        prefix = f"{self.family}."
        for key in self.values:
            if key.startswith(prefix) and key.removeprefix(prefix) not in self.asked | _IDLE:
                raise self.refused(f"sets {key[:80]}")


def shortest(value: float) -> float:
    """A float32 of a file in the fewest digits that are rounded to it: what people wrote.

    >>> shortest(9.999999747378752e-06), shortest(500_000)
    (1e-05, 500000.0)
    """
    return float(str(np.float32(value)))


def configuration(meta: Metadata, *, tied: bool, rows: int, biases: set[str], factors: np.ndarray | None
                  ) -> dict[str, Any]:  # fmt: skip
    """transformers' config.json. `rows`: of the embedding; `biases`: parts of a block that have one ("attn_output",
    …); `factors`: the rope_freqs tensor, (head width / 2,). Raises ModelError."""
    heads, width = meta.whole("attention.head_count"), meta.whole("embedding_length")
    head = meta.whole("attention.key_length", max(width // heads, 1))
    context, theta = meta.whole("context_length"), meta.number("rope.freq_base", 10_000.0)
    _check_plain(meta, head, context)
    rope = _scaling(meta, context)
    if factors is not None and (scaled := _llama3(meta, factors, head, theta)):
        if rope:
            raise meta.refused("scales its positions twice (rope.scaling and rope_freqs)")
        rope = scaled
    kv_heads = meta.whole("attention.head_count_kv", heads)
    if heads % kv_heads or head % 2:
        raise meta.odd("attention.head_count", f"a number that {kv_heads} heads of keys divide, of an even width")
    config: dict[str, Any] = {
        "architectures": [ARCHITECTURES[meta.family]],
        "model_type": meta.family,
        "hidden_act": "silu",
        "hidden_size": width,
        "intermediate_size": meta.whole("feed_forward_length"),
        "num_hidden_layers": meta.whole("block_count"),
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "max_position_embeddings": context,
        "rms_norm_eps": meta.number("attention.layer_norm_rms_epsilon"),
        "rope_theta": theta,
        "tie_word_embeddings": tied,
        "vocab_size": rows,
        **_special_ids(meta, rows),
        "torch_dtype": "bfloat16",
    }
    if rope:
        config["rope_scaling"] = rope
    if head * heads != width or meta.family == "qwen3":
        config["head_dim"] = head
    if meta.family == "llama" and biases:
        config |= {"attention_bias": "attn_output" in biases, "mlp_bias": "ffn_down" in biases}
    meta.check_all_asked()
    return config


def _check_plain(meta: Metadata, head: int, context: int) -> None:
    """What these families of transformers do not compute, and some files ask for."""
    if meta.whole("attention.value_length", head) != head or meta.whole("rope.dimension_count", head) != head:
        raise meta.refused("gives keys, values and turned positions different widths")
    if meta.get("expert_count") or meta.get("expert_used_count"):
        raise meta.refused("is a mixture of experts")
    if (window := meta.get("attention.sliding_window")) and not (type(window) is int and window >= context):
        raise meta.refused("attends through a sliding window")
    if meta.get("attention.causal") is False:
        raise meta.refused("attends to what comes after a token too")


def _scaling(meta: Metadata, context: int) -> dict[str, Any] | None:
    """`rope.scaling.*` as transformers' rope_scaling. Both scale by 0.1 ln(factor) + 1 with YaRN (Peng et al. 2023)."""
    kind, old = meta.get("rope.scaling.type"), meta.get("rope.scale_linear")
    factor = meta.number("rope.scaling.factor", meta.number("rope.scale_linear", 1.0) if old else 1.0)
    kind = "linear" if kind is None else kind  # as llama.cpp takes it
    original = meta.whole("rope.scaling.original_context_length", context)
    attention = meta.number("rope.scaling.attn_factor", 1.0) * meta.number("rope.scaling.yarn_attn_factor", 1.0)
    betas = {name: meta.get(f"rope.scaling.yarn_{name}") for name in ("beta_fast", "beta_slow")}
    if meta.number("rope.scaling.yarn_ext_factor", 1.0) != 1.0:
        raise meta.refused("mixes its scaled positions in a way of its own (yarn_ext_factor)")
    if kind == "none" or (kind == "linear" and factor == 1.0 and attention == 1.0):
        return None
    if kind == "linear" and attention == 1.0:
        return {"rope_type": "linear", "factor": factor}
    if kind != "yarn" or factor < 1.0:
        raise meta.refused(f"scales its positions by '{str(kind)[:40]}'")
    rope: dict[str, Any] = {"rope_type": "yarn", "factor": factor, "original_max_position_embeddings": original}
    for name, value in betas.items():
        if value is not None:
            rope[name] = meta.number(f"rope.scaling.yarn_{name}")
    if attention != 1.0:
        rope["attention_factor"] = attention * (0.1 * math.log(factor) + 1.0)
    return rope


def _llama3(meta: Metadata, factors: np.ndarray, head: int, theta: float) -> dict[str, Any] | None:
    """What Llama 3.1 and later say by factors, as rope_scaling: the settings that make these. None for all ones."""
    if factors.shape != (head // 2,) or not np.isfinite(factors).all():
        raise meta.refused("has rope_freqs of another width than its heads")
    if (factors == 1).all():
        return None
    for factor in (float(factors.max()), 8.0, 32.0):
        if np.allclose(factors, llama3_factors(factor, head, theta), rtol=1e-4):
            return {"rope_type": "llama3", "factor": shortest(factor), **_LLAMA3}
    raise meta.refused("scales every frequency of its positions by factors of its own (rope_freqs)")


def llama3_factors(factor: float, head: int, theta: float) -> np.ndarray:
    """By what Llama 3.1 divides the frequencies of a head, (head / 2,): as in llama.cpp's convert_hf_to_gguf.py.

    >>> llama3_factors(32.0, 8, 500_000.0).round(2).tolist()
    [1.0, 1.0, 3.29, 32.0]
    """
    low, high, context = _LLAMA3["low_freq_factor"], _LLAMA3["high_freq_factor"], 8192
    lengths = 2 * math.pi * theta ** (np.arange(0, head, 2) / head)  # tokens in a turn
    smooth = np.clip((context / lengths - low) / (high - low), 0.0, 1.0)
    return np.asarray(1 / ((1 - smooth) / factor + smooth))


def _special_ids(meta: Metadata, rows: int) -> dict[str, int | None]:
    """Beginning, end and padding. Raises ModelError for one that the vocabulary does not have, or for a vocabulary of
    another model."""
    tokens = meta.values.get("tokenizer.ggml.tokens")
    if not isinstance(tokens, list) or not tokens:
        raise ModelError(f"{meta.name} has no vocabulary (tokenizer.ggml.tokens). {INSTEAD}")
    if len(tokens) > rows > 0:
        raise ModelError(
            f"{meta.name} is damaged: its vocabulary has {len(tokens):,} tokens and its embedding {rows:,} rows. "
            "Get the file again."
        )
    found: dict[str, int | None] = {}
    for ours, theirs in (("bos", "bos"), ("eos", "eos"), ("pad", "padding")):
        value = meta.values.get(f"tokenizer.ggml.{theirs}_token_id")
        if value is not None and not (type(value) is int and 0 <= value < len(tokens)):
            raise ModelError(
                f"{meta.name} names {str(value)[:40]} as its {theirs} token, and its vocabulary has {len(tokens):,} "
                "tokens. Get the file again."
            )
        found[f"{ours}_token_id"] = value
    return found
