"""Decoding strategies with their knobs: what they are called, what is nonsense, and how they fit into a link.

Knows nothing of Streamlit or models.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from lib.engine import Sampling
from lib.engine.interface import MAX_BEAMS
from lib.errors import PlaygroundError

MAX_COLUMNS = 8


@dataclass(frozen=True)
class Kind:
    """A family of strategies: its name for people, its name in a link, its knobs, and one sentence."""

    label: str
    code: str
    knobs: tuple[str, ...]
    sentence: str


KINDS: dict[str, Kind] = {
    "greedy": Kind("Greedy", "greedy", ("repetition_penalty",), "Always the likeliest token."),
    "beam": Kind(
        "Beam search",
        "beam",
        ("num_beams", "length_penalty"),
        "Keeps several beginnings and follows the best in total.",
    ),
    "top_k": Kind("Top-k", "topk", ("top_k", "temperature", "repetition_penalty"), "Draws among the k likeliest."),
    "top_p": Kind(
        "Top-p (nucleus)",
        "topp",
        ("top_p", "temperature", "repetition_penalty"),
        "Draws among the likeliest that together hold p.",
    ),
    "min_p": Kind(
        "Min-p",
        "minp",
        ("min_p", "temperature", "repetition_penalty"),
        "Draws among tokens not much rarer than the best.",
    ),
    "sampling": Kind("Pure sampling", "pure", ("temperature", "repetition_penalty"), "Draws from all tokens."),
    "mix": Kind(
        "All filters",
        "mix",
        ("top_k", "top_p", "min_p", "temperature", "repetition_penalty"),
        "Temperature, then top-k, top-p and min-p, each on what the one before left.",
    ),
}
_CODES = {kind.code: name for name, kind in KINDS.items()}
_LETTERS = {
    "k": "top_k",
    "p": "top_p",
    "m": "min_p",
    "t": "temperature",
    "r": "repetition_penalty",
    "b": "num_beams",
    "l": "length_penalty",
}


@dataclass(frozen=True)
class Strategy:
    """One column: a kind and its knobs. Knobs that the kind does not have are ignored. `forced` opens every text."""

    kind: str = "greedy"
    temperature: float = 1.0
    top_k: float = 80
    top_p: float = 0.9
    min_p: float = 0.05
    repetition_penalty: float = 1.0
    num_beams: float = 4
    length_penalty: float = 1.0
    forced: tuple[int, ...] = ()

    @property
    def knobs(self) -> dict[str, float]:
        """The knobs that count for this kind."""
        return {name: getattr(self, name) for name in KINDS[self.kind].knobs}

    @property
    def random(self) -> bool:
        """Whether the seed matters."""
        return self.kind not in {"greedy", "beam"} and self.temperature != 0

    def sampling(self) -> Sampling:
        """The engine's knobs. Raises PlaygroundError with the reason if they are nonsense."""
        knobs = self.knobs
        whole = {"top_k": _whole(knobs["top_k"])} if "top_k" in knobs else {}
        if self.kind in {"greedy", "beam"}:
            return Sampling(temperature=0, repetition_penalty=knobs.get("repetition_penalty", 1.0))
        return Sampling(**{**knobs, **whole})  # type: ignore[arg-type]

    def problem(self) -> str | None:
        """Why this column cannot run, in a sentence; None if it can."""
        try:
            self.sampling()
        except PlaygroundError as error:
            return str(error)
        if self.kind != "beam":
            return None
        if not math.isfinite(self.num_beams) or self.num_beams != int(self.num_beams) or self.num_beams < 1:
            return f"Beams are counted: it must be a whole number of at least 1, not {_tidy(self.num_beams)}."
        if self.num_beams > MAX_BEAMS:
            return (
                f"{_tidy(self.num_beams)} beams would cost as much as {_tidy(self.num_beams)} texts at every step; "
                f"this page goes up to {MAX_BEAMS}."
            )
        if not -10 <= self.length_penalty <= 10:  # NaN fails too
            return (
                f"The length penalty is an exponent: it must be between -10 and 10, not {_tidy(self.length_penalty)}."
            )
        return None

    def summary(self) -> str:
        """The knobs in a few characters: 'k 80 · T 0.7'. A repetition penalty of 1 is off and not named."""
        names = {
            "top_k": "k",
            "top_p": "p",
            "min_p": "min-p",
            "temperature": "T",
            "repetition_penalty": "repetition",
            "num_beams": "beams",
            "length_penalty": "length penalty",
        }
        parts = [
            f"{names[name]} {_tidy(value)}"
            for name, value in self.knobs.items()
            if not (name == "repetition_penalty" and value == 1)
        ]
        return " · ".join(parts)

    def title(self) -> str:
        """'Top-k (k 80 · T 0.7)'."""
        summary = self.summary()
        return KINDS[self.kind].label.replace(" (nucleus)", "") + (f" ({summary})" if summary else "")


