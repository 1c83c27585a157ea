"""The Next Token page as a link: t, k, p, minp, n, seed, draws and path (ids joined by commas). No Streamlit here.

The query parameters prompt and model belong to widgets of the page.
"""

from collections.abc import Mapping

from lib.numbers import Number, token_ids
from lib.ui.next_token.distribution import DRAWS, ROWS, Knobs

MAX_PATH = 512  # tokens that a path may have
PARAMETERS = ("t", "k", "p", "minp", "n", "seed", "draws", "path")


# parameter: (field of Knobs, what it may be, the sentence where it is something else)
_KNOBS: dict[str, tuple[str, Number, str]] = {
    "t": ("t", Number(0, 2), "The temperature in the link is “{}”, but it must be between 0 and 2; it is 1."),
    "k": (
        "k",
        Number(1, 10**9, whole=True),
        "Top-k in the link is “{}”, but it must be a whole number from 1; it is off.",
    ),
    "p": ("p", Number(0, 1), "Top-p in the link is “{}”, but it must be between 0 and 1; it is off."),
    "minp": ("m", Number(0, 1), "Min-p in the link is “{}”, but it must be between 0 and 1; it is off."),
    "n": (
        "n",
        Number(5, ROWS, whole=True),
        "The number of tokens in the link is “{}”, but it must be from 5 to 100; it is 20.",
    ),
    "seed": (
        "seed",
        Number(0, 2**32 - 1, whole=True),
        "The seed in the link is “{}”, but it must be a whole number; it is 0.",
    ),
    "draws": (
        "draws",
        Number(0, DRAWS, whole=True),
        "The draws in the link are “{}”, but they must be 1, 100 or 10000.",
    ),
}


def read_link(query: Mapping[str, str]) -> tuple[Knobs, tuple[int, ...], list[str]]:
    """Knobs, path and a sentence for every parameter that cannot be used (its default is used instead).

    >>> knobs, path, problems = read_link({"t": "0.7", "p": "2", "path": "5,6"})
    >>> knobs.t, knobs.p, path, problems
    (0.7, 1.0, (5, 6), ['Top-p in the link is “2”, but it must be between 0 and 1; it is off.'])
    """
    values: dict[str, float | int | None] = {}
    problems: list[str] = []
    for name, (knob, limits, sentence) in _KNOBS.items():
        text = query.get(name, "")
        value = limits.read(text) if text else None
        if value is not None:
            values[knob] = value
        elif text:
            problems.append(sentence.format(text[:40]))
    path = token_ids(query.get("path", ""), MAX_PATH)
    if path is None:
        problems.append("The path in the link is not a list of token IDs; it is left out.")
    return Knobs(**values), path or (), problems  # type: ignore[arg-type]


def to_link(knobs: Knobs, path: tuple[int, ...]) -> dict[str, str]:
    """The query parameters that bring this state back; what is at its default is left out.

    >>> to_link(Knobs(t=0.5, k=40), (1, 2))
    {'t': '0.5', 'k': '40', 'path': '1,2'}
    """
    standard = Knobs()
    pairs = {
        "t": (knobs.t, standard.t),
        "k": (knobs.k, None),
        "p": (knobs.p, standard.p),
        "minp": (knobs.m, standard.m),
        "n": (knobs.n, standard.n),
        "seed": (knobs.seed, standard.seed),
        "draws": (knobs.draws, standard.draws),
    }
    query = {
        name: f"{value:g}" if isinstance(value, float) else str(value)
        for name, (value, default) in pairs.items()
        if value != default
    }
    return query | ({"path": ",".join(map(str, path))} if path else {})
