"""Decoding strategies with their knobs: what they are called and what is nonsense. `links` puts them into a link.

Knows nothing of Streamlit or models.
"""

import math
from dataclasses import dataclass

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
        "Keeps several beginnings at once and follows those with the highest total probability.",
    ),
    "top_k": Kind(
        "Top-k", "topk", ("top_k", "temperature", "repetition_penalty"), "Draws among the k likeliest tokens."
    ),
    "top_p": Kind(
        "Top-p (nucleus)",
        "topp",
        ("top_p", "temperature", "repetition_penalty"),
        "Draws among the likeliest tokens that together hold p of the probability.",
    ),
    "min_p": Kind(
        "Min-p",
        "minp",
        ("min_p", "temperature", "repetition_penalty"),
        "Draws among tokens not much less likely than the likeliest.",
    ),
    "sampling": Kind("Pure sampling", "pure", ("temperature", "repetition_penalty"), "Draws from all tokens."),
    "mix": Kind(
        "All filters",
        "mix",
        ("top_k", "top_p", "min_p", "temperature", "repetition_penalty"),
        "Temperature, then top-k, top-p and min-p, each on what the one before left (the order of transformers; "
        "llama.cpp "
        "applies the temperature last).",
    ),
}


@dataclass(frozen=True)
class Knob:
    """A number of a strategy: its letter in a link, its name in a title and at its box, the box's step and its help."""

    letter: str
    short: str
    label: str
    step: float
    help: str


KNOBS: dict[str, Knob] = {  # by the field of `Strategy`
    "top_k": Knob("k", "k", "Top-k", 1.0, "How many of the likeliest tokens stay."),
    "top_p": Knob("p", "p", "Top-p", 0.05, "The likeliest tokens stay until together they hold this share (0 to 1)."),
    "min_p": Knob(
        "m", "min-p", "Min-p", 0.01, "A token stays if it is at least this share as likely as the best one (0 to 1)."
    ),
    "temperature": Knob(
        "t",
        "T",
        "Temperature",
        0.1,
        "Below 1 the likely becomes likelier, above 1 everything evens out. "
        "0.2 to 1.3 is usual; at 2 the text often falls apart; 0 is greedy.",
    ),
    "repetition_penalty": Knob(
        "r",
        "repetition",
        "Repetition penalty",
        0.1,
        "Above 1, tokens that are already in the text become less likely; 1 is off.",
    ),
    "num_beams": Knob("b", "beams", "Beams", 1.0, "How many beginnings are kept at every step (2 to 8 is usual)."),
    "length_penalty": Knob(
        "l",
        "length penalty",
        "Length penalty",
        0.1,
        "Finished texts are ranked by total log-probability / length^penalty. 0 is none: the total alone, which "
        "favours "
        "short texts. Above 0 favours longer ones (0.5 to 2 is usual).",
    ),
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
        whole = {"top_k": _integral(knobs["top_k"])} if "top_k" in knobs else {}
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
            return f"Beams are counted: it must be a whole number of at least 1, not {tidy(self.num_beams)}."
        if self.num_beams > MAX_BEAMS:
            return (
                f"{self.num_beams:,.0f} beams would cost as much as {self.num_beams:,.0f} texts at every step; "
                f"this page goes up to {MAX_BEAMS}."
            )
        if not -10 <= self.length_penalty <= 10:  # NaN fails too
            return f"The length penalty is an exponent: it must be between -10 and 10, not {tidy(self.length_penalty)}."
        return None

    def summary(self) -> str:
        """The knobs in a few characters: 'k 80 · T 0.7'. A penalty of 1 is not named: on repetition it is off, and on
        length it is transformers' default."""
        parts = [
            f"{KNOBS[name].short} {tidy(value)}"
            for name, value in self.knobs.items()
            if not (name.endswith("_penalty") and value == 1)
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


def with_kind(strategy: Strategy, kind: str) -> Strategy:
    """The same column with another kind; knobs both have keep their values, the others get their defaults."""
    kept = {name: value for name, value in strategy.knobs.items() if name in KINDS[kind].knobs}
    return Strategy(kind, forced=strategy.forced, **kept)  # type: ignore[arg-type]


def _integral(value: float) -> float:
    """An integral float as int (so that it counts), anything else as it is (so that it is explained)."""
    return int(value) if math.isfinite(value) and value == int(value) else value


def tidy(value: float) -> str:
    """A number as people write it.

    >>> tidy(80.0), tidy(0.7), tidy(float("nan"))
    ('80', '0.7', 'nan')
    """
    return str(_integral(value)) if abs(value) < 1e15 else str(value)
