"""A Jupyter notebook as text: cells in, JSON out (nbformat 4.5). Knows nothing of what the cells say.

Whatever was typed goes into a code cell as a Python literal (`literal`, `long_literal`), never into Markdown.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Cell:
    """One cell and its source."""

    kind: Literal["markdown", "code"]
    source: str


def markdown_cell(text: str) -> Cell:
    """A Markdown cell of our own words."""
    return Cell("markdown", text.strip())


def code_cell(text: str) -> Cell:
    """A code cell."""
    return Cell("code", text.strip("\n"))


def notebook(cells: Sequence[Cell]) -> str:
    """The file. All of it is ASCII, so no half of a character can break it."""
    data = {
        "cells": [_cell(number, cell) for number, cell in enumerate(cells)],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(data, indent=1) + "\n"


def _cell(number: int, cell: Cell) -> dict[str, Any]:
    lines = [f"{line}\n" for line in cell.source.split("\n")]
    lines[-1] = lines[-1][:-1]
    made = {"cell_type": cell.kind, "id": f"cell-{number}", "metadata": {}, "source": lines}
    return made | ({"execution_count": None, "outputs": []} if cell.kind == "code" else {})


def literal(value: object) -> str:
    r"""Python that gives `value` back: text, numbers, lists of them. What cannot be printed is escaped.

    >>> literal("it's\n'''"), literal("caf\u00e9 \ud800")
    ('"it\'s\\n\'\'\'"', "'café \\ud800'")
    """
    return repr(value)


def long_literal(text: str, indent: str = "    ") -> str:
    r"""The same for a text of many lines, a line of Python for each.

    >>> print(long_literal("a\nb"))
    (
        'a\n'
        'b'
    )
    """
    lines = [repr(line) for line in re.findall(r"[^\n]*\n|[^\n]+", text)]
    return repr(text) if len(lines) < 2 else "(\n" + "".join(f"{indent}{line}\n" for line in lines) + ")"


def wrapped(values: Sequence[object], width: int = 100) -> str:
    """A list as Python, its lines no longer than a page.

    >>> print(wrapped([1, 2, 3]))
    [1, 2, 3]
    """
    lines, line = [], ""
    for value in values:
        piece = f"{value!r}, "
        if line and len(line) + len(piece) > width:
            lines.append(line.rstrip())
            line = ""
        line += piece
    lines.append(line.rstrip(", "))
    return f"[{lines[0]}]" if len(lines) == 1 else "[\n    " + "\n    ".join(lines) + ",\n]"


def shown_in_markdown(text: str) -> str:
    r"""Somebody else's text (a model folder's name) as Markdown shows it literally.

    >>> shown_in_markdown("my_model <b>")
    'my\\_model \\<b\\>'
    """
    line = " ".join(text.encode("utf-8", "replace").decode().split())
    return "".join("\\" + ch if ch in "\\`*_{}[]()<>#+-.!|$~^&:" else ch for ch in line)
