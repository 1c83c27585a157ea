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
    expect(page.locator(".st-key-result")).to_be_visible()
    settled(page)


def focused(page: Any, what: str) -> str:
    """An attribute of what has the focus, inside a component's own tree too."""
    return page.evaluate(
        """(what) => { let at = document.activeElement
          while (at.shadowRoot?.activeElement) at = at.shadowRoot.activeElement
          return at.getAttribute(what) ?? "" }""",
        what,
    )


def test_the_whole_diagram_and_its_explanation_are_on_the_first_screen(browsing: Any, app: str) -> None:
    page = browsing(viewport={"width": 1280, "height": 720}).new_page()
    visit(page, app)
    last = page.locator(".diagram [data-id=softmax]")
    expect(last).to_be_in_viewport(ratio=1)
    expect(page.get_by_role("heading", name="Down")).to_be_in_viewport(ratio=1)
    expect(page.locator(".distributions")).to_be_in_viewport(ratio=1)
    assert (page.locator(".st-key-result").bounding_box() or {"y": 999})["y"] <= 155


@pytest.mark.parametrize("arch", ["pythia-70m", "gemma-3-270m", "phi-2", "gpt2"])
def test_no_word_of_a_box_is_cut_at_any_width(page: Any, app: str, arch: str) -> None:
    visit(page, app, arch=arch)
    boxes = page.locator(".diagram .box")
    expect(boxes.first).to_be_visible()
    cut = """(nodes) => nodes.filter((box) => box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight)
        .map((box) => box.textContent)"""
    for width in (1280, 1024, 390):
        page.set_viewport_size({"width": width, "height": 844})
        page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
        eventually(page, lambda: boxes.evaluate_all(cut), lambda names: names == [])
    assert boxes.count() > 10


def test_the_diagram_is_one_tab_stop_and_the_arrow_keys_walk(page: Any, app: str) -> None:
    visit(page, app, arch="gpt2")
    page.locator(".diagram [data-id=embedding]").focus()
    page.keyboard.press("ArrowRight")
    assert focused(page, "data-id") == "positions"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Query")).to_be_visible()
    settled(page)
    assert focused(page, "data-id") == "q"  # the answer of the server does not take the focus away
    page.keyboard.press("End")
    assert focused(page, "data-id") == "softmax"
    assert page.locator(".diagram [data-id][tabindex='0']").count() == 1


def test_heads_and_cells_can_be_reached_and_name_themselves(page: Any, app: str) -> None:
    visit(page, app, **{"view": "A live pass", "pass": "Attention maps", "prompt": "A cat and a dog met"})
    heads, pairs = page.get_by_role("grid", name="All heads"), page.get_by_role("grid", name="Attention map")
    heads.focus()
    for key in (*["ArrowUp"] * 30, *["ArrowLeft"] * 9, "ArrowDown", "ArrowRight"):  # it opens on a head of its choice
        page.keyboard.press(key)
    expect(page.get_by_role("gridcell", name="Block 1, head 1")).to_be_attached()
    expect(page.get_by_text("Block 1, head 1", exact=True)).to_be_visible()  # the sentence above, from the server
    settled(page)
    assert focused(page, "aria-label") == "All heads"
    pairs.focus()
    cell = pairs.get_by_role("gridcell")
    expect(cell).to_have_attribute("aria-label", re.compile("looks at"))
    page.keyboard.press("ArrowUp")
    expect(cell).to_have_attribute("aria-label", re.compile("cannot look at"))
    expect(page.locator(".attention .read")).to_contain_text("comes later")
    page.keyboard.press("Home")
    expect(cell).to_have_attribute("aria-colindex", "1")
    tokens = page.locator(".attention .strip")
    tokens.locator("button").last.focus()
    for _ in range(8):
        page.keyboard.press("ArrowLeft")
    expect(page.locator(".attention .says")).to_contain_text("100%")


def test_the_lens_looks_at_the_token_that_is_clicked_above(page: Any, app: str) -> None:
    visit(page, app, **{"view": "A live pass", "pass": "Logit lens", "prompt": "A cat and a dog met"})
    page.get_by_text("One token, as curves").click()
    expect(page.get_by_role("heading", name="After “␣met”")).to_be_visible()
    chip = page.locator(".st-key-live-tokens .pg-token").nth(1)
    label = chip.inner_text()
    chip.click()
    expect(page.get_by_role("heading", name=f"After “{label}”")).to_be_visible()
    settled(page)
    assert focused(page, "aria-label") == f"Token 1: {label}"


