"""The design tokens: a colour belongs to one family, is readable, and is written down in one place."""

import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest

from lib import design
from lib.decoding.strategies import KINDS
from lib.figures import design_sheet
from lib.figures.theme import contrast

ROOT = Path(__file__).resolve().parents[2]
GROUNDS = design.GROUND


def test_a_colour_belongs_to_one_thing() -> None:
    colours = list(chain.from_iterable(family.values() for family in design.FAMILIES.values()))
    assert len(set(colours)) == len(colours)


def test_every_strategy_has_a_colour() -> None:
    assert set(design.STRATEGIES) == set(KINDS)


@pytest.mark.parametrize("name", ["ACCENT", "CHOSEN", "QUIET", "AXIS", "MUTED", "GOOD", "BAD"])
def test_a_colour_for_letters_can_be_read_on_its_ground(name: str) -> None:
    for colour, ground in zip(getattr(design, name), GROUNDS, strict=True):
        assert contrast(colour, ground) >= 4.5


@pytest.mark.parametrize("family", ["strategy", "tokenizer"])
def test_marks_of_a_family_stand_out_on_both_grounds(family: str) -> None:
    for colour in design.FAMILIES[family].values():
        assert min(contrast(colour, ground) for ground in GROUNDS) >= 3.0


def test_dark_letters_stay_readable_on_the_hottest_token() -> None:
    for heat, ground, letters in zip(design.HEAT, GROUNDS, ("#1e1f2e", "#e7e8f2"), strict=True):
        shares = [(int(heat[i : i + 2], 16), int(ground[i : i + 2], 16)) for i in (1, 3, 5)]
        mixed = [round(design.HEAT_MOST * hot + (1 - design.HEAT_MOST) * cold) for hot, cold in shares]
        assert contrast("#" + "".join(f"{value:02x}" for value in mixed), letters) >= 4.5


def test_streamlits_theme_has_the_same_ground_and_border() -> None:
    theme = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"]
    assert (theme["light"]["backgroundColor"], theme["dark"]["backgroundColor"]) == design.GROUND
    assert (theme["light"]["borderColor"], theme["dark"]["borderColor"]) == design.BORDER


def test_css_names_every_token_once() -> None:
    names = re.findall(r"(--pg-[\w-]+):", design.css())
    assert len(set(names)) == len(names)
    assert {"--pg-size-caption", "--pg-accent", "--pg-strategy-top-k", "--pg-role-user"} <= set(names)


def test_nothing_is_smaller_than_twelve_pixels() -> None:
    assert min(design.SIZES.values()) * 16 >= 12 and len(design.SIZES) == 6


def styles() -> dict[str, str]:
    files = [path for path in (ROOT / "lib").rglob("*") if path.suffix in {".css", ".js", ".py"}]
    return {str(path): path.read_text(encoding="utf-8") for path in files}


def test_no_style_uses_a_variable_that_nobody_sets() -> None:
    everything = design.css() + "".join(styles().values())
    known = set(re.findall(r"(--pg-[\w-]+)(?:\"?:|\", )", everything))
    used = {path: set(re.findall(r"var\((--pg-[\w-]+)", text)) for path, text in styles().items()}
    assert {path: names - known for path, names in used.items() if names - known} == {}


def test_the_picture_in_the_documents_is_of_these_tokens() -> None:
    assert (ROOT / "docs" / "pictures" / "design.svg").read_text(encoding="utf-8") == design_sheet.sheet()
