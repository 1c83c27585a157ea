"""Every parameter that a link to a page may have, hostile values for them, and a page opened with such a link.

The names are the app's own (`lib/ui/components/link_names.py`); `tests/unit/ui/test_link_values.py` holds them against
the code: no page reads a parameter that is not there.
"""

import os
import random
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lib.ui.components.link_names import NAMES
from lib.ui.components.pages import PAGES as ALL

ROOT = Path(__file__).resolve().parents[2]
_HOME = str(Path(tempfile.gettempdir()) / "playground-faults")  # no models but those that come with the app
PAGES: dict[str, tuple[str, ...]] = {
    page.file: tuple(sorted(NAMES[address] - {"step", "course"})) for address, page in ALL.items()
}
NUMBERS = (
    "Infinity", "-Infinity", "1e400", "-1e400", "NaN", "1_000", "٣", "٣٫٥", "9" * 5000, "-" + "9" * 5000,
    "1e-400", "0x10", "1,000", "½", "²", "--1", "1e", ".", "-", "+", "0.5", "-1", "1e9", "4294967296",
    "2147483648", "0", "007",
)  # fmt: skip
TEXTS = (
    "", " ", "\x00", "a\x00b", "\ufffd", "\u202egnp.exe", "<b>x</b>", "<script>", "$x$", ":red[x]", "![](http://x/y.png)",
    "None", "null", "true", "[]", "{}", "../../etc/passwd", "/etc/passwd", "%00", "\r\n", "x" * 60_000, "é" * 9_000,
    "greedy_kInfinity~beam_b1e400", "1,2,9999999999999999999999", "trained-../../x-pretrain-00001", "🙂" * 3_000,
)  # fmt: skip


def hostile(random_: random.Random) -> str:
    """A value that nobody meant: one of the lists, or pieces of them."""
    kind = random_.random()
    if kind < 0.4:
        return random_.choice(NUMBERS)
    if kind < 0.7:
        return random_.choice(TEXTS)
    if kind < 0.9:
        pieces = [*NUMBERS, *TEXTS, "~", "_", ",", ".", "-", "topk", "beam", "pure", "t", "k"]
        return "".join(random_.choice(pieces)[:40] for _ in range(random_.randint(1, 6)))
    return "".join(
        chr(random_.choice((random_.randrange(0xD800), random_.randrange(0xE000, 0x110000)))) for _ in range(9)
    )


@contextmanager
def environment(**values: str) -> Iterator[None]:
    """Variables of the environment, set for a while."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def opened(file: str, query: Mapping[str, str], **session: Any) -> Any:
    """A page after its first run with this link, without the network, its models in this process."""
    from streamlit.testing.v1 import AppTest

    page = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=120)
    if file != "Home.py":
        page.switch_page(file)
    page.session_state["told-not-embedded"] = True  # nothing is fetched
    for name, value in session.items():
        page.session_state[name] = value
    for name, value in query.items():
        page.query_params[name] = value
    with environment(PLAYGROUND_ENGINE="inside", HF_HUB_OFFLINE="1", PLAYGROUND_HOME=_HOME):
        page.run()
    assert not page.exception, f"{file} {dict(query)!r:.200}: {page.exception[0].message}"
    return page


def sentences(page: Any) -> list[str]:
    """What the page says about something: toasts, errors, warnings, notes, without Markdown's backslashes."""
    boxes = [*page.toast, *page.error, *page.warning, *page.info]
    return [box.value.replace("\\", "") for box in boxes]
