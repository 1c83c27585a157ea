"""The pictures that the README opens with, 1280 × 720 in light colours, as small WebP files."""

import base64
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.e2e.look.states import SHEETS, Sheet
from tests.e2e.look.visit import FIRST_SCREEN, Look, Visit

SCALE = 2  # pixels of the picture to a pixel of the page: letters stay sharp on every screen
MOST = 150_000  # bytes
LONG = "/Decoding?s=greedy~topk~beam&n=40"
LEARNED = "/Training?train-size=0.2+M+parameters&train-steps=200"
# Letters that every font has.
TEXT = "/Tokenizers?rows=Real+tokenizers&text=Antidisestablishmentarianism+is+spelled+na%C3%AFvely"
# The page, the state that is shown, the file; the address where it is another.
SHOWN = (
    ("Home", "a road pointed at", "home"),
    ("Tokenizers", "", "tokenizers", TEXT),
    ("Architecture", "", "architecture"),
    ("Decoding", "after Run", "decoding", LONG),
    ("Training", "trained", "training", LEARNED),
    ("Chat", "a reply", "chat"),
)

# A PNG as a WebP of this quality (0 to 1), both in base 64.
CONVERT = """
async ([png, quality]) => {
  const picture = new Image();
  picture.src = "data:image/png;base64," + png;
  await picture.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: picture.width, height: picture.height });
  canvas.getContext("2d").drawImage(picture, 0, 0);
  return canvas.toDataURL("image/webp", quality).split(",")[1];
}
"""


def make(browser: Any, base: str, folder: Path, say: Callable[[str], None]) -> None:
    """Write the pictures of the app at the address `base` into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for page, state, name, *path in SHOWN:
        sheet = next(sheet for sheet in SHEETS if sheet.name == page)
        data = picture(browser, base, replace(sheet, path=path[0]) if path else sheet, state)
        (folder / f"{name}.webp").write_bytes(data)
        say(f"{folder / name}.webp: {len(data) / 1000:.0f} kB")


def picture(browser: Any, base: str, sheet: Sheet, state: str) -> bytes:
    """One page in a state (the start if empty), as WebP of at most `MOST` bytes."""
    context = browser.new_context(viewport=FIRST_SCREEN, device_scale_factor=SCALE, color_scheme="light")
    visit = Visit(Look(base), sheet, FIRST_SCREEN["width"], page=context.new_page(), scheme="light")
    visit.prepare()
    visit.page.goto(base + sheet.path)
    sheet.ready(visit.page)
    visit.quiet()
    for one in (one for one in sheet.states if one.name == state):
        one.act(visit.page)
        visit.quiet()
    visit.show("light")
    png = base64.b64encode(visit.page.screenshot()).decode()
    small = b""
    for quality in (0.9, 0.8, 0.7, 0.6, 0.5):
        small = base64.b64decode(visit.page.evaluate(CONVERT, [png, quality]))
        if len(small) <= MOST:
            break
    context.close()
    return small
