"""The parameter ledger: maps, every tensor, the sum as a formula, and other models beside it."""

import streamlit as st

from lib.architecture import Architecture, Ledger, known_configs, ledger
from lib.architecture.parameter_ledger import closed_form
from lib.figures.architecture import component_bars, parameter_map
from lib.ui.architecture.look import legend
from lib.ui.architecture.table import csv, formula, ledger_rows
from lib.ui.components.charts import chart
from lib.ui.components.page import switch
from lib.ui.components.tables import with_shares

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


PICTURES = ("treemap", "icicle", "table", "formula", "across models")


def parameters_panel(arch: Architecture) -> None:
    """One row of controls, the sum and what confirms it, and one of: maps, table, formula, other models."""
    row = st.container(horizontal=True, vertical_alignment="center", key="parameters-row")
    kind = switch("Picture", PICTURES, key="picture", place=row, format_func=str.capitalize)
    fold = row.toggle("Fold blocks of one shape", value=True, key="fold", persist_state="page")
    tied = row.toggle(
        "Count a tied head once",
        value=True,
        key="tied",
        persist_state="page",
        disabled=not arch.tied,
        help="Tied: the output head is the embedding table again. Switch off to see what it would cost on its own.",
    )
    book = ledger(arch, tied=tied or not arch.tied)
    row.download_button(
        "CSV",
        csv(book),
        file_name=f"{_file(arch.name)}-parameters.csv",
        mime="text/csv",
        icon=":material/download:",
        help="Every tensor, one a line.",
    )
    _reconcile(arch, book)
    if kind == "table":
        _table(book, fold)
    elif kind == "formula":
        _formula(arch, book)
    elif kind == "across models":
        _across(arch, book)
    else:
        chart(
            parameter_map(book, kind=str(kind), fold=fold),
            key="parameter-map",
            alt=f"Parameters of {arch.name} by component, block and tensor",
        )
        st.caption("Click a rectangle to go in, the top bar to come back. Areas are parameters.")


def _table(book: Ledger, fold: bool) -> None:
    rows = ledger_rows(book, fold)
    st.dataframe(
        with_shares({name: [row[name] for row in rows] for name in rows[0]}, "share"),
        hide_index=True,
        height=480,
        column_config={"parameters": st.column_config.NumberColumn(format="localized")},
    )


def _across(arch: Architecture, book: Ledger) -> None:
    legend()
    books = {known_configs.label(name): ledger(known_configs.architecture(name)) for name in ACROSS}
    books = {arch.name: book} | {name: other for name, other in books.items() if name != arch.name}
    chart(
        component_bars(books, highlight=arch.name),
        key="across",
        alt="Shares of parameters by component for several models",
    )
    st.caption(
        "In a small model the vocabulary's table can be a large part, the more so the more tokens it has. In Gemma 3 "
        "270M the table of 262,144 tokens is larger than all blocks together."
    )


def _file(name: str) -> str:
    return "".join(ch if ch.isalnum() or ch in "-._" else "-" for ch in name)[:60] or "model"


def _reconcile(arch: Architecture, book: Ledger) -> None:
    tensors = sum(row.params > 0 for row in book.rows)  # a tied head is the embedding's tensor
    lines = [f"**{book.total:,}** parameters in **{tensors:,}** tensors"]
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
    experts = " A token is sent to some of the experts only, so it uses only a part of them." if _experts(book) else ""
    st.markdown(" · ".join(lines) + "." + experts)


def _experts(book: Ledger) -> bool:
    """Whether it is a mixture of experts. Their tensors are called so in Mixtral, DeepSeek, Qwen 3 MoE and gpt-oss."""
    return any(".experts." in row.name for row in book.rows)


def _formula(arch: Architecture, book: Ledger) -> None:
    if not arch.known:
        st.info("This page knows the tensors of this model type but no formula for it.", icon=":material/info:")
        return
    if not book.tied:
        st.caption("The formula counts every matrix as the model has it: the tied head once.")
    for cell, part in zip(st.columns(2, gap="large"), formula(arch), strict=True):
        cell.markdown(part)
    if any(known_configs.sources(arch)):
        st.caption(
            "Where this configuration and its published count were seen is written in "
            "`lib/architecture/configs/SOURCES.json`."
        )
