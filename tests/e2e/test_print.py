"""What a page is on paper: no sidebar, nothing to press, nothing wider than the sheet, dark letters on white."""

import re
from dataclasses import replace
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from lib.ui.chat import view
from lib.ui.components.custom import asset
from tests.conftest import settled
from tests.e2e.look.states import SHEETS, Sheet

SHEET = 703  # px between the margins of an A4 page
pytestmark = pytest.mark.embedded

# What is wider than the sheet, and what light letters there are outside of charts.
WIDE = """() => [...document.querySelectorAll(".stPlotlyChart, [data-testid=stBidiComponentIsolated], .stMarkdown")]
  .map((node) => node.getBoundingClientRect()).filter((box) => box.right > innerWidth + 1).length"""
PALE = """() => [...document.querySelectorAll(".stMain :is(p, li, h1, h2, h3, textarea)")]
  .filter((node) => node.checkVisibility() && getComputedStyle(node).color.match(/\\d+/g).slice(0, 3)
    .reduce((sum, part) => sum + Number(part), 0) > 450).map((node) => node.textContent)"""


@pytest.fixture
def printed(browsing, app: str):
    """printed(sheet) -> the page, opened in the dark, as paper would have it."""

    def open_it(sheet: Sheet):
        page = browsing(viewport={"width": 1280, "height": 900}, color_scheme="dark").new_page()
        page.goto(app + sheet.path)
        sheet.ready(page)
        settled(page)
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        page.set_viewport_size({"width": SHEET, "height": 1000})
        page.emulate_media(media="print")
        return page

    return open_it


@pytest.mark.parametrize("sheet", SHEETS, ids=[sheet.name for sheet in SHEETS])
def test_paper_has_the_page_and_nothing_to_press(printed, sheet: Sheet) -> None:
    page = printed(sheet)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    for gone in ("stSidebar", "stHeader", "stPopover", "stMenuButton"):
        expect(page.get_by_test_id(gone).filter(visible=True)).to_have_count(0)
    expect(page.locator(".stMain [data-testid=stButton]:visible")).to_have_count(0)
    expect(page.locator(".stApp")).to_have_css("background-color", "rgb(255, 255, 255)")
    assert page.evaluate(PALE) == []
    assert page.evaluate(WIDE) == 0


def test_what_scrolls_on_the_screen_is_on_several_sheets(printed) -> None:
    tokenizers = next(sheet for sheet in SHEETS if sheet.name == "Tokenizers")
    page = printed(replace(tokenizers, path="/Tokenizers?text=" + quote("one two three " * 100)))
    sheets = re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4", prefer_css_page_size=True))
    assert len(sheets) >= 2


def test_what_a_print_lacks_is_said_on_paper_alone(browsing) -> None:
    page = browsing().new_page()
    page.set_content(
        f"<style>{asset(view.__file__, 'message.css')}</style><p class=pg-note><span class=pg-screen>30 before</span>"
        "<span class=pg-paper>Messages 1 to 30 are not in this print.</span></p><div class=pg-acts>Edit</div>"
    )
    for medium, said in (("screen", "30 before Edit"), ("print", "Messages 1 to 30 are not in this print.")):
        page.emulate_media(media=medium)
        assert " ".join(page.inner_text("body").split()) == said
