"""The ledger as tables: folded for reading, every tensor for a spreadsheet, the sum for a calculator."""

from csv import DictWriter
from io import StringIO
from typing import Any

from lib.architecture import Architecture, Ledger, ledger
from lib.architecture.cost import row_bytes
from lib.text_format import size


def formula(arch: Architecture) -> tuple[str, str]:
    """The total as a sum a reader can check with a calculator: one block, and the rest with the sum (Markdown)."""
    book = ledger(arch)
    first = [row for row in book.rows if row.block == 0]
    outside = [row for row in book.rows if row.block is None and row.params]
    lines = [f"| {row.name} | {' × '.join(f'{n:,}' for n in row.shape)} | {row.params:,} |" for row in outside]
    inside = [f"| {row.local} | {' × '.join(f'{n:,}' for n in row.shape)} | {row.params:,} |" for row in first]
    block = sum(row.params for row in first)
    rest = sum(row.params for row in outside)
    head = "| tensor | shape | parameters |\n|---|---|--:|\n"
    return (
        f"**One block**\n\n{head}" + "\n".join(inside) + f"\n| **one block** | | **{block:,}** |",
        f"**Outside the blocks**\n\n{head}" + "\n".join(lines) + f"\n| **outside** | | **{rest:,}** |\n\n"
        f"{arch.layers} × {block:,} + {rest:,} = **{arch.layers * block + rest:,}**",
    )


def ledger_rows(book: Ledger, fold: bool) -> list[dict[str, Any]]:
    """One row a tensor; with `fold` the identical blocks' tensors are one row each."""
    blocks = len(book.by_block())
    total = max(1, book.total)
    rows: list[dict[str, Any]] = []
    for row in book.rows:
        if fold and row.block not in {None, 0} and blocks > 1 and book.architecture.known:
            continue
        times = blocks if fold and row.block == 0 and book.architecture.known else 1
        name = row.name.replace(".0.", f".0–{blocks - 1}.", 1) if times > 1 else row.name
        rows.append(
            {
                "tensor": name + (f" (= {row.shared})" if row.shared else ""),
                "shape": " × ".join(f"{n:,}" for n in row.shape) + (f"  (× {times})" if times > 1 else ""),
                "parameters": row.params * times,
                "share": row.params * times / total,
                **{
                    dtype: size(times * row_bytes(row, dtype, book.architecture))
                    for dtype in ("float32", "bfloat16", "int8", "int4")
                },
            }
        )
    return rows


def csv(book: Ledger) -> str:
    """Every tensor, one a line: name, component, block, shape, parameters, shared, bytes by format."""
    formats = ("float32", "bfloat16", "int8", "int4")
    rows = [
        {
            "tensor": row.name,
            "component": row.component,
            "block": "" if row.block is None else row.block,
            "shape": "x".join(map(str, row.shape)),
            "parameters": row.params,
            "shares_weights_of": row.shared,
            **{f"bytes_{dtype}": row_bytes(row, dtype, book.architecture) for dtype in formats},
        }
        for row in book.rows
    ]
    out = StringIO()
    writer = DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
