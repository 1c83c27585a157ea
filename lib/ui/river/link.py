"""The river as a link: t (the temperature) and path (ids joined by commas). No Streamlit here.

The query parameters prompt and model belong to widgets of the page.
"""

from collections.abc import Mapping

from lib.figures.river import TEMPERATURES
from lib.numbers import token_ids

MAX_PATH = 300  # tokens
PARAMETERS = ("t", "path")


def read_link(query: Mapping[str, str]) -> tuple[float, tuple[int, ...], list[str]]:
    """Temperature, path and a sentence for every parameter that cannot be used (its default is used instead).

    >>> read_link({"t": "0.7", "path": "5,6"})
    (0.7, (5, 6), [])
    >>> read_link({"t": "inf", "path": "<b>"})[:2]
    (1.0, ())
    """
    problems: list[str] = []
    temperature, text = 1.0, query.get("t", "")
    steps = {f"{step:g}": step for step in TEMPERATURES}
    if text in steps:
        temperature = steps[text]
    elif text:
        problems.append(
            f"The temperature in the link is “{text[:40]}”, but it must be between 0.2 and 2 in steps of 0.05; it is 1."
        )
    path = token_ids(query.get("path", ""), MAX_PATH)
    if path is None:
        problems.append("The path in the link is not a list of token IDs; it is left out.")
    return temperature, path or (), problems


def to_link(temperature: float, path: tuple[int, ...]) -> dict[str, str]:
    """The query parameters that bring this state back; what is at its default is left out.

    >>> to_link(0.5, (1, 2)), to_link(1.0, ())
    ({'t': '0.5', 'path': '1,2'}, {})
    """
    return ({} if temperature == 1 else {"t": f"{temperature:g}"}) | (
        {"path": ",".join(map(str, path))} if path else {}
    )
