"""Take home in a browser: the files really come, the worksheet is harmless there, and nothing on the page moves."""

from pathlib import Path

import nbformat
from playwright.sync_api import Page, expect

from tests.conftest import settled


def taken(page: Page, name: str, folder: Path) -> Path:
    """Press a download button of the open menu and save what comes."""
    with page.expect_download() as download:
        page.get_by_test_id("stPopoverBody").get_by_role("button", name=name, exact=True).click()
    target = folder / download.value.suggested_filename
    download.value.save_as(target)
    return target


def test_the_notebook_and_the_worksheet_come_and_the_page_stays(page: Page, app: str, tmp_path: Path) -> None:
    page.set_viewport_size({"width": 1280, "height": 720})
    page.goto(f"{app}/Next_Token?prompt=Once upon a time&t=0.7")
    menu = page.get_by_role("button", name="Take home")
    expect(menu).to_be_visible()
    settled(page)
    before = page.locator(".st-key-result").bounding_box()
    menu.click()
    name = page.get_by_label("Your name")
    name.fill("<img src=x onerror=document.title=1>")
    name.press("Enter")
    expect(page.get_by_test_id("stPopoverBody").get_by_role("button", name="HTML (if unsure)")).to_be_enabled()
    settled(page)
    assert page.locator(".st-key-result").bounding_box() == before
    book = taken(page, "Notebook (.ipynb)", tmp_path)
    nbformat.validate(nbformat.read(book, as_version=4))
    assert "Once upon a time" in book.read_text(encoding="utf-8")
    sheet = taken(page, "HTML (if unsure)", tmp_path)
    page.goto(sheet.as_uri())
    expect(page.get_by_role("heading", level=1)).to_contain_text("<img src=x onerror=document.title=1>")
    expect(page.locator("svg")).to_have_count(1)
    expect(page.locator("img")).to_have_count(0)
    assert page.title().startswith("Worksheet")
