"""The next-token chart in the browser: it holds one prompt's logits and redraws without asking the server.

Python sends the float32 logits once for each prompt, sorted (temperature never changes their order and every filter
keeps a beginning of it), with the names of the likeliest tokens and a seed's random numbers. The component computes
the softmax over the whole vocabulary and the filters at every movement of a knob, in float64, and reports the knobs
when the movement ends, and the token that was clicked.
"""

import hashlib
import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from typing import Any

import numpy as np
import streamlit as st

from lib.ui.components.custom import FORMAT, TOKEN, asset

ROWS = 100  # most bars one can ask for
DRAWS = 10_000  # most draws one can ask for
SCRIPT = FORMAT + asset(__file__, "rove.js", "math.js", "chart.js", "controls.js", "bars.js", "redraw.js", "steps.js")

_component = st.components.v2.component(
    "next_token_distribution",
    html='<div class="mount"></div>\n',
    css=TOKEN + asset(__file__, "card.css", "distribution.css"),
    js=SCRIPT,
)


@dataclass(frozen=True)
class Knobs:
    """What the chart's controls are set to; k None, p 1 and m 0 switch a filter off."""

    t: float = 1.0
    k: int | None = None
    p: float = 1.0
    m: float = 0.0
    n: int = 20  # bars
    seed: int = 0
    draws: int = 0
    scale: str = "linear"  # "linear", "log", "logit"
    view: str = "bars"  # "bars", "steps"

    @property
    def sampling(self) -> dict[str, Any]:
        """The keyword arguments of `lib.engine.sampling.distribution`."""
        return {
            "temperature": self.t,
            "top_k": self.k,
            "top_p": self.p if self.p < 1 else None,
            "min_p": self.m or None,
        }

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Knobs":
        """From what the browser reports; unknown names are ignored."""
        names = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in values.items() if name in names})


@dataclass(frozen=True)
class ChartRow:
    """A token as the chart shows it."""

    id: int
    label: str
    hex: str  # its bytes
    special: bool = False


@dataclass(frozen=True)
class Reply:
    """What the person did: the settled knobs, and the id of a token that was clicked just now."""

    knobs: Knobs
    append: int | None


@dataclass(frozen=True)
class Content:
    """What the chart shows of one text, ready to be sent: the same for everybody who looks at it."""

    name: str  # of these logits
    size: int  # of the vocabulary
    ids: tuple[int, ...]  # of the rows
    rows: str  # JSON
    logits: bytes  # float32, likeliest first

    @classmethod
    def of(cls, logits: np.ndarray, rows: Sequence[ChartRow]) -> "Content":
        """From float32 logits (V,) and the likeliest tokens, likeliest first."""
        given = np.ascontiguousarray(logits, dtype="<f4")
        return cls(hashlib.sha256(given.data).hexdigest()[:16], given.size, tuple(row.id for row in rows),
                   json.dumps([vars(row) for row in rows]), np.sort(given)[::-1].tobytes())  # fmt: skip

    def key(self, actual: int | None) -> str:
        """The name of what a chart shows, by which a click on an older one is known."""
        return f"{self.name}/{actual}"

    def packed(self, *, start: Knobs, nonce: int, seed: int, actual: int | None = None) -> bytes:
        """The component's data: u32 header length, JSON header, float32 logits likeliest first, float64 randoms.

        `start` is applied only when `nonce` differs from the last one seen: otherwise the browser's knobs stay.
        """
        header = {
            "key": self.key(actual),
            "size": self.size,
            "draws": DRAWS,
            "nonce": nonce,
            "actual": -1 if actual is None else actual,
            "settings": asdict(start),
        }
        text = f'{json.dumps(header)[:-1]}, "rows": {self.rows}}}'.encode()
        head = struct.pack("<I", len(text)) + text
        return b"".join((head, _pad(len(head)), self.logits, _pad(len(self.logits)), _uniform(seed)))


def pack(logits: np.ndarray, rows: Sequence[ChartRow], **options: Any) -> bytes:
    """Logits (V,) and the likeliest tokens as the component reads them; `options` are those of `Content.packed`."""
    return Content.of(logits, rows).packed(**options)


def _pad(length: int) -> bytes:
    return b"\0" * (-length % 8)


@lru_cache(maxsize=64)
def _uniform(seed: int) -> bytes:
    return np.random.default_rng(seed).random(DRAWS).astype("<f8").tobytes()


def next_token_chart(
    key: str, content: Content, *, start: Knobs, nonce: int, seed: int, actual: int | None = None
) -> Reply:
    """Show a distribution. `actual` marks one token as the real one."""
    result = _component(
        key=key,
        data=content.packed(start=start, nonce=nonce, seed=seed, actual=actual),
        on_settings_change=lambda: None,
        on_append_change=lambda: None,
    )
    settings = result.get("settings")
    append = result.get("append")
    knobs = Knobs.of(settings) if settings and settings.get("nonce") == nonce else start
    if append is not None and append["of"] != content.key(actual):  # what was typed came along with the click
        st.toast("The text has changed, and with it the chart: click again.")
        append = None
    return Reply(knobs, None if append is None else int(append["id"]))
