"""The cost panel: memory and arithmetic of a model, held against machines."""

from collections.abc import Mapping
from dataclasses import asdict

import streamlit as st

from lib.architecture import Architecture, ledger
from lib.architecture.cost import (
    DTYPES,
    Cost,
    bytes_read_per_token,
    cost_of,
    flops_per_token,
    kv_cache_bytes,
    training_memory,
)
from lib.architecture.hardware import machines
from lib.figures.architecture_cost import flops_bars, kv_curve, memory_bars, weights_by_dtype
from lib.text_format import number, size
from lib.ui.architecture.look import numbers_row
from lib.ui.components.charts import chart
from lib.ui.components.page import switch

LENGTHS = (128, 256, 512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536, 131_072)
VIEWS = ("Does it fit?", "Cache and arithmetic", "How it is counted")
_BANDWIDTH = 50e9  # bytes a second: a laptop's memory, roughly


def cost_panel(arch: Architecture) -> None:
    """Controls, figures, verdicts."""
    one, two, three = st.container(key="cost-controls").columns([1.35, 1, 1])
    dtype = one.segmented_control(
        "Precision (dtype)",
        [d for d in DTYPES if d != "float16"],
        default="bfloat16",
        required=True,
        key="dtype",
        persist_state="page",
    )
    batch = two.slider("Batch size", 1, 64, 1, key="batch", persist_state="page")
    context = three.select_slider(
        "Tokens per text", LENGTHS, 1024, key="tokens", persist_state="page", format_func=lambda n: f"{n:,}"
    )
    if not arch.known:
        st.info(
            "This page knows the tensors of this model type but not how it computes, so only the weights are "
            "exact here.",
            icon=":material/info:",
        )
        _weights_only(arch)
        return
    price = cost_of(arch, dtype=dtype, batch=batch, context=context)
    _numbers(price, context)
    view = switch("Cost", VIEWS, key="cost-view")
    if view == VIEWS[0]:
        _memory(arch, batch, context)
    elif view == VIEWS[1]:
        left, right = st.columns(2, gap="large")
        with left:
            _cache(arch, batch=batch, context=context, dtype=dtype)
        with right:
            _flops(arch, context, price, dtype)
    else:
        _notes(arch, batch, context)
    if context > arch.context:
        st.caption(
            f":material/warning: This model takes at most {arch.context:,} tokens; the figures say what "
            f"{context:,} would cost."
        )


def _memory(arch: Architecture, batch: int, context: int) -> None:
    formats = ("float32", "bfloat16", "int8", "int4")
    costs = {name: cost_of(arch, dtype=name, batch=batch, context=context) for name in formats}
    bars = {
        name: {"weights": c.weights, "KV cache": c.kv_cache, "activations": c.activations} for name, c in costs.items()
    }
    train = training_memory(arch, batch=batch, context=context)
    if st.toggle("Show training with Adam too", key="with_training", persist_state="page"):
        bars["training, float32"] = {
            "weights": train.weights,
            "gradients": train.gradients,
            "Adam": train.adam,
            "activations": train.activations,
        }
    chart(memory_bars(bars, machines()), key="chart-memory", alt="Memory by number format against machines")
    with st.container(key="fits"):
        st.markdown(_fits({name: cost.total for name, cost in costs.items()} | {"training": train.total}))
    st.caption(
        "Green: it fits, with this much left over. Red: this much is missing. GPUs as nvidia-smi reports them. The "
        "last column: training with Adam in float32."
    )


def _weights_only(arch: Architecture) -> None:
    sizes = weights_by_dtype(arch)
    numbers_row({f"Weights, {dtype}": size(count) for dtype, count in sizes.items()})


def _numbers(price: Cost, context: int) -> None:
    numbers_row(
        {
            "Weights": f"{size(price.weights)}<small>{price.weights:,} bytes</small>",
            "KV cache": f"{size(price.kv_cache)}<small>with {context:,} tokens in it</small>",
            "Activations": f"{size(price.activations)}<small>about, logits for the last token</small>",
            "FLOPs for one token": f"{number(price.flops_per_token)}<small>at {context:,} tokens</small>",
            "FLOPs for the prompt": f"{number(price.flops_prompt)}<small>logits for its last token</small>",
        }
    )


