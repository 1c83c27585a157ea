"""Opens a page at a width, brings it into its states, and asks the rules in each."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conftest import settled
from tests.e2e.look import rules
from tests.e2e.look.rules import Finding, Place, findings
from tests.e2e.look.states import Act, Sheet

HEIGHTS = {1440: 900, 1024: 768, 390: 844}
SCHEMES = ("light", "dark")
FIRST_SCREEN = {"width": 1280, "height": 720}
TABS = '[data-testid="stMain"] [role=tab]'
DEEP = 1440  # px: the width at which axe looks at everything


def sheet_at(place: Place) -> str:
    return f"{place.page} at {place.width} px"


def press(control: Any) -> Act:
    """Clicks a control that was found on the page."""
    return lambda _: control.click()


@dataclass
class Look:
    """What to look at, where to keep pictures, and what was found."""

    base: str
    widths: Sequence[int] = tuple(HEIGHTS)
    schemes: Sequence[str] = SCHEMES
    states: str = ""  # a regular expression; all if empty
    pictures: Path | None = None
    say: Callable[[str], None] = lambda words: None
    found: list[Finding] = field(default_factory=list)

    def sheet(self, browser: Any, sheet: Sheet) -> None:
        """One page at every width."""
        if self.pictures:
            self.pictures.mkdir(parents=True, exist_ok=True)
        for width in self.widths:
            Visit(self, sheet, width).run(browser)


@dataclass
class Visit:
    """One page at one width, opened once: state after state, and both schemes in each."""

    look: Look
    sheet: Sheet
    width: int
    page: Any = None
    since: float = 0.0
    seen: list[str] = field(default_factory=list)  # names of tabs

    def run(self, browser: Any) -> None:
        """Look at everything."""
        with self.opened(browser) as self.page:
            try:
                self.sheet.ready(self.page)
                self.quiet()
            except Exception as error:  # whatever it is, the other pages are looked at
                self.broken("start", error)
                return
            at = Place(self.sheet.name, "start", self.width, self.look.schemes[0])
            shifts = [one for one in self.page.evaluate("look.shifts(look.titled())") if not one["input"]]
            self.add(at, rules.shift(shifts, "layout shift on load"))
            every = sum(one["value"] for one in self.page.evaluate("look.shifts()"))
            self.look.say(f"{sheet_at(at)}: layout shift {sum(one['value'] for one in shifts):.3f}, "
                          f"with Streamlit's empty frame before the title {every:.3f}")  # fmt: skip
            self.measure("start")
            if self.width == max(self.look.widths):
                self.first_screen(at)
            for state in self.sheet.states:
                if self.wanted(state.name):
                    self.reach(state.name, state.act, steady=state.steady)
            self.tabs()

    @contextmanager
    def opened(self, browser: Any) -> Iterator[Any]:
        """The page in a profile of its own, with the probe in it and an ear at its console."""
        phone = self.width < 500
        context = browser.new_context(
            viewport={"width": self.width, "height": HEIGHTS.get(self.width, 900)},
            is_mobile=phone, has_touch=phone, color_scheme=self.look.schemes[0],
        )  # fmt: skip
        context.set_default_timeout(20_000)
        context.add_init_script(rules.PROBE)
        page = context.new_page()
        place = Place(self.sheet.name, "console", self.width, self.look.schemes[0])
        page.on(
            "pageerror",
            lambda error: self.add(place, [{"rule": "console error", "selector": "", "text": str(error)[:200]}]),
        )
        page.on("console", lambda line: self.heard(place, line))
        page.goto(self.look.base + self.sheet.path)
        yield page
        context.close()

    def heard(self, place: Place, line: Any) -> None:
        """A line of the console. Streamlit asks for its own addresses below the page's path first, and hears 404."""
        url = line.location.get("url", "")
        if line.type == "error" and not ("404" in line.text and "/_stcore/" in url):
            self.add(place, [{"rule": "console error", "selector": url[:80], "text": line.text[:200]}])

    def quiet(self) -> None:
        """Wait until no run is under way and the page has stayed as it is for a while."""
        settled(self.page)
        before, same = "", 0
        for _ in range(60):
            self.page.wait_for_timeout(60)
            now = self.page.evaluate("look.print()")
            same, before = (same + 1 if now == before else 0), now
            if same >= 4:
                break
        settled(self.page)

    def wanted(self, state: str) -> bool:
        return not self.look.states or bool(re.search(self.look.states, state, re.IGNORECASE))

    def add(self, place: Place, raw: list[dict[str, str]]) -> None:
        self.look.found += findings(place, raw)

    def broken(self, state: str, error: Exception) -> None:
        words = str(error).strip().splitlines()[0][:200]
        place = Place(self.sheet.name, state, self.width, self.look.schemes[0])
        self.add(place, [{"rule": "state not reached", "selector": "", "text": f"{type(error).__name__}: {words}"}])

    def reach(self, name: str, act: Act, *, steady: bool, above: float | None = None) -> None:
        """A state by what leads to it. If it is `steady`, what is on the screen must stay where it is.

        `above`: only what lies above this y (in px) must, and what the browser counts as a shift does not matter.
        """
        since = self.page.evaluate("look.stand(), look.now()")
        try:
            act(self.page)
            self.quiet()
        except Exception as error:
            self.broken(name, error)
            return
        if steady:
            place = Place(self.sheet.name, name, self.width, self.look.schemes[0])
            self.add(place, rules.moved(self.page.evaluate("above => look.moved(above)", above)))
            if above is None:
                answer = [one for one in self.page.evaluate("since => look.shifts(since)", since) if one["input"]]
                self.add(place, rules.shift(answer, "layout shift after a click"))
        self.measure(name)

    def measure(self, state: str) -> None:
        """Every rule that looks at what is on the screen now, in each scheme; axe where something can differ."""
        for scheme in self.look.schemes:
            self.page.emulate_media(color_scheme=scheme)
            self.page.wait_for_function("scheme => look.still(scheme)", arg=scheme)
            self.page.wait_for_timeout(60)
            place = Place(self.sheet.name, state, self.width, scheme)
            if scheme == self.look.schemes[0]:
                self.add(place, self.page.evaluate("look.findings()"))
                if self.width == max(self.look.widths) or state == "start":
                    self.add(place, rules.axe(self.page))
            elif self.width == max(self.look.widths):
                self.add(place, rules.axe(self.page, rules.CONTRAST))
            if self.look.pictures:
                name = re.sub(r"\W+", "-", f"{place.page}-{state}-{self.width}-{scheme}").strip("-").lower()
                self.page.screenshot(path=self.look.pictures / f"{name}.png")
        self.page.emulate_media(color_scheme=self.look.schemes[0])

    def first_screen(self, place: Place) -> None:
        """At 1280×720: the result first, and few tab stops before it."""
        before = self.page.viewport_size
        self.page.set_viewport_size(FIRST_SCREEN)
        self.quiet()
        at = place._replace(width=FIRST_SCREEN["width"])
        self.add(at, rules.result_first(self.page, FIRST_SCREEN["height"]))
        self.add(at, rules.tab_stops(self.page, self.look.say))
        self.page.set_viewport_size(before)
        self.quiet()

    def tabs(self) -> None:
        """Every tab of the page as a state; tabs inside a tab come with it."""
        while True:
            shown = self.page.locator(f"{TABS}:visible")
            for tab in shown.all():
                name = tab.inner_text().strip()
                if name not in self.seen:
                    break
            else:
                break
            self.seen.append(name)
            if tab.get_attribute("aria-selected") != "true" and self.wanted(name):
                box = tab.bounding_box() or {"y": 0.0, "height": 0.0}
                self.reach(name, press(tab), steady=True, above=box["y"] + box["height"])
        for name in self.sheet.tabs:
            if name not in self.seen:
                self.broken(name, LookupError("there is no such tab"))
