"""The architecture page in a real browser: clicks on the diagram, attention maps, links."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from tests.conftest import eventually, settled


def visit(page: Any, app: str, **query: str) -> None:
    page.goto(f"{app}/Architecture?{urlencode(query)}")
    expect(page.get_by_text("Takeaways", exact=True)).to_be_visible()  # the page's end; before it a model may be loaded
    settled(page)


def test_a_click_on_a_box_explains_it(page: Any, app: str) -> None:
    visit(page, app)
    page.locator(".diagram [data-id=out]").click()
    heading = page.get_by_role("heading", name="Output projection")
    expect(heading).to_be_visible()
    expect(page.locator(".diagram [data-id=out]")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_text("model.transformer.h[0].attn.c_proj")).to_be_visible()
    expect(heading).to_be_in_viewport(ratio=1)  # the explanation stays beside the box that was clicked


def test_switching_models_redraws_the_diagram(page: Any, app: str) -> None:
    visit(page, app, arch="gpt2")
    expect(page.locator(".times")).to_contain_text("12")
    page.locator(".st-key-arch input").click()
    page.get_by_role("option", name="Phi-2").click()
    expect(page.locator(".facts")).to_contain_text("2.78B")
    expect(page.locator(".times")).to_contain_text("32")
    expect(page).to_have_url(re.compile("Phi-2"))


def test_attention_maps_answer_in_the_browser(page: Any, app: str) -> None:
    visit(page, app, **{"view": "A live pass", "pass": "Attention maps", "text": "A cat and a dog met"})
    grid = page.locator(".attention .grid")
    grid.click(position={"x": 60, "y": 60})
    chosen = {}
    for name in ("layer", "head"):
        pick = page.locator(f".attention select.{name}")
        expect(pick).to_have_value(re.compile(r"^[1-9]\d*$"))
        chosen[name] = pick.input_value()
    expect(page.get_by_text(f"Block {chosen['layer']}, head {chosen['head']}", exact=True)).to_be_visible()
    canvas, read = page.locator(".attention .map"), page.locator(".attention .read")

    def said(down: Callable[[float], float]) -> str:
        """Point at a place in the last column; what the line under the map says then."""
        box = canvas.bounding_box() or {"width": 24, "height": 24}
        canvas.hover(position={"x": box["width"] - 12, "y": down(box["height"])})
        return read.text_content()

    eventually(page, lambda: said(lambda height: height - 12), lambda text: "looks at" in text)
    eventually(page, lambda: said(lambda height: height / 2), lambda text: "comes later" in text)
    page.locator(".attention .chip").first.hover()
    expect(page.locator(".attention .says")).to_contain_text("100%")  # the first token has only itself


@pytest.mark.parametrize(
    ("query", "drawn"),
    [
        ({"part": "Cost"}, "About two operations per matrix weight."),
        ({"view": "Two models"}, "Dashed boxes are those that differ"),
        ({"view": "A live pass", "pass": "Logit lens", "text": "One small step"}, "The steps end at the model's"),
    ],
)
def test_a_phone_needs_no_sideways_scrolling(browsing: Any, app: str, query: dict[str, str], drawn: str) -> None:
    page = browsing(viewport={"width": 390, "height": 844}, color_scheme="dark").new_page()
    visit(page, app, **query)
    expect(page.get_by_text(drawn)).to_be_visible()
    page.wait_for_function("""() => {  // a chart may be drawn once before it has its width
        const main = document.querySelector("[data-testid=stMain]");
        const charts = [...main.querySelectorAll("[data-testid=stPlotlyChart]")];
        return charts.length > 0 && charts.every((chart) => chart.querySelector(".main-svg"))
            && main.scrollWidth - main.clientWidth <= 1; }""")
    expect(page.get_by_test_id("stException")).to_have_count(0)
