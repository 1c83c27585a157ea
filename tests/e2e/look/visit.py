"""Opens a page at a width, brings it into its states, and asks the rules in each."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.conftest import PATIENCE, settled, without_animations
from tests.e2e.look import rules
from tests.e2e.look.rules import Finding, Place, findings
from tests.e2e.look.states import Sheet, State, press

HEIGHTS = {1440: 900, 1024: 768, 390: 844}
SCHEMES = ("light", "dark")
FIRST_SCREEN = {"width": 1280, "height": 720}
TABS = '[data-testid="stMain"] [role=tab]'


def sheet_at(place: Place) -> str:
    return f"{place.page} at {place.width} px"


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
    scheme: str = ""  # that it has now
    seen: list[str] = field(default_factory=list)  # names of tabs

    def run(self, browser: Any) -> None:
        """Look at everything."""
        self.scheme = self.look.schemes[0]
        with self.opened(browser) as self.page:
            try:
                self.sheet.ready(self.page)
                self.quiet()
            except Exception as error:  # whatever it is, the other pages are looked at
                self.broken("start", error)
                return
            at = Place(self.sheet.name, "start", self.width, self.scheme)
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
                    self.reach(state)
            self.tabs()
            if self.width == max(self.look.widths):
                self.paper()

    @contextmanager
    def opened(self, browser: Any) -> Iterator[Any]:
        """The page in a profile of its own, with the probe in it and an ear at its console."""
        phone = self.width < 500
        context = browser.new_context(
            viewport={"width": self.width, "height": HEIGHTS.get(self.width, 900)},
            is_mobile=phone, has_touch=phone, color_scheme=self.look.schemes[0],
        )  # fmt: skip
        page = self.page = without_animations(context).new_page()
        self.prepare()
        place = Place(self.sheet.name, "console", self.width, self.scheme)
        page.on(
            "pageerror",
            lambda error: self.add(place, [{"rule": "console error", "selector": "", "text": str(error)[:200]}]),
        )
        page.on("console", lambda line: self.heard(place, line))
        page.goto(self.look.base + self.sheet.path)
        yield page
        context.close()

    def prepare(self) -> None:
        """Put the probe into the page, before the page is opened."""
        self.page.set_default_timeout(PATIENCE)
        self.page.add_init_script(rules.PROBE)

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
        place = Place(self.sheet.name, state, self.width, self.scheme)
        self.add(place, [{"rule": "state not reached", "selector": "", "text": f"{type(error).__name__}: {words}"}])

    def reach(self, state: State, *, above: float | None = None) -> None:
        """Go to a state and look. If it is `steady`, what is on the screen must stay where it is.

        `above`: only what lies above this y (in px) must, and what the browser counts as a shift does not matter.
        """
        since = self.page.evaluate("look.stand(), look.now()")
        try:
            state.act(self.page)
            self.quiet()
        except Exception as error:  # the states after it are looked at
            self.broken(state.name, error)
            return
        if state.steady and not (state.unfolds and self.width < 500):
            place = Place(self.sheet.name, state.name, self.width, self.scheme)
            self.add(place, rules.moved(self.page.evaluate("above => look.moved(above)", above)))
            if above is None:
                answer = [one for one in self.page.evaluate("since => look.shifts(since)", since) if one["input"]]
                self.add(place, rules.shift(answer, "layout shift after a click"))
        self.measure(state.name)
        if state.leave:
            state.leave(self.page)

    def measure(self, state: str) -> None:
        """Every rule that looks at what is on the screen now, in each scheme, the present one first.

        Boxes and letters are the same in both schemes; what axe has to say differs in its contrasts. At other widths
        than the largest, axe looks at the start alone, and that and the second scheme come with the pictures.
        """
        widest = self.width == max(self.look.widths)
        for number, scheme in enumerate(sorted(self.look.schemes, key=lambda one: one != self.scheme)):
            if number and not (widest or self.look.pictures):
                continue
            self.show(scheme)
            place = Place(self.sheet.name, state, self.width, scheme)
            if number == 0:
                self.add(place, self.page.evaluate("look.findings()"))
            if widest or (self.look.pictures and number == 0 and state == "start"):
                self.add(place, rules.axe(self.page, rules.CONTRAST if number else None))
            if self.look.pictures:
                name = re.sub(r"\W+", "-", f"{place.page}-{state}-{self.width}-{scheme}").strip("-").lower()
                self.page.screenshot(path=self.look.pictures / f"{name}.png")

    def show(self, scheme: str) -> None:
        """Wait until the page has the colours of `scheme` and nothing fades any more."""
        if scheme != self.scheme:
            self.page.emulate_media(color_scheme=scheme)
            self.scheme = scheme
        self.page.wait_for_function("scheme => look.still(scheme)", arg=scheme)
        self.page.wait_for_timeout(40)

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

    def paper(self) -> None:
        """As it comes out of a printer: asked for in the scheme that differs most from paper. The visit ends here."""
        self.show(self.look.schemes[-1])
        self.page.evaluate("dispatchEvent(new Event('beforeprint'))")
        self.page.set_viewport_size(rules.PAPER)
        self.page.emulate_media(media="print")
        self.quiet()
        self.add(Place(self.sheet.name, "on paper", self.width, self.scheme), rules.on_paper(self.page))

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
            if not self.wanted(name):
                continue
            if tab.get_attribute("aria-selected") != "true":
                box = tab.bounding_box() or {"y": 0.0, "height": 0.0}
                self.reach(State(name, press(tab), steady=True), above=box["y"] + box["height"])
            for state in self.sheet.inside.get(name, lambda _: [])(self.page):
                self.reach(replace(state, name=f"{name}: {state.name}"))
        for name in self.sheet.tabs:
            if name not in self.seen and self.wanted(name):
                self.broken(name, LookupError("there is no such tab"))
