"""Bars of a distribution as an SVG picture: drawn from the numbers, no script, everything in it escaped."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from lib.design import ACCENT, CHART_PX, MUTED
from lib.text_format import percent

_ROW, _NAMES, _BARS, _VALUES = 34, 150, 300, 150  # pixels: a row's height; widths of the names, the bars, the numbers
_LONGEST = 18  # characters of a name


@dataclass(frozen=True)
class Row:
    """A token: probability under the model (T = 1) and after the sampling settings, 0 to 1."""

    label: str
    raw: float
    after: float


def bars(rows: Sequence[Row], *, alt: str) -> str:
    """Two bars a token as on the Next Token page: after the sampling settings in indigo, the model's own in grey.

    `currentColor` writes the letters, so that the picture can be read on a light and a dark page.
    """
    most = max([row.raw for row in rows] + [row.after for row in rows] + [1e-9])
    height, width = _ROW * len(rows) + 4, _NAMES + _BARS + _VALUES
    drawn = "".join(_row(row, number * _ROW, most) for number, row in enumerate(rows))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" role="img" '
        f'aria-label="{clean(alt)}" font-family="system-ui, sans-serif" font-size="{CHART_PX}" fill="currentColor">'
        f"{drawn}</svg>"
    )


def _row(row: Row, top: int, most: float) -> str:
    name = row.label if len(row.label) <= _LONGEST else row.label[: _LONGEST - 1] + "…"
    spots = ((row.after, ACCENT[0], top + 4), (row.raw, MUTED[0], top + 17))
    shapes = "".join(
        f'<rect x="{_NAMES}" y="{y}" width="{_BARS * share / most:.1f}" height="12" rx="2" fill="{colour}"/>'
        for share, colour, y in spots
    )
    middle = top + 21
    return (
        f'<text x="{_NAMES - 8}" y="{middle}" text-anchor="end" font-family="monospace">{clean(name)}</text>{shapes}'
        f'<text x="{_NAMES + _BARS + 8}" y="{middle}">{percent(row.after)} · {percent(row.raw)}</text>'
    )


def clean(text: str) -> str:
    r"""Text for HTML and XML: escaped, and without the characters that XML has no place for.

    >>> clean('<b> & "c" \x00\ud800')
    '&lt;b&gt; &amp; &quot;c&quot; \ufffd?'
    """
    whole = text.encode("utf-8", "replace").decode()
    kept = "".join(ch if ch >= " " or ch in "\n\t" else "\ufffd" for ch in whole)
    return escape(kept.replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd"))
