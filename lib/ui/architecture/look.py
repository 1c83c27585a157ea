"""What the tabs of the Architecture page have in common: its CSS, numbers in a row, the colours' names."""

from collections.abc import Iterable, Mapping
from html import escape as escape_html

import streamlit as st

from lib.architecture import Architecture, Ledger, ledger
from lib.architecture.comparison import known_size
from lib.architecture.parameter_ledger import COMPONENT_LABELS
from lib.design import PARTS
from lib.text_format import number, percent
from lib.ui.components.page import page_style


def style() -> None:
    """The page's own CSS: once a run."""
    page_style(__file__, "page.css")


def facts(arch: Architecture) -> None:
    """One line of numbers: what people ask first."""
    book = ledger(arch)
    arch, total = book.architecture, book.total
    shared = arch.known and arch.heads != arch.kv_heads
    heads = "Heads / KV" if shared else "Heads" if arch.known else "Query heads"  # how many KV heads is not known then
    cells = {
        "Parameters": f"{number(total)}<small>{total:,}</small>",
        "Layers": known_size(arch.layers),
        "Hidden size": known_size(arch.hidden_size),
        heads: f"{arch.heads} / {arch.kv_heads}" if shared else known_size(arch.heads),
        "Vocabulary": known_size(arch.vocab_size),
        "Context length": known_size(arch.context),
    }
    numbers_row(cells, kind="facts")


def numbers_row(cells: Mapping[str, str], *, kind: str = "figures") -> None:
    """Labelled numbers in a row that wraps on a phone. Names and values are our own text."""
    st.html(
        f'<div class="{kind}">'
        + "".join(f"<div><span>{name}</span><b>{value}</b></div>" for name, value in cells.items())
        + "</div>"
    )


def variable(part: str) -> str:
    """The CSS variable with the colour of a part of a model, "" for what has no weights.

    >>> variable("attention"), variable("none")
    ('--pg-part-attention', '')
    """
    return f"--pg-part-{part}" if part in PARTS else ""


def legend(names: Iterable[str] = COMPONENT_LABELS) -> None:
    """The colours of the parts of a model."""
    _legend({name: COMPONENT_LABELS[name] for name in names if name != "other"})


def shares(total: int, book: Ledger) -> None:
    """The same with what each part has of all parameters."""
    parts = {}
    for name, count in book.by_component().items():
        parts[name] = f"{COMPONENT_LABELS[name]} {escape_html(percent(count / max(1, total)))}"
    _legend(parts)


def _legend(parts: Mapping[str, str]) -> None:
    spans = (f'<span><i style="background:var({variable(name)})"></i>{text}</span>' for name, text in parts.items())
    st.html(f'<div class="legend">{" ".join(spans)}</div>')