PRESETS: dict[str, tuple[Strategy, ...]] = {
    "The course: greedy, top-k 80, top-p 0.9": (
        Strategy("greedy"),
        Strategy("top_k", top_k=80),
        Strategy("top_p", top_p=0.9),
    ),
    "All six": (
        Strategy("greedy"),
        Strategy("beam"),
        Strategy("top_k", top_k=80),
        Strategy("top_p", top_p=0.9),
        Strategy("min_p"),
        Strategy("sampling"),
    ),
    "Temperature 0.2 to 2": tuple(Strategy("sampling", temperature=t) for t in (0.2, 0.7, 1.0, 2.0)),
    "Greedy against beams": (
        Strategy("greedy"),
        Strategy("beam", num_beams=2),
        Strategy("beam", num_beams=4),
        Strategy("beam", num_beams=8),
    ),
    "Curing greedy's loops": (Strategy("greedy"), Strategy("greedy", repetition_penalty=1.2), Strategy("top_p")),
}


def encode(strategies: Sequence[Strategy]) -> str:
    """Columns for a link.

    >>> encode([Strategy("greedy"), Strategy("top_k", top_k=80, temperature=0.7)])
    'greedy_r1~topk_k80_t0.7_r1'
    """
    letters = {name: letter for letter, name in _LETTERS.items()}
    parts = []
    for strategy in strategies:
        words = [KINDS[strategy.kind].code, *(letters[k] + _tidy(v) for k, v in strategy.knobs.items())]
        if strategy.forced:
            words.append("f" + ".".join(map(str, strategy.forced)))
        parts.append("_".join(words))
    return "~".join(parts)


def decode(text: str) -> list[Strategy]:
    """Columns from a link; what cannot be read is left at its default, unknown kinds are skipped.

    >>> decode("topk_k40~nonsense~beam_b3_lx") == [Strategy("top_k", top_k=40), Strategy("beam", num_beams=3)]
    True
    >>> decode(encode([Strategy("top_p", top_p=2.0, forced=(5, 7))]))[0].problem()
    'top_p is a probability: it must be between 0 and 1, not 2.0.'
    """
    found: list[Strategy] = []
    for part in text.split("~"):
        code, *words = part.split("_")
        if code not in _CODES or len(found) == MAX_COLUMNS:
            continue
        changes: dict[str, Any] = {}
        for word in filter(None, words):
            value = _number(word[1:])
            if word[0] in _LETTERS and value is not None:
                changes[_LETTERS[word[0]]] = value
            elif word[0] == "f":
                changes["forced"] = tuple(int(w) for w in word[1:].split(".")[:512] if re.fullmatch("[0-9]{1,7}", w))
        found.append(replace(Strategy(_CODES[code]), **changes))
    return found


def with_kind(strategy: Strategy, kind: str) -> Strategy:
    """The same column with another kind; knobs both have keep their values, the others get their defaults."""
    kept = {name: value for name, value in strategy.knobs.items() if name in KINDS[kind].knobs}
    return Strategy(kind, forced=strategy.forced, **kept)  # type: ignore[arg-type]


def defaults() -> dict[str, float]:
    """Every knob's default."""
    return {f.name: f.default for f in fields(Strategy) if f.name in _LETTERS.values()}  # type: ignore[misc]


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _whole(value: float) -> float:
    """An integral float as int (so that it counts), anything else as it is (so that it is explained)."""
    return int(value) if math.isfinite(value) and value == int(value) else value


def _tidy(value: float) -> str:
    """
    >>> _tidy(80.0), _tidy(0.7), _tidy(float("nan"))
    ('80', '0.7', 'nan')
    """
    return str(_whole(value)) if abs(value) < 1e15 else str(value)
