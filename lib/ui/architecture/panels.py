"""Panels of the explorer: the diagram with its explanations, the parameter ledger, the module tree."""

from collections.abc import Iterable, Mapping

import streamlit as st

from lib.architecture import Architecture, Ledger, known_configs, ledger
from lib.architecture.block_diagram import diagram
from lib.architecture.parameter_ledger import closed_form
from lib.engine import compute
from lib.figures.architecture import COLOURS, LABELS, component_bars, parameter_map
from lib.text_format import number
from lib.ui.architecture.diagram import block_diagram, explain_box
from lib.ui.architecture.table import csv, formula, ledger_rows
from lib.ui.components.charts import chart
from lib.ui.components.page import escape, explained

ACROSS = (
    "gpt2",
    "gpt2-xl",
    "distilgpt2",
    "pythia-70m",
    "smollm2-135m",
    "smollm2-1.7b-instruct",
    "gemma-3-270m",
    "qwen2.5-0.5b",
    "qwen3-0.6b",
    "llama-3.2-1b",
    "tinyllama-1.1b-chat-v1.0",
    "qwen1.5-1.8b-chat",
    "phi-2",
    "qwen2.5-7b-instruct",
)


_STYLE = """
<style>
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(104px, 1fr)); gap: 4px 18px; }
.facts span { display: block; font-size: .8rem; opacity: .75; }
.facts b { font-size: 1.45rem; font-weight: 600; letter-spacing: -.01em; line-height: 1.3; }
.facts small { display: block; font-size: .74rem; font-weight: 400; opacity: .75; letter-spacing: 0; }
.legend { font-size: .82rem; text-align: center; }
.legend span { white-space: nowrap; margin: 0 .45em; }
.legend i { display: inline-block; width: .7em; height: .7em; border-radius: 2px; margin-right: .35em; }
@media (min-width: 900px) {
  [data-testid="stLayoutWrapper"]:has(> .st-key-architecture-explanation) { position: sticky; top: 3.6rem; }
  .st-key-architecture-explanation { max-height: calc(100vh - 4.4rem); overflow-y: auto; flex-wrap: nowrap; }
}
.block-container [data-testid="stMarkdownContainer"] table { display: block; overflow-x: auto; max-width: 100%; }
.st-key-fits td, .st-key-fits th { white-space: nowrap; }
.st-key-differences td:last-child { min-width: 15rem; }
</style>
"""


def style() -> None:
    """The page's own CSS: once a run."""
    st.html(_STYLE)


def facts(arch: Architecture) -> None:
    """One line of numbers: what people ask first."""
    total = ledger(arch).total
    shared = arch.heads != arch.kv_heads
    heads = f"{arch.heads} / {arch.kv_heads}" if shared else f"{arch.heads}"
    if not arch.known and arch.heads == 1:  # a family without the usual names, or without attention
        heads = "–"
    cells = {
        "Parameters": f"{number(total)}<small>{total:,}</small>",
        "Blocks": f"{arch.layers}",
        "Width (d)": f"{arch.width:,}",
        "Heads / KV heads" if shared else "Heads": heads,
        "Vocabulary": f"{arch.vocab:,}",
        "Context": f"{arch.context:,}",
    }
    numbers_row(cells)


def numbers_row(cells: Mapping[str, str]) -> None:
    """Labelled numbers in a row that wraps on a phone. Names and values are our own text."""
    st.html(
        '<div class="facts">'
        + "".join(f"<div><span>{name}</span><b>{value}</b></div>" for name, value in cells.items())
        + "</div>"
    )


@st.fragment
def diagram_panel(arch: Architecture) -> None:
    """The clickable diagram; beside it what the clicked box is."""
    left, right = st.columns([1.15, 1], gap="large")
    with right, st.container(key="architecture-explanation"):
        slot = st.container()
        one, two = st.columns(2)
        batch = one.slider("Batch (texts at once)", 1, 32, 1, key="batch_shape", persist_state="page")
        tokens = two.slider(
            "Tokens in a text",
            1,
            min(arch.context, 2048),
            min(8, arch.context),
            key="tokens_shape",
            persist_state="page",
        )
    picture = diagram(arch, batch=batch, tokens=tokens)
    with left:
        st.caption(
            "Text goes in at the top; the next token's probabilities come out at the bottom. "
            "Click a box. The bars show shares of all parameters."
        )
        chosen = block_diagram(picture, key="diagram")
        _legend(picture.total, ledger(arch))
    with slot:
        explain_box(picture, chosen, batch=batch, tokens=tokens)


def legend(names: Iterable[str] = LABELS) -> None:
    """The colours of the components."""
    st.html(
        '<div class="legend">'
        + " ".join(
            f'<span><i style="background:{COLOURS[name]}"></i>{LABELS[name]}</span>'
            for name in names
            if name != "other"
        )
        + "</div>"
    )


