"""Hostile links by the thousand: through every reader of links, and through the pages themselves."""

import random
from typing import Any
from urllib.parse import urlencode

from benchmarks.faults.frame import Fuzz
from benchmarks.faults.link_table import PAGES, hostile, opened
from lib.architecture.linear_layer import numbers
from lib.chat import links as chats
from lib.classroom.border import checked_code, checked_link
from lib.course.steps import linked
from lib.decoding import links as columns
from lib.errors import PlaygroundError
from lib.models.trained import parsed
from lib.numbers import Number, token_ids
from lib.ui.next_token import link as next_token
from lib.ui.river import link as river
from lib.ui.tokenizers.lookup import read_ids

_TINY = "playground-base"  # comes with the app


def link(source: random.Random) -> tuple[str, dict[str, str]]:
    """A page and one to four of its parameters with hostile values."""
    file = source.choice(list(PAGES))
    names = source.sample([*PAGES[file], "step", "course"], k=source.randint(1, min(4, len(PAGES[file]))))
    return file, {name: hostile(source) for name in names}


def read_everywhere(case: tuple[str, dict[str, str]]) -> None:
    """Every reader of links that needs no page, on every value. Only a PlaygroundError may come out."""
    _, query = case
    knobs, path, _ = next_token.read_link(query)
    again = next_token.read_link(next_token.to_link(knobs, path))
    assert again[1] == path and not again[2], again
    temperature, path, _ = river.read_link(query)
    assert 0.2 <= temperature <= 2 and len(path) <= river.MAX_PATH
    for value in query.values():
        found = columns.read(value)[0]
        assert columns.decode(columns.encode(found)) or not found
        [one.problem() for one in found]
        linked(value), parsed(value), read_ids(value), token_ids(value, 512)
        whole = Number(-5, 2**31 - 1, whole=True).read(value)
        assert whole is None or (isinstance(whole, int) and -5 <= whole < 2**31)
        for border in (chats.decode, checked_code, lambda text: numbers(text, 2)):
            _border(border, value)
    _border(lambda text: checked_link(text, ["Decoding"], "h"), f"/Decoding?{urlencode(query)}")


def _border(check: Any, value: str) -> None:
    try:
        check(value)
    except PlaygroundError as error:
        assert str(error).strip()


def open_page(case: tuple[str, dict[str, str]]) -> None:
    """The page itself, with the tiny model where the link names none."""
    file, query = case
    names = {"model", "base"} & set(PAGES[file])
    opened(file, {**dict.fromkeys(names, _TINY), **query})


FUZZES = [Fuzz("links, read", 5_000, link, read_everywhere), Fuzz("links, opened", 200, link, open_page, seconds=60)]
