"""The design tokens as a picture: `python -m lib.figures.design_sheet > docs/pictures/design.svg`."""

from collections.abc import Iterator, Mapping
from html import escape

from lib import design
from lib.figures.theme import text_on

_WIDTH, _ROW, _SWATCH, _LEFT = 1040, 46, 98, 130
_INK = ("#1e1f2e", "#e7e8f2")  # letters on the light and on the dark ground, as .streamlit/config.toml has them


def sheet() -> str:
    """All colours on both grounds, the heat ramp and the type sizes, as an SVG document."""
    height = 30 + 2 * (_ROW * (len(design.FAMILIES) + 2) + 20) + 90
    parts = [_ground(which, 10 + which * (_ROW * (len(design.FAMILIES) + 2) + 20)) for which in (0, 1)]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}"',
            f' height="{height}" font-family="sans-serif" font-size="13">',
            f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
            *parts,
            *_sizes(height - 50),
            "</svg>",
            "",
        ]
    )


def _ground(which: int, top: int) -> str:
    rows = [
        (
            "pairs",
            {
                name.lower(): getattr(design, name)[which]
                for name in ("ACCENT", "MUTED", "GOOD", "BAD", "HEAT", "BORDER")
            },
        ),
        *design.FAMILIES.items(),
    ]
    height = _ROW * (len(rows) + 1) + 6
    lines = [f'<rect x="0" y="{top}" width="{_WIDTH}" height="{height}" fill="{design.GROUND[which]}"/>']
    for number, (family, colours) in enumerate(rows):
        y = top + 10 + number * _ROW
        lines.append(f'<text x="12" y="{y + 24}" fill="{_INK[which]}">{family}</text>')
        lines += _swatches(colours, y)
    lines += _heat(which, top + 10 + len(rows) * _ROW)
    return "\n".join(lines)


def _swatches(colours: Mapping[str, str], y: int) -> Iterator[str]:
    for place, (name, colour) in enumerate(colours.items()):
        x = _LEFT + place * (_SWATCH + 3)
        yield f'<rect x="{x}" y="{y}" width="{_SWATCH}" height="36" rx="5" fill="{colour}"/>'
        yield f'<text x="{x + 6}" y="{y + 23}" fill="{text_on(colour)}">{escape(name)}</text>'


def _heat(which: int, y: int) -> Iterator[str]:
    """A token at 0, 2, … 10 bits, mixed as token.css mixes."""
    yield f'<text x="12" y="{y + 24}" fill="{_INK[which]}">surprise</text>'
    for place, bits in enumerate(range(0, design.HEAT_BITS + 1, 2)):
        x, share = _LEFT + place * (_SWATCH + 3), design.HEAT_MOST * bits / design.HEAT_BITS
        yield (
            f'<rect x="{x}" y="{y}" width="{_SWATCH}" height="32" rx="3" fill="{design.HEAT[which]}" '
            f'fill-opacity="{share:.2f}"/>'
        )
        yield f'<rect x="{x}" y="{y + 32}" width="{_SWATCH - 2}" height="2" fill="{_INK[which]}" fill-opacity="0.42"/>'
        yield f'<text x="{x + 6}" y="{y + 21}" fill="{_INK[which]}">{bits} bits</text>'


def _sizes(y: int) -> Iterator[str]:
    x = 12
    for name, size in design.SIZES.items():
        yield f'<text x="{x}" y="{y + 20}" font-size="{size * 16:g}" fill="{_INK[0]}">{name} {size * 16:g}</text>'
        x += 90 + int(size * 16 * 4.2)


if __name__ == "__main__":
    print(sheet(), end="")
