"""A long text on paper. That every page has nothing there that belongs to the screen is one of the look's rules."""

import re
from urllib.parse import quote

import pytest

from lib.ui.chat import view
from lib.ui.components.custom import asset
from tests.conftest import settled
from tests.e2e.look.states import SHEETS

pytestmark = pytest.mark.embedded


def test_what_scrolls_on_the_screen_is_on_several_sheets(page, app: str) -> None:
    page.goto(f"{app}/Tokenizers?text={quote('one two three ' * 100)}")
    next(sheet for sheet in SHEETS if sheet.name == "Tokenizers").ready(page)
    settled(page)
    page.emulate_media(media="print")
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
