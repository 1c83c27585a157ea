"""The lesson in short and the predict-then-reveal questions; every answer is computed when it is asked for."""

import streamlit as st

from lib.architecture import known_configs, ledger
from lib.architecture.config_readers import read
from lib.architecture.cost import flops_per_token, kv_cache_bytes, weight_bytes
from lib.architecture.parameter_ledger import COMPONENT_LABELS
from lib.text_format import percent, size
from lib.ui.components.page import predict, takeaways


def in_short() -> None:
    """The takeaways."""
    takeaways(
        "A model is a stack of **blocks of one shape**, each with weights of its own: attention lets tokens "
        "exchange information, the MLP works on each token alone, and both only add to a stream that runs through.",
        "Every part is needed: take one out and the same text gets other next tokens.",
        "Nearly all parameters are in **linear layers and the token table**. Attention's famous softmax has none.",
        "The **configuration alone** fixes every shape and the number of parameters; the precision and the length of "
        "the text fix the bytes. The values come from [training](Training): there you watch a model get them.",
        "Memory is weights plus a **KV cache** that grows with the text; sharing KV heads shrinks the cache.",
        "Predictions form **block by block**: the logit lens shows candidates that rise and fall, and from "
        "which block on the answer leads.",
    )


def questions() -> None:
    """Both questions."""
    for cell, question in zip(st.columns(2), (most_parameters, saved_by_kv_heads), strict=True):
        with cell:
            question()


def most_parameters() -> None:
    """Where are most of GPT-2's parameters?"""
    parts = ("embedding", "attention", "mlp", "norm")

    def answer() -> tuple[int, str]:
        book = ledger("gpt2")
        sums = book.by_component()
        most = max(parts, key=lambda part: sums[part])
        shares = ", ".join(f"{COMPONENT_LABELS[part]} {percent(sums[part] / book.total)}" for part in parts)
        return parts.index(most), f"Of {book.total:,} parameters: {shares}."

    predict(
        "parameters",
        "Which part of GPT-2 small has the largest share of its parameters?",
        ["In the token embedding", "In attention", "In the MLPs", "In the norms"],
        answer,
    )


def saved_by_kv_heads() -> None:
    """What does halving the KV heads save?"""

    def answer() -> tuple[int, str]:
        whole = known_configs.architecture("qwen2.5-7b-instruct")
        half = read({**whole.config, "num_key_value_heads": whole.kv_heads // 2})
        (cache, fewer), (heavy, light) = (
            (kv_cache_bytes(a, context=32_768) for a in (whole, half)),
            (weight_bytes(a, "bfloat16") for a in (whole, half)),
        )
        work = flops_per_token(half, context=1024) / flops_per_token(whole, context=1024)
        return 1, (
            f"At 32,768 tokens the cache shrinks from {size(cache)} to {size(fewer)}. The weights only go from "
            f"{size(heavy)} to {size(light)}, and the arithmetic of a token falls by {1 - work:.1%}."
        )

    predict(
        "kv",
        "Qwen2.5-7B has 28 query heads and 4 KV heads. What would halving the KV heads halve?",
        ["The weights", "The KV cache", "The arithmetic"],
        answer,
    )
