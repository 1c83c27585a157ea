"""CSV that a spreadsheet can open without harm: no cell of text is taken for a formula."""

import csv
import io
from collections.abc import Iterable, Sequence

Value = str | int | float | None
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Value]]) -> str:
    """A file with a line of names. Numbers stay numbers; text that could begin a formula gets an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([harmless(cell) for cell in header])
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return out.getvalue()


def harmless(cell: Value) -> Value:
    r"""What begins like a formula begins with an apostrophe (OWASP, "CSV Injection"); halves of characters become "?".

    A formula may also hide behind spaces, or behind a character that a spreadsheet's import drops.

    >>> harmless("=1+1"), harmless("  @SUM(A1)"), harmless("a cat"), harmless(-1.5)
    ("'=1+1", "'  @SUM(A1)", 'a cat', -1.5)
    """
    if not isinstance(cell, str):
        return cell
    text = cell.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
    first = text.lstrip(" \u00a0\ufeff\u200b")
    # Full-width forms of the same signs are formulas too in some locales (OWASP).
    return "'" + text if first.startswith((*_FORMULA, "\uff1d", "\uff0b", "\uff0d", "\uff20")) else text