def test_building_ones_own_opens_a_panel_and_the_diagram_follows(page: Any, app: str) -> None:
    visit(page, app)
    page.locator(".st-key-arch input").fill("Build your own")  # of a long list only what is in view is on the page
    page.get_by_role("option", name="Build your own").click()
    blocks = page.locator(".st-key-layers")
    expect(blocks).to_be_visible()
    blocks.get_by_role("slider").press("ArrowRight")
    expect(page.locator(".times")).to_contain_text("13")
    expect(blocks).to_be_visible()


PLACES = """() => [...document.querySelectorAll(".st-key-architecture-words [data-testid=stButtonGroup]")]
  .map((node) => Math.round(node.getBoundingClientRect().top))"""


def test_a_part_taken_out_is_struck_through_and_the_two_answers_stand_side_by_side(browsing: Any, app: str) -> None:
    page = browsing(viewport={"width": 1280, "height": 720}).new_page()
    visit(page, app, box="rope", step="block")
    says, bars = page.locator(".st-key-effect-says"), page.locator(".distributions")
    expect(bars).to_be_visible()
    places, top = page.evaluate(PLACES), bars.bounding_box()["y"]
    page.locator("[class*=st-key-out-nothing]").get_by_text("Positions").click()
    expect(says).to_contain_text("goes from")
    expect(says).to_be_in_viewport(ratio=1)
    assert bars.bounding_box()["y"] == top > says.bounding_box()["y"]
    expect(page.locator(".distributions .panel")).to_have_count(2)
    expect(page.locator(".distributions .title").last).to_have_text("without positions")
    expect(page.locator(".diagram [data-id=rope]")).to_have_class(re.compile(r"\boff\b"))
    expect(page).to_have_url(re.compile("out=positions"))
    page.locator(".diagram [data-id=down]").click()
    expect(page.get_by_role("heading", name="Down")).to_be_visible()
    expect(page.locator(".diagram .off")).to_have_count(0)
    expect(page.locator(".distributions .panel")).to_have_count(1)
    for box, name in (("scores", "Scores"), ("norm1", "Norm")):  # words of other lengths: the buttons stay
        page.locator(f".diagram [data-id={box}]").click()
        expect(page.get_by_role("heading", name=name)).to_be_visible()
        settled(page)
        assert page.evaluate(PLACES) == places, box


def test_a_click_on_a_box_explains_it(page: Any, app: str) -> None:
    visit(page, app, arch="gpt2")
    page.locator(".diagram [data-id=out]").click()
    heading = page.get_by_role("heading", name="Output projection")
    expect(heading).to_be_visible()
    expect(page.locator(".diagram [data-id=out]")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_text("model.transformer.h[0].attn.c_proj")).to_be_visible()
    expect(heading).to_be_in_viewport(ratio=1)  # the explanation stays beside the box that was clicked


def test_switching_models_redraws_the_diagram(page: Any, app: str) -> None:
    visit(page, app, arch="gpt2")
    expect(page.locator(".times")).to_contain_text("12")
    page.locator(".st-key-arch input").fill("Phi-2")  # of a long list only what is in view is on the page
    page.get_by_role("option", name="Phi-2").click()
    expect(page.locator(".times")).to_contain_text("32")
    expect(page).to_have_url(re.compile("Phi-2"))


def test_attention_maps_answer_in_the_browser(page: Any, app: str) -> None:
    visit(page, app, **{"view": "A live pass", "pass": "Attention maps", "text": "A cat and a dog met"})
    grid = page.locator(".attention .grid")
    expect(page.get_by_text("is shown first")).to_be_visible()
    opened = page.locator(".attention select.layer").input_value()
    page.get_by_role("button", name="the first token").click()
    expect(page.locator(".attention select.layer")).not_to_have_value(opened)  # a head chosen from outside the maps
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


def test_two_models_on_a_phone_need_no_sideways_scrolling(browsing: Any, app: str) -> None:
    page = browsing(viewport={"width": 390, "height": 844}).new_page()
    visit(page, app, view="Two models")
    for what in ("Diagrams", "Parameters", "Differences"):
        page.locator(".st-key-compare").get_by_text(what).click()
        settled(page)
        shown = {"Diagrams": ".diagram .box.changed", "Parameters": ".js-plotly-plot .main-svg", "Differences": "table"}
        expect(page.locator(shown[what]).first).to_be_visible()
        page.wait_for_function("""() => {
            const main = document.querySelector("[data-testid=stMain]");
            return main.scrollWidth - main.clientWidth <= 1; }""")
    expect(page.get_by_test_id("stException")).to_have_count(0)


@pytest.mark.parametrize(
    ("query", "drawn"),
    [
        ({"part": "Cost"}, "Green: it fits, with this much left over."),
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
