"""The models this app knows by name: what they are, how big, under which licence, and how they are talked to.

Data only. Parameter counts count a tied output head once and are the published ones (the tests rebuild them from the
configurations); download sizes are those of the safetensors files, some of which store the tied head again.
"""

from dataclasses import dataclass
from typing import Literal

Role = Literal["base", "instruct"]
Wanted = Role | Literal["capable"]  # what a page asks for; "capable": the best to look into, whatever its role
EMBEDDED = "smollm2-135m-instruct"
# One tiny model before and after fine-tuning, in lib/models/shipped/: always here, described by their own folders.
BASE, CHAT = "playground-base", "playground-chat"
SHIPPED: dict[str, str] = {BASE: "Playground-Base", CHAT: "Playground-Chat"}  # id -> name for people


@dataclass(frozen=True)
class ModelSpec:
    """One model. Sizes in bytes, lengths in tokens."""

    id: str
    name: str  # for people
    hub_id: str  # "" for a local folder
    role: Role
    family: str  # transformers' model_type
    licence: str  # SPDX identifier, or the licence's own name; "" if the folder does not say
    download_bytes: int
    parameters: int  # a tied output head counted once
    context: int  # positions
    template: str  # a name of lib.chat's templates, a model's own Jinja text, or "" for none
    tokenizer: str  # a name that lib.tokenization.load takes, or a folder
    dtype: str  # of the stored weights
    layers: int
    hidden_size: int  # d_model
    kv_width: int  # key/value heads * head size: numbers a layer caches per token, for keys and again for values
    vocab_size: int  # rows of the output head

    @property
    def kv_bytes_per_token(self) -> int:
        """Bytes of a float32 KV cache for one token: 2 (keys, values) * layers * kv_width * 4."""
        return 2 * self.layers * self.kv_width * 4


def _gpt2(
    model_id: str,
    hub_id: str,
    name: str,
    licence: str,
    *,
    download: int,
    parameters: int,
    layers: int,
    hidden_size: int,
) -> ModelSpec:
    return ModelSpec(
        model_id,
        name,
        hub_id,
        "base",
        "gpt2",
        licence,
        download,
        parameters,
        1024,
        "",
        "gpt2",
        "float32",
        layers,
        hidden_size,
        hidden_size,
        50_257,
    )


def _qwen(
    hub_id: str,
    role: Role,
    family: str,
    licence: str,
    template: str,
    *,
    download: int,
    parameters: int,
    context: int,
    layers: int,
    hidden_size: int,
    kv_width: int,
    tokenizer: str = "qwen",
) -> ModelSpec:
    name = hub_id.split("/")[1]
    return ModelSpec(
        name.lower(),
        name,
        hub_id,
        role,
        family,
        licence,
        download,
        parameters,
        context,
        template,
        tokenizer,
        "bfloat16",
        layers,
        hidden_size,
        kv_width,
        151_936,
    )


_MODELS = (
    ModelSpec(
        EMBEDDED,
        "SmolLM2-135M-Instruct",
        "HuggingFaceTB/SmolLM2-135M-Instruct",
        "instruct",
        "llama",
        "Apache-2.0",
        92_871_040,
        134_515_008,
        8192,
        "smollm2",
        "smollm2",
        "bfloat16",
        30,
        576,
        192,
        49_152,
    ),
    _gpt2(
        "gpt2",
        "openai-community/gpt2",
        "GPT-2 (124M)",
        "MIT",
        download=548_105_171,
        parameters=124_439_808,
        layers=12,
        hidden_size=768,
    ),
    _gpt2(
        "distilgpt2",
        "distilbert/distilgpt2",
        "DistilGPT-2 (82M)",
        "Apache-2.0",
        download=352_824_413,
        parameters=81_912_576,
        layers=6,
        hidden_size=768,
    ),
    _gpt2(
        "gpt2-medium",
        "openai-community/gpt2-medium",
        "GPT-2 medium (355M)",
        "MIT",
        download=1_519_984_962,
        parameters=354_823_168,
        layers=24,
        hidden_size=1024,
    ),
    _qwen(
        "Qwen/Qwen1.5-1.8B-Chat",
        "instruct",
        "qwen2",
        "Tongyi Qianwen Research",
        "qwen1.5",
        download=3_673_690_696,
        parameters=1_836_828_672,
        context=32_768,
        layers=24,
        hidden_size=2048,
        kv_width=2048,
        tokenizer="qwen1.5",
    ),
    _qwen(
        "Qwen/Qwen1.5-0.5B-Chat",
        "instruct",
        "qwen2",
        "Tongyi Qianwen Research",
        "qwen1.5",
        download=1_239_173_352,
        parameters=463_987_712,
        context=32_768,
        layers=24,
        hidden_size=1024,
        kv_width=1024,
        tokenizer="qwen1.5",
    ),
    _qwen(
        "Qwen/Qwen2.5-0.5B-Instruct",
        "instruct",
        "qwen2",
        "Apache-2.0",
        "qwen2.5",
        download=988_097_824,
        parameters=494_032_768,
        context=32_768,
        layers=24,
        hidden_size=896,
        kv_width=128,
    ),
    _qwen(
        "Qwen/Qwen3-0.6B",
        "instruct",
        "qwen3",
        "Apache-2.0",
        "qwen3",
        download=1_503_300_328,
        parameters=596_049_920,
        context=40_960,
        layers=28,
        hidden_size=1024,
        kv_width=1024,
        tokenizer="qwen3",
    ),
    _qwen(
        "Qwen/Qwen2.5-0.5B",
        "base",
        "qwen2",
        "Apache-2.0",
        "qwen2.5",
        download=988_097_824,
        parameters=494_032_768,
        context=32_768,
        layers=24,
        hidden_size=896,
        kv_width=128,
    ),
)

CATALOG: dict[str, ModelSpec] = {spec.id: spec for spec in _MODELS}

# Best first, each among those of its role.
PREFERENCE: dict[Role, tuple[str, ...]] = {
    "instruct": ("qwen1.5-1.8b-chat", "qwen3-0.6b", "qwen2.5-0.5b-instruct", "qwen1.5-0.5b-chat", EMBEDDED),
    "base": ("gpt2", "gpt2-medium", "distilgpt2", "qwen2.5-0.5b"),
}
