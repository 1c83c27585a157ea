"""Rules as functions of an open Playwright page, and what they find. `probe.js` has those of geometry."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

PROBE = Path(__file__).with_name("probe.js").read_text(encoding="utf-8")
SHIFT = 0.05  # cumulative layout shift that a page, or a click on a main control, may cause
STOPS = 12  # times that Tab may be pressed from the page's start to its result
PAPER = {"width": 703, "height": 1000}  # px between the margins of an A4 page
LEAST = 300  # px of a result that the first screen must show, or half of it
CONTRAST = {"runOnly": ["color-contrast"]}


class Place(NamedTuple):
    """What was looked at: page, state, width in px, scheme."""

    page: str
    state: str
    width: int
    scheme: str


@dataclass(frozen=True)
class Finding:
    """One fault, as a line."""

    place: Place
    rule: str
    selector: str
    text: str

    def __str__(self) -> str:
        return " | ".join((*map(str, self.place), self.rule, self.selector, self.text))


def findings(place: Place, raw: Iterable[dict[str, str]]) -> list[Finding]:
    """One finding for each rule and selector: the first of them, and how often there are others."""
    raw = list(raw)
    count = Counter((one["rule"], one["selector"]) for one in raw)
    first = {(one["rule"], one["selector"]): one["text"] for one in reversed(raw)}
    return [
        Finding(place, *key, first[key] + (f" ({times} of them)" if times > 1 else "")) for key, times in count.items()
    ]


def axe_source() -> str:
    """axe-core as axe-playwright-python brings it along."""
    import axe_playwright_python

    return Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")


def axe(page: Any, options: dict[str, Any] | None = None) -> list[dict[str, str]]:
    """Serious and critical violations. axe looks into open shadow roots by itself: a test holds that."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(axe_source())
    result = page.evaluate(
        """async (options) => (await axe.run(document,
             { resultTypes: ['violations'], iframes: false, elementRef: true, ...options }))
             .violations.filter((v) => /serious|critical/.test(v.impact)).flatMap((v) => v.nodes.map((n) => ({
               rule: `axe ${v.impact}: ${v.id}`,
               selector: n.element ? look.name(n.element) : n.target.flat().join(' » ').slice(-140),
               text: `${(n.any[0] ?? n.all[0] ?? n.none[0])?.message ?? v.help} `
                 .replace('Element has insufficient color ', '').replace(/, font size.*? Expected/, '. Expected') +
                 n.html.replace(/\\s+/g, ' ').slice(0, 90),
             })))""",
        options or {},
    )
    return list(result)


def shift(shifts: list[dict[str, Any]], rule: str) -> list[dict[str, str]]:
    """A finding if the shifts add up to more than is allowed. What answers an input is the second figure."""
    total = sum(one["value"] for one in shifts)
    if total < SHIFT:
        return []
    worst = sorted(shifts, key=lambda one: -one["value"])[:2]
    return [
        {"rule": rule, "selector": "; ".join(name for one in worst for name in one["names"]), "text": f"{total:.3f}"}
    ]


def moved(raw: list[dict[str, str]]) -> list[dict[str, str]]:
    """One finding for all that a click has pushed the same way."""
    if len(raw) < 3:
        return raw
    names = "; ".join(one["selector"] for one in raw[:4])
    text = f"{len(raw)} of them, among them {names}: {raw[0]['text']}"
    return [{"rule": raw[0]["rule"], "selector": raw[0]["selector"], "text": text}]


def result_first(page: Any, height: int) -> list[dict[str, str]]:
    """The page's main result begins on the first screen and can be seen there; `height` is the screen's, in px."""
    box = page.evaluate("look.result()")
    if not box:
        return [{"rule": "result first", "selector": ".st-key-result", "text": "there is none"}]
    seen, whole = min(box["bottom"], height) - box["top"], box["bottom"] - box["top"]
    if box["top"] >= height or whole <= 0 or seen < min(LEAST, whole / 2):
        text = f"from y = {box['top']:.0f} to {box['bottom']:.0f} of {height}: {max(0, seen):.0f} px can be seen"
        return [{"rule": "result first", "selector": ".st-key-result", "text": text}]
    return []


def tab_stops(page: Any, say: Callable[[str], None]) -> list[dict[str, str]]:
    """Presses Tab from the page's start until the focus is in the result, or behind it if it has nothing to press.

    The skip links and the sidebar, past which they lead, do not count. The first of them leads to the result.
    """
    page.evaluate("look.begin()")
    way: list[str] = []
    skips = aside = 0
    for stop in range(40):
        page.keyboard.press("Tab")
        at = page.evaluate("look.focus()")
        if at["place"] >= 0:
            break
        if at.get("text", "").lower().startswith("skip to"):
            skips += 1 if skips or stop == 0 else 0
        elif at.get("aside"):
            aside += 1
        else:
            way.append(at["name"])
    say(f"tab stops before the result: {len(way)}; skip links: {skips}; in the sidebar: {aside}")
    found = []
    if not skips:
        found.append({"rule": "keyboard", "selector": "body", "text": "the first tab stop is no skip link"})
    elif not skip_link_leads_to_the_result(page):
        found.append({"rule": "keyboard", "selector": "body", "text": "the skip link does not lead to the result"})
    if len(way) >= STOPS:
        text = f"{len(way)} tab stops before: {'; '.join(way)}"
        found.append({"rule": "keyboard", "selector": ".st-key-result", "text": text})
    return found


def skip_link_leads_to_the_result(page: Any) -> bool:
    """Tab and Enter from the page's start put the focus into the result."""
    page.evaluate("look.begin()")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    return bool(page.evaluate("look.focus()")["place"] == 0)


# What a screen has and paper has not; what is wider than the sheet; what letters are light, outside of charts.
_ON_PAPER = """() => {
  const shown = (node) => node.checkVisibility({ visibilityProperty: true });
  const seen = (selector) => [...document.querySelectorAll(selector)].filter(shown);
  const wide = ".stPlotlyChart, [data-testid=stBidiComponentIsolated], .stMarkdown";
  const light = (colour) => colour.match(/\\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0) > 450;
  const said = (rule, nodes) => nodes.map((node) => (
    { rule: `paper: ${rule}`, selector: look.name(node), text: node.textContent.trim().slice(0, 90) }));
  const screen = "[data-testid=stSidebar], [data-testid=stHeader], .stMain [data-testid=stButton], "
    + "[data-testid=stPopover], [data-testid=stMenuButton]";
  return [
    ...(seen("h1").length ? [] : said("no title", [document.body])),
    ...said("nothing to press", seen(screen)),
    ...said("white", [document.querySelector(".stApp")].filter(
      (node) => getComputedStyle(node).backgroundColor !== "rgb(255, 255, 255)")),
    ...said("dark letters", seen(".stMain :is(p, li, h1, h2, h3, textarea)").filter(
      (node) => light(getComputedStyle(node).color))),
    ...said("as wide as the sheet", seen(wide).filter((node) => node.getBoundingClientRect().right > innerWidth + 1)),
  ];
}"""


def on_paper(page: Any) -> list[dict[str, str]]:
    """What a page that is shown as paper would have it should not have there."""
    return list(page.evaluate(_ON_PAPER))
