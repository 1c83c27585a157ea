"""config.json of Llama, Qwen2, Qwen3 and GPT-2 as plain numbers, without transformers, whose import takes a second.

Only what our own forward pass computes exactly is taken: a key that is not known here, a value of another type or an
unusual one gives None, and transformers itself decides what to do with the folder. Knows nothing of weights.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lib.models.config_defaults import DEFAULTS


@dataclass(frozen=True, kw_only=True)
class PlainConfig:
    """The numbers of one model, by the names that transformers' configurations have."""

    model_type: str
    vocab_size: int
    max_position_embeddings: int
    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    eps: float  # of the norms
    activation_function: str
    tie_word_embeddings: bool
    eos_token_id: int | list[int] | None
    qkv_bias: bool
    out_bias: bool  # of the attention's last layer
    mlp_bias: bool
    rope: dict[str, Any] = field(default_factory=dict)  # rope_type, rope_theta, and llama3's numbers

    def get_text_config(self) -> "PlainConfig":
        """Itself: these models read nothing but text."""
        return self


class _UnusualError(Exception):
    """For transformers."""


_FAMILIES = ("llama", "qwen2", "qwen3", "gpt2")
# Keys whose value changes nothing that we compute: they are about training, other heads, or transformers' own ways.
_IDLE = frozenset(
    {
        "architectures",
        "attention_dropout",
        "attn_pdrop",
        "bos_token_id",
        "dtype",
        "embd_pdrop",
        "gradient_checkpointing",
        "id2label",
        "initializer_range",
        "is_llama_config",
        "label2id",
        "max_window_layers",
        "model_type",
        "n_ctx",
        "n_special",
        "output_past",
        "pad_token_id",
        "predict_special_tokens",
        "pretraining_tp",
        "reorder_and_upcast_attn",
        "resid_pdrop",
        "return_dict",
        "summary_activation",
        "summary_first_dropout",
        "summary_proj_to_labels",
        "summary_type",
        "summary_use_proj",
        "task_specific_params",
        "torch_dtype",
        "transformers.js_config",
        "transformers_version",
        "unsloth_fixed",
        "use_cache",
        "_name_or_path",
    }
)
# Keys that are no obstacle with the one value that they nearly always have.
_USUAL: dict[str, Any] = {
    "rope_interleaved": False,
    "use_sliding_window": False,
    "use_mrope": False,
    "chunk_size_feed_forward": 0,
    "is_encoder_decoder": False,
    "output_hidden_states": False,
    "output_attentions": False,
    "problem_type": None,
    "add_cross_attention": False,
    "scale_attn_weights": True,
    "scale_attn_by_inverse_layer_idx": False,
}
_ROPE = {"rope_scaling", "rope_theta", "rope_parameters", "layer_types", "sliding_window", "head_dim"}
_LLAMA3 = ("factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings")


def read(config: dict[str, Any]) -> PlainConfig | None:
    """What config.json says, or None if it takes transformers to understand it.

    >>> read({"model_type": "gpt2", "n_layer": 6}).num_hidden_layers
    6
    >>> read({"model_type": "gpt2", "n_layer": "six"}) is None, read({"model_type": "mamba"}) is None
    (True, True)
    """
    kind = config.get("model_type")
    if not isinstance(kind, str) or kind not in _FAMILIES:
        return None
    known = {*DEFAULTS[kind], *_IDLE, *(_ROPE if kind != "gpt2" else ())}
    if any(
        key not in known and not (key in _USUAL and value == _USUAL[key] and type(value) is type(_USUAL[key]))
        for key, value in config.items()
    ):
        return None
    take: Callable[[str], Any] = (DEFAULTS[kind] | config).get
    try:
        return _gpt2(take) if kind == "gpt2" else _rotary(kind, take, config)
    except _UnusualError:
        return None


