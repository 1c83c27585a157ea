"""The architecture page in a real browser: clicks on the diagram, attention maps, links."""

from typing import Any
from urllib.parse import urlencode

import pytest

from tests.conftest import settled


def visit(page: Any, app: str, **query: str) -> None:
    page.goto(f"{app}/Architecture?{urlencode(query)}")
    page.wait_for_selector("h1")
    page.wait_for_selector('[data-test-script-state="notRunning"]', state="attached", timeout=120_000)  # loads a model


def test_a_click_on_a_box_explains_it(page: Any, app: str) -> None:
    visit(page, app)
    page.locator(".diagram [data-id=out]").click()
    heading = page.get_by_role("heading", name="Output projection")
    heading.wait_for()
    settled(page)
    assert page.locator(".diagram [data-id=out]").get_attribute("aria-pressed") == "true"
    assert page.get_by_text("model.transformer.h[0].attn.c_proj").is_visible()
    box = heading.bounding_box()
    assert box
    assert 0 < box["y"] < 900  # the explanation stays beside the box that was clicked


def test_switching_models_redraws_the_diagram(page: Any, app: str) -> None:
    visit(page, app, arch="gpt2")
    assert "12" in page.locator(".times").inner_text()
    page.locator(".st-key-arch input").click()
    page.get_by_role("option", name="Phi-2").click()
    page.wait_for_function("() => document.querySelector('.facts')?.innerText.includes('2.78 B')")
    settled(page)
    assert "32" in page.locator(".times").inner_text()
    assert "Phi-2" in page.url


def test_attention_maps_answer_in_the_browser(page: Any, app: str) -> None:
    visit(page, app, **{"view": "A live pass", "pass": "Attention maps", "text": "A cat and a dog met"})
    grid = page.locator(".attention .grid")
    grid.wait_for()
    settled(page)
    grid.click(position={"x": 60, "y": 60})
    settled(page)
    layer, head = (int(page.locator(f".attention select.{name}").input_value()) for name in ("layer", "head"))
    assert layer >= 1
    assert head >= 1
    page.get_by_text(f"Block {layer}, head {head}").wait_for()
    canvas = page.locator(".attention .map")
    box = canvas.bounding_box()
    assert box
    canvas.hover(position={"x": box["width"] - 12, "y": box["height"] - 12})
    assert "looks at" in page.locator(".attention .read").inner_text()
    canvas.hover(position={"x": box["width"] - 12, "y": box["height"] / 2})
    assert "comes later" in page.locator(".attention .read").inner_text()
    page.locator(".attention .chip").first.hover()
    assert "100.0 %" in page.locator(".attention .says").inner_text()  # the first token has only itself


@pytest.mark.parametrize("query", [
    {"part": "Cost"}, {"view": "Two models"},
    {"view": "A live pass", "pass": "Logit lens", "text": "One small step"}])
def test_a_phone_needs_no_sideways_scrolling(chromium: Any, app: str, query: dict[str, str]) -> None:
    context = chromium.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark")
    page = context.new_page()
    visit(page, app, **query)
    fits = "node => node.scrollWidth - node.clientWidth <= 1"  # a chart may be drawn once before it has its width
    page.wait_for_function(f"() => ({fits})(document.querySelector('[data-testid=stMain]'))")
    assert not page.locator('[data-testid="stException"]').count()
    context.close()