def _fits(needs: Mapping[str, int]) -> str:
    lines = ["| | memory | " + " | ".join(needs) + " |", "|---|--:|" + "--:|" * len(needs)]
    for machine in machines():
        cells = [
            f":green[{size(machine.memory - need)} free]"
            if need <= machine.memory
            else f":red[{size(need - machine.memory)} short]"
            for need in needs.values()
        ]
        name = f"**{machine.name}**" if machine.kind == "this" else machine.name
        lines.append(f"| {name} | {size(machine.memory)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _notes(arch: Architecture, batch: int, context: int) -> None:
    train = training_memory(arch, batch=batch, context=context)
    parts = asdict(train)
    st.markdown(
        f"- **Weights**: parameters × 4 bytes (float32) or 2 (bfloat16). This model's published weights are stored "
        f"in {arch.dtype}. int8 and int4 are llama.cpp's Q8_0 and Q4_0: groups of 32 weights share a 16-bit scale (8.5 "
        "and 4.5 bits a weight). In an int4 file llama.cpp keeps the output table, which with a tied head is the "
        "embedding, at Q6_K (6.6 bits), or at Q8_0 where the hidden size is no multiple of 256; norms, biases and "
        "position tables stay 32-bit. Shared weights count once. Checked against saved files and the sizes in "
        "GGUF's own library.\n"
        f"- **KV cache**: the keys and values of all earlier tokens, kept so that they are not computed again for "
        f"every new one. 2 × {arch.kv_heads} KV heads × {arch.head_dim} × tokens × batch size × bytes, for each of "
        f"{arch.layers} blocks{_windows(arch)}. 16-bit when the weights are quantized. Checked against the cache's "
        "own tensors.\n"
        "- **Activations**: an estimate of the largest tensors alive together; logits for the last position only, "
        "as for the prompt's FLOPs.\n"
        "- **FLOPs**: floating-point operations. A multiply and an add count as two. Matrix products only; "
        "`torch.utils.flop_counter` gives the same numbers for transformers' `attn_implementation='eager'`. That "
        "computes all T × T scores of a prompt, the masked half too, which faster kernels skip. The output head works "
        "on a prompt's last position only, as in generation; training needs it at every position.\n"
        f"- **Training with Adam**: weights {size(parts['weights'])}, gradients {size(parts['gradients'])}, two "
        f"running averages {size(parts['adam'])}, and what the backward pass needs, {size(parts['activations'])}: "
        f"{size(train.total)}. Mixed precision costs the same 16 bytes a parameter. Real training code "
        "often keeps only some activations and computes the others again in the backward pass (checkpointing): less "
        "memory, more arithmetic.\n"
        "- The operating system, the program and (for GPUs) the driver need memory too. Leave some free."
    )


def _rate(per_second: float) -> str:
    """Tokens per second, an upper bound: whole from ten on, two digits below.

    >>> _rate(186.4), _rate(3.45), _rate(0.3597)
    ('186', '3.5', '0.36')
    """
    return f"{per_second:,.0f}" if per_second >= 10 else f"{per_second:.2g}"


def _windows(arch: Architecture) -> str:
    sliding = [w for w in arch.windows if w]
    return f"; {len(sliding)} of them keep only the last {max(sliding) - 1:,} tokens" if sliding else ""


def _cache(arch: Architecture, *, batch: int, context: int, dtype: str) -> None:
    st.header("The KV cache grows with the text", anchor=False)
    bytes_per_value = 4 if dtype == "float32" else 2
    chart(
        kv_curve(arch, batch=batch, context=context, dtype=dtype, bytes_per_value=bytes_per_value),
        key="chart-kv",
        alt="KV cache against tokens",
    )
    each = kv_cache_bytes(arch, context=context, bytes_per_value=bytes_per_value) / context
    text = f"At {context:,} tokens each one costs {size(each)} on average."
    if arch.groups > 1:
        text += f" {arch.groups} query heads share each KV head; without sharing it would be {arch.groups} times that."
    elif arch.heads > 1:
        text += " Every head has its own keys and values; many newer models share them."
    st.caption(text)


def _flops(arch: Architecture, context: int, price: Cost, dtype: str) -> None:
    st.header("The arithmetic of one token", anchor=False)
    rows = [row for row in ledger(arch).rows if len(row.shape) == 2]
    parts = {
        name: 2 * sum(row.elements for row in rows if row.component == name) for name in ("attention", "mlp", "head")
    }
    named = {
        "attention matrices": parts["attention"],
        "attention scores and sums": flops_per_token(arch, context=context) - sum(parts.values()),
        "MLP": parts["mlp"],
        "output head": parts["head"],
    }
    chart(flops_bars(named), key="chart-flops", alt="Floating-point operations of one token by part")
    limit = _BANDWIDTH / bytes_read_per_token(arch, dtype)
    st.caption(
        f"About two operations per matrix weight. Chips compute faster than they read: nearly every weight is "
        f"read for every new token, so a laptop whose memory gives 50 GB/s makes at most about {_rate(limit)} tokens "
        f"per second of one text with this model in {dtype}."
    )