def _gpt2(take: Callable[[str], Any]) -> PlainConfig:
    width, heads = _count(take("n_embd")), _count(take("n_head"))
    inner = take("n_inner")
    _usual(width % heads == 0)
    return PlainConfig(
        model_type="gpt2",
        vocab_size=_count(take("vocab_size")),
        max_position_embeddings=_count(take("n_positions")),
        hidden_size=width,
        intermediate_size=4 * width if inner is None else _count(inner),
        num_hidden_layers=_count(take("n_layer")),
        num_attention_heads=heads,
        num_key_value_heads=heads,
        head_dim=width // heads,
        eps=_number(take("layer_norm_epsilon"), float),
        activation_function=_one_of(
            take("activation_function"), "gelu_new", "gelu_fast", "gelu_pytorch_tanh", "gelu", "relu"
        ),
        tie_word_embeddings=_switch(take("tie_word_embeddings")),
        eos_token_id=_ids(take("eos_token_id")),
        qkv_bias=True,
        out_bias=True,
        mlp_bias=True,
    )


def _rotary(kind: str, take: Callable[[str], Any], config: dict[str, Any]) -> PlainConfig:
    width, heads, layers = (_count(take(key)) for key in ("hidden_size", "num_attention_heads", "num_hidden_layers"))
    kv_heads = heads if take("num_key_value_heads") is None else _count(take("num_key_value_heads"))
    fixed = kind != "llama" and (kind == "qwen3" or "head_dim" in config)
    head = _count(take("head_dim")) if fixed or take("head_dim") is not None else width // heads
    context = _count(take("max_position_embeddings"))
    _usual(head > 0 and head % 2 == 0 and heads % kv_heads == 0 and (kind == "qwen3" or width % heads == 0))
    _usual(take("use_sliding_window") in (None, False) and (kind != "llama" or take("sliding_window") is None))
    _usual(take("layer_types") in (None, ["full_attention"] * layers))
    bias = False if kind == "qwen2" else _switch(take("attention_bias"))
    return PlainConfig(
        model_type=kind,
        vocab_size=_count(take("vocab_size")),
        max_position_embeddings=context,
        hidden_size=width,
        intermediate_size=_count(take("intermediate_size")),
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=kv_heads,
        head_dim=head,
        eps=_number(take("rms_norm_eps"), float),
        activation_function=_one_of(take("hidden_act"), "silu", "swish"),
        tie_word_embeddings=_switch(take("tie_word_embeddings")),
        eos_token_id=_ids(take("eos_token_id")),
        qkv_bias=kind == "qwen2" or bias,
        out_bias=bias,
        mlp_bias=kind == "llama" and _switch(take("mlp_bias")),
        rope=_rope(take, config, context),
    )


def _rope(take: Callable[[str], Any], config: dict[str, Any], context: int) -> dict[str, Any]:
    """Old files say `rope_theta` and `rope_scaling`, new ones `rope_parameters`; transformers reads them so."""
    said = take("rope_scaling") or take("rope_parameters") or {}
    _usual(isinstance(said, dict))
    kind = said.get("rope_type", said.get("type", "default"))
    _usual(kind in ("default", "llama3"))
    fields = {"rope_theta": said.get("rope_theta", config.get("rope_theta", 10_000.0))}
    if kind == "llama3":
        fields |= {key: said.get(key) for key in _LLAMA3}
        if "original_max_position_embeddings" not in said:
            fields["original_max_position_embeddings"] = context
    _usual(not said.keys() - fields.keys() - {"rope_type", "type"})
    return {"rope_type": kind} | {key: _number(value, int, float) for key, value in fields.items()}


def _usual(fine: bool) -> None:
    if not fine:
        raise _UnusualError


def _number(value: Any, *kinds: type) -> Any:
    _usual(type(value) in kinds and 0 < value < 1e30)
    return value


def _count(value: Any) -> int:
    return int(_number(value, int))


def _switch(value: Any) -> bool:
    _usual(type(value) is bool)
    return bool(value)


def _one_of(value: Any, *names: str) -> str:
    _usual(value in names)
    return str(value)


def _ids(value: Any) -> Any:
    _usual(value is None or type(value) is int or (isinstance(value, list) and all(type(one) is int for one in value)))
    return value
