"""Every page in its main states at three widths, light and dark, and on paper, has nothing that one would call a fault.

What counts as one is in `tests/e2e/look`; `python -m tests.e2e.look` prints the same as a report. With the environment
variable LOOK_PICTURES, a folder, all states are looked at and the pictures kept there, as the GitHub workflow does;
without it only how each page opens, wide and on a phone, because all of it takes seven minutes.
"""

import os
from pathlib import Path

import pytest

from tests.e2e.look import rules
from tests.e2e.look.rules import Finding, Place
from tests.e2e.look.states import SHEETS, Sheet
from tests.e2e.look.visit import Look

pytestmark = pytest.mark.embedded


@pytest.mark.parametrize("sheet", SHEETS, ids=[sheet.name for sheet in SHEETS])
def test_nothing_is_cut_overlaps_jumps_or_cannot_be_read(sheet: Sheet, app: str, chromium) -> None:
    pictures = Path(os.environ["LOOK_PICTURES"]) if os.environ.get("LOOK_PICTURES") else None
    look = Look(app, pictures=pictures) if pictures else Look(app, widths=(1440, 390), states="^start$")
    look.sheet(chromium, sheet)
    found = "\n".join(dict.fromkeys(map(str, look.found)))
    assert not look.found, f"page | state | width | scheme | rule | selector | text\n{found}"


# ---- the rules themselves, on small pages of which one knows what is wrong ----

PLACE = Place("made up", "start", 800, "light")
SHADOW = "<div><template shadowrootmode=open>{}</template></div>"


@pytest.fixture(scope="module")
def found(chromium):
    """found(body) -> {rule: texts} of what `look.findings()` says of an HTML page of 800 × 600, a new one each time."""
    context = chromium.new_context(viewport={"width": 800, "height": 600})
    context.add_init_script(rules.PROBE)
    page = context.new_page()

    def findings(body: str) -> dict[str, str]:
        page.goto("about:blank")
        page.goto(f"data:text/html;charset=utf-8,<!doctype html><h1>Page</h1>{body}".replace("#", "%23"))
        return {one["rule"]: one["text"] for one in page.evaluate("look.findings()")}

    findings.page = page  # type: ignore[attr-defined]
    yield findings
    context.close()


@pytest.mark.parametrize("wrap", ["{}", SHADOW], ids=["plain", "in a shadow tree"])
@pytest.mark.parametrize(
    ("rule", "wrong", "right"),
    [
        (
            "cut",
            "<p style='width:5em; overflow:hidden; white-space:nowrap'>A line that is too long",
            "<p style='width:5em; overflow:hidden; white-space:nowrap; text-overflow:ellipsis'>A line that is too long",
        ),
        (
            "cut",
            "<div style='height:1.5em; overflow:hidden'><p style='margin:0.9em 0'>Half a line",
            "<div style='height:1.5em; overflow:auto'><p style='margin:0.9em 0'>Half a line",
        ),
        (
            "cut",
            "<svg width=90 height=30><text x=60 y=20>a label</text></svg>",
            "<svg width=90 height=30><text x=5 y=20>a label</text></svg>",
        ),
        (
            "text over text",
            "<p>One line of text</p><p style='margin-top:-2.2em'>And another one</p>",
            "<p>One line of text</p><p style='margin-top:-0.3em'>And another one</p>",
        ),
        (
            "text over text",
            "<svg width=300 height=40><text x=5 y=20>January</text><text x=30 y=20>February</text></svg>",
            "<svg width=300 height=40><text x=5 y=20>January</text><text x=90 y=20>February</text></svg>",
        ),
        (
            "controls overlap",
            "<button>Run</button><button style='margin-left:-1em'>Stop</button>",
            "<button>Run</button><button style='margin-left:1em'>Stop</button>",
        ),
        (
            "headings overlap",
            "<h2 style='margin:0; padding:20px'>Two</h2><h2 style='margin:-12px 0; padding:20px'>Three</h2>",
            "<h2 style='margin:0; padding:20px'>Two</h2><h2 style='margin:12px 0; padding:20px'>Three</h2>",
        ),
        ("text under 12 px", "<p style='font-size:11.5px'>fine print", "<p style='font-size:12px'>fine print"),
        (
            "text under 12 px",
            "<svg width=100 height=20 viewBox='0 0 200 40'><text y=30 font-size=20>scaled</text></svg>",
            "<svg width=100 height=20 viewBox='0 0 200 40'><text y=30 font-size=28>scaled</text></svg>",
        ),
        ("heading order", "<h3>After an h1</h3>", "<h2>After an h1</h2><h3>After an h2</h3>"),
    ],
)
def test_a_rule_sees_its_fault_and_nothing_else(found, rule: str, wrong: str, right: str, wrap: str) -> None:
    assert list(found(wrap.format(wrong))) == [rule]
    assert found(wrap.format(right)) == {}