def _legend(total: int, book: Ledger) -> None:
    parts = []
    for name, count in book.by_component().items():
        share = count / max(1, total)
        text = f"{share:.1%}" if share >= 0.0005 else "&lt; 0.1%"
        parts.append(f'<span><i style="background:{COLOURS[name]}"></i>{LABELS[name]} {text}</span> ')
    st.html(f'<div class="legend">{"".join(parts)}</div>')


def parameters_panel(arch: Architecture) -> None:
    """Map, table, CSV and reconciliation."""
    one, two, three = st.columns([1.3, 1, 1.4], vertical_alignment="bottom")
    kind = one.segmented_control(
        "Picture", ["treemap", "icicle"], default="treemap", required=True, key="picture", persist_state="page"
    )
    fold = two.toggle("Fold identical blocks", value=True, key="fold", persist_state="page")
    tied = three.toggle(
        "Count a tied head once",
        value=True,
        key="tied",
        persist_state="page",
        disabled=not arch.tied,
        help="Tied: the output head is the embedding table again. Switch off to see what it would cost on its own.",
    )
    book = ledger(arch, tied=tied or not arch.tied)
    chart(
        parameter_map(book, kind=kind, fold=fold),
        key="parameter-map",
        alt=f"Parameters of {arch.name} by component, block and tensor",
    )
    st.caption("Click a rectangle to go in, the top bar to come back. Areas are parameters.")
    _reconcile(arch, book)
    st.dataframe(
        ledger_rows(book, fold),
        hide_index=True,
        height=330,
        column_config={
            "parameters": st.column_config.NumberColumn(format="localized"),
            "share": st.column_config.ProgressColumn(format="percent", min_value=0, max_value=1),
        },
    )
    st.download_button(
        "Download every tensor as CSV",
        csv(book),
        file_name=f"{_file(arch.name)}-parameters.csv",
        mime="text/csv",
        icon=":material/download:",
    )
    st.markdown("##### The same across models")
    legend()
    books = {known_configs.label(name): ledger(known_configs.architecture(name)) for name in ACROSS}
    books = {arch.name: book} | {name: other for name, other in books.items() if name != arch.name}
    chart(
        component_bars(books, highlight=arch.name),
        key="across",
        alt="Shares of parameters by component for several models",
    )
    st.caption(
        "In a small model the vocabulary can be a large part, the more so the longer its list is. In Gemma 3 "
        "270M the table of 262,144 tokens is larger than all blocks together."
    )


def _file(name: str) -> str:
    return "".join(ch if ch.isalnum() or ch in "-._" else "-" for ch in name)[:60] or "model"


def _reconcile(arch: Architecture, book: Ledger) -> None:
    lines = [f"**{book.total:,}** parameters in **{len(book.rows):,}** tensors"]
    if not book.tied:
        lines.append(f"with the tied head counted twice ({ledger(arch).total:,} is the real count)")
    elif arch.published:
        agrees = (
            "exactly the published count"
            if arch.published == book.total
            else f"the published count is {arch.published:,}"
        )
        lines.append(agrees)
    if arch.known and book.tied and closed_form(arch) == book.total:
        lines.append("the same by formula")
    st.markdown(" · ".join(lines) + ".")
    if arch.known and book.tied:
        with st.expander("The formula, with this model's numbers"):
            st.markdown(formula(arch))
            if any(known_configs.sources(arch)):
                st.caption(
                    "Where this configuration and its published count were seen is written in "
                    "`lib/architecture/configs/SOURCES.json`."
                )


@st.cache_data(max_entries=32, show_spinner="Building the module without weights …")
def module_text(_arch: Architecture, key: str) -> tuple[str, int]:
    """The folded tree and PyTorch's own count of the real module on the meta device. `key` names the configuration."""
    text: tuple[str, int] = compute("lib.architecture.meta_module.printed", _arch)
    return text


def tree_panel(arch: Architecture) -> None:
    """The module as PyTorch prints it, folded, and the count that PyTorch itself makes."""
    st.markdown(
        "The real PyTorch module, built by `transformers` from this configuration on the *meta* device: all "
        "shapes, no numbers, so even 7 billion parameters take no memory. Identical blocks are folded."
    )
    with explained():
        text, count = module_text(arch, repr((arch, sorted(arch.config.items(), key=str))))
        st.code(text, language=None, wrap_lines=False)
        mine = ledger(arch).total
        if count == mine:
            st.success(
                f"PyTorch counts {count:,} parameters in this module, the same as the ledger.",
                icon=":material/check_circle:",
            )
        else:
            st.error(f"PyTorch counts {count:,} parameters, the ledger {mine:,}.")
        st.caption(
            f"In a notebook: `print(model)` gives the unfolded version of this. {escape(arch.name)} is a "
            f"`{arch.family}` model for transformers."
        )
