"""The lesson of one linear layer: every product visible, checked by PyTorch."""

import streamlit as st

from lib.architecture import Architecture, known_configs
from lib.architecture.cost import flops_per_token, matrix_params
from lib.architecture.linear_layer import Linear, make, numbers
from lib.engine import compute
from lib.figures.linear_layer import weight_heatmap
from lib.text_format import ordinal
from lib.ui.components.charts import chart
from lib.ui.components.glossary import term
from lib.ui.components.page import escape, explained


@st.cache_data(max_entries=64, show_spinner=False)
def _torch(name: str, layer: Linear, x: tuple[float, ...]) -> tuple[float, ...]:
    """The same layer by PyTorch."""
    result: tuple[float, ...] = compute(f"lib.architecture.linear_layer.{name}", layer, x)
    return result


def linear_panel(arch: Architecture | None) -> None:
    """Controls, the matrix, the sum of the chosen output, the check, and why Conv1D is the same.

    The small layer is set against one of `arch`, or of GPT-2 where its layers are not known.
    """
    arch = arch if arch and arch.known else known_configs.architecture("gpt2")
    with st.container(key="linear-words"):
        st.markdown(
            f"A {term('linear layer')} multiplies by a matrix and, in some models, adds a {term('bias')}. "
            r"$y = Wx + b$, and of each output $y_j = W_{j0}x_0 + W_{j1}x_1 + \dots + b_j$. "
            f"{_share(arch)}"
        )
    controls, matrix, products = st.container(key="linear-row").columns([1, 1.9, 1.5], gap="medium")
    with controls:
        layer, typed, output, with_bias = _controls()
    x: tuple[float, ...] = ()
    with matrix, explained():  # a sentence stands where the matrix would be
        x = numbers(typed, len(layer.weight[0]))
    if not x:
        return
    with explained():
        with matrix:
            chart(weight_heatmap(layer, x, output), key="lin-map", alt="The weight matrix")
            st.caption("W has one row per output and one column per input. The framed row makes the chosen output.")
        with products:
            _products(layer, x, output, with_bias)
        _check(layer, x)
        _size(layer, with_bias, arch)
        _conv1d(layer, x)


def _share(arch: Architecture) -> str:
    """How much of a token's arithmetic linear layers are, early and late in a text."""
    linear, last = 2 * matrix_params(arch), min(32_768, arch.context)
    first = min(128, last)
    early, late = (linear / flops_per_token(arch, context=context) for context in (first, last))
    return (
        f"For the {ordinal(first)} token of a text, {early:.0%} of the arithmetic in {escape(arch.name)} is such "
        f"layers; for the {ordinal(last)} it is {late:.0%}, and the rest is attention."
    )


def _controls() -> tuple[Linear, str, int, bool]:
    """The layer, the input as typed, the output that is looked at, and whether there is a bias."""
    inputs = st.slider("Inputs", 1, 12, 4, key="lin_in", persist_state="page")
    outputs = st.slider("Outputs", 1, 12, 3, key="lin_out", persist_state="page")
    start = ", ".join(f"{(-1) ** i * (i + 1) / 2:g}" for i in range(inputs))
    typed = st.text_input("Input x (edit it)", start, key=f"lin_x_{inputs}", max_chars=400, persist_state="page")
    output = (
        st.select_slider(
            "Which output?", range(outputs), key=f"lin_y_{outputs}", persist_state="page", format_func=lambda j: f"y{j}"
        )
        if outputs > 1
        else 0
    )
    bias = st.toggle("With bias", value=True, key="lin_bias", persist_state="page")
    if st.button("Other weights", icon=":material/casino:", key="lin_dice"):
        st.session_state["lin_seed"] = st.session_state.get("lin_seed", 0) + 1
    return make(inputs, outputs, seed=st.session_state.get("lin_seed", 0), bias=bias), typed, output, bias


def _products(layer: Linear, x: tuple[float, ...], output: int, with_bias: bool) -> None:
    products, row = layer.products(x, output), layer.weight[output]
    rows = "\n".join(
        f"| x{i} | {value:g} | × {w:g} | = {p:.6g} |"
        for i, (value, w, p) in enumerate(zip(x, row, products, strict=True))
    )
    bias = f"\n| bias | | | + {layer.bias[output]:g} |" if with_bias else ""
    total = sum(products) + layer.bias[output]
    st.markdown(
        f"| y{output} | value | weight | product |\n|---|--:|--:|--:|\n{rows}{bias}\n| **sum** | | | **{total:.6g}** |"
    )


def _check(layer: Linear, x: tuple[float, ...]) -> None:
    mine, theirs = layer(x), _torch("by_torch", layer, x)
    same = max(abs(a - b) for a, b in zip(mine, theirs, strict=True)) <= 1e-9 * max(1.0, *map(abs, mine))
    shown = ", ".join(f"{value:.6g}" for value in theirs)
    (st.success if same else st.error)(
        f"torch.nn.Linear({len(x)}, {len(mine)}) on the same numbers gives [{shown}]: "
        f"{'the same' if same else 'something else'}.",
        icon=":material/check_circle:" if same else ":material/error:",
    )


def _size(layer: Linear, with_bias: bool, arch: Architecture) -> None:
    outputs, inputs = len(layer.weight), len(layer.weight[0])
    count = inputs * outputs + (outputs if with_bias else 0)
    plus = f" + {outputs}" if with_bias else ""
    d, m = arch.hidden_size, arch.intermediate_size
    theirs = d * m + (m if arch.mlp_bias else 0)
    bias = f" + {m:,}" if arch.mlp_bias else ""
    matrices = 3 if arch.gated else 2
    whole = matrices * d * m + ((matrices - 1) * m + d) * arch.mlp_bias
    st.markdown(
        f"**Parameters:** {inputs} × {outputs}{plus} = **{count}**. In each of the {arch.layers} blocks of "
        f"{escape(arch.name)}, “Up” in the MLP does the same with {d:,} × {m:,}{bias} = "
        f"**{theirs:,}**; all {matrices} matrices of the MLP have {whole:,}."
    )


def _conv1d(layer: Linear, x: tuple[float, ...]) -> None:
    hold = st.expander("Why GPT-2's code says Conv1D", key="lin_conv", on_change="rerun")
    with hold:
        if not hold.open:
            return
        gpt2 = known_configs.architecture("gpt2")
        d, m = gpt2.hidden_size, gpt2.intermediate_size
        st.markdown(
            # github.com/openai/gpt-2, src/model.py: conv1d is a tf.matmul of the reshaped input and weight
            "GPT-2's original code calls its linear layer `conv1d`, but what it computes is a plain matrix product. It "
            "keeps the matrix the other way round: one row per *input*. `transformers` has taken over the name and the "
            "layout, so that the published weights fit.\n\n"
            "| | weight's shape | computes |\n|---|---|---|\n"
            f"| `nn.Linear({d}, {m})` | `({m}, {d})` | `x @ W.T + b` |\n"
            f"| `Conv1D({m}, {d})` | `({d}, {m})` | `x @ W + b` |\n\n"
            "The same numbers, the same result, a transposed matrix. The layer above as Conv1D, with its "
            "matrix transposed:"
        )
        shown = ", ".join(f"{value:.6g}" for value in _torch("by_conv1d", layer, x))
        st.code(f"Conv1D({len(layer.bias)}, {len(x)})(x)  ->  [{shown}]", language=None)