@pytest.mark.parametrize(
    "harmless",
    [
        "<p style='position:absolute; width:1px; height:1px; overflow:hidden; clip:rect(0 0 0 0)'>for readers",
        "<div style='width:0; height:0; overflow:hidden'><p>a closed drawer",
        "<p style='opacity:0; font-size:5px'>faded out",
        "<p style='font-size:5px; visibility:hidden'>hidden",
        "<div style='height:3em; overflow:auto'><p style='height:9em'>scrolls<p>on and on",
        "<div style='position:relative'>covered<p style='position:absolute; top:0; margin:0; z-index:9'>card</p></div>",
        "<p>A <button>link</button> that is <span style='display:inline-block'>inline</span>",
    ],
)
def test_what_is_hidden_scrolls_or_floats_is_no_fault(found, harmless: str) -> None:
    assert found(harmless) == {}


def test_a_page_that_scrolls_sideways_is_told_with_what_is_too_wide(found) -> None:
    assert "px too wide" in found("<div id=wide style='width:900px; height:1px'></div>")["scrolls sideways"]


@pytest.mark.parametrize("wrap", ["{}", SHADOW], ids=["plain", "in a shadow tree"])
def test_axe_sees_pale_letters(found, wrap: str) -> None:
    found(wrap.format("<p style='color:#aaa'>pale</p>"))
    assert [one["rule"] for one in rules.axe(found.page, rules.CONTRAST)] == ["axe serious: color-contrast"]
    found(wrap.format("<p style='color:#555'>dark</p>"))
    assert rules.axe(found.page, rules.CONTRAST) == []


def test_a_shift_is_the_sum_of_what_moved(found) -> None:
    found("<p id=first style='height:0'></p><p style='height:400px; background:teal'>moves</p>")
    page = found.page
    page.wait_for_timeout(100)
    assert rules.shift(page.evaluate("look.shifts()"), "load") == []
    page.evaluate("first.style.height = '150px'")
    page.wait_for_function("look.shifts().length > 0")
    assert [one["rule"] for one in rules.shift(page.evaluate("look.shifts()"), "load")] == ["load"]


def test_what_a_click_pushes_away_is_told(found) -> None:
    found("<p id=first></p><button>Run</button><button>Stop</button>")
    page = found.page
    page.evaluate("look.stand()")
    assert page.evaluate("look.moved(null)") == []
    page.evaluate("first.style.height = '50px'")
    assert len(page.evaluate("look.moved(null)")) == 2
    assert page.evaluate("look.moved(10)") == []  # nothing above y = 10


APP = "<div class='stApp stMain' style='background:{}'><p style='color:{}'>text</p>{}</div>"


@pytest.mark.parametrize(
    ("rule", "body"),
    [
        ("", APP.format("white", "#111", "<button data-testid=stButton style='display:none'>Run</button>")),
        ("paper: nothing to press", APP.format("white", "#111", "<div data-testid=stButton>Run</div>")),
        ("paper: white", APP.format("black", "#111", "")),
        ("paper: dark letters", APP.format("white", "#eee", "")),
        ("paper: as wide as the sheet", APP.format("white", "#111", "<div class=stMarkdown style='width:820px'>")),
    ],
)
def test_what_belongs_to_the_screen_is_told_of_paper(found, rule: str, body: str) -> None:
    found(body)
    assert [one["rule"] for one in rules.on_paper(found.page)] == [rule] * bool(rule)


@pytest.mark.parametrize(
    ("top", "tall", "right"), [(100, 500, True), (500, 900, False), (730, 50, False), (600, 180, True)]
)
def test_the_result_has_to_be_on_the_first_screen(found, top: int, tall: int, right: bool) -> None:
    found(f"<div class=st-key-result style='position:absolute; top:{top}px; height:{tall}px'></div>")
    assert (rules.result_first(found.page, 720) == []) is right


@pytest.mark.parametrize(("before", "right"), [(11, True), (12, False)])
def test_tab_stops_before_the_result_are_counted(found, before: int, right: bool) -> None:
    buttons = "<button>one</button>" * before
    skip = "<a href=# onclick='result.focus();return false'>Skip to the result</a>"
    found(f"{skip}{buttons}<div id=result class=st-key-result tabindex=-1><button>result</button></div>")
    assert (rules.tab_stops(found.page, lambda words: None) == []) is right


@pytest.mark.parametrize(
    ("link", "wrong"),
    [("", "no skip link"), ("<a href=javascript:void(0)>Skip to the result</a>", "does not lead to the result")],
)
def test_a_skip_link_leads_to_the_result(found, link: str, wrong: str) -> None:
    found(f"{link}<button>one</button><div class=st-key-result><button>result</button></div>")
    assert [wrong in one["text"] for one in rules.tab_stops(found.page, lambda words: None)] == [True]


def test_findings_of_one_rule_and_selector_are_one_line() -> None:
    raw = [{"rule": "cut", "selector": "p", "text": text} for text in ("first", "second")]
    assert rules.findings(PLACE, raw) == [Finding(PLACE, "cut", "p", "first (2 of them)")]
    assert str(rules.findings(PLACE, raw)[0]) == "made up | start | 800 | light | cut | p | first (2 of them)"
