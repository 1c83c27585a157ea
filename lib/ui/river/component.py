"""The river as a browser component: it draws a `lib.figures.river.River` and tells which road was taken.

All numbers are in the browser: a movement of the temperature dial asks nobody.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st

from lib.design import CATEGORICAL
from lib.figures.river import River
from lib.ui.components import kept_clicks
from lib.ui.components.custom import asset, component
from lib.ui.components.replaceable import Replaceable

HEIGHT = 316  # of a reading, without the rows above and below; pixels, as long as a rem is 16 of them
_FILES = ("tree.js", "layout.js", "river.js", "draw.js", "roads.js", "share.js")
_component = component(
    "playground_river",
    html='<div class="river"></div>\n',
    css=asset(__file__, "river.css"),
    js=asset(__file__, *_FILES),
)

Road = tuple[int, int]  # (place, id): the token `id` instead of whatever stands, or may stand, at that place


@dataclass(frozen=True)
class Share:
    """What a link and a picture say beside the river: the query that brings it back (without the temperature), the
    whole text, the model's name."""

    query: Mapping[str, str]
    text: str
    model: str
    title: str = "The river of roads not taken"


@dataclass
class ShownRiver:
    """A river on the page. `temperature`: the dial's; `taken`, `asked`: the road that was clicked and is not yet
    `kept_clicks.carried_out`, and the one that is hovered and has no preview yet."""

    temperature: float
    taken: Road | None
    asked: Road | None
    data: dict[str, Any]
    element: Replaceable[Any]

    def show_previews(self, previews: Mapping[Road, Sequence[str]]) -> None:
        """Labels of the tokens that roads lead to, while the page's run goes on."""
        self.element.show(self.data | {"previews": _named(previews)})

    def redraw(self, river: River) -> None:
        """Another river in the same place, with as many owners, while the page's run goes on: texts that grow."""
        self.data |= _tree(river)
        self.element.show(self.data)


def show_river(
    key: str,
    river: River,
    *,
    name: str,
    height: int = HEIGHT,
    typed: int = 0,
    vocabulary: int = 0,
    temperature: float = 1.0,
    nonce: int = 0,
    clickable: bool = False,
    previews: Mapping[Road, Sequence[str]] | None = None,
    share: Share | None = None,
    colours: Sequence[str] = CATEGORICAL,
    hint: str = "",
) -> ShownRiver:
    """Draw a river in the full width of its place, of the same height from the first paint.

    That is `height` and 24 pixels for the line below, and 36 more for the row above, with the dial or the names, where
    there is a dial or a name. What is wider than its place scrolls sideways inside.

    `river`: of `lib.figures.river.of_reading`, `of_texts` or `of_beams`; the first has the temperature dial. `name`:
    what a screen reader calls it. `colours`: one CSS colour of our own for each owner of a river of texts that has
    names. `hint`: the line below.

    For readings: `typed` tokens at the beginning are the person's own, the others were added; `vocabulary`: how many
    tokens the model knows; `temperature` is put on the dial where `nonce` differs from the last one seen; with
    `clickable` rivals can be taken, and hovering shows their `previews`; `share` adds the link and the picture.
    """
    data = {
        **_tree(river),
        "name": name,
        "height": height,
        "typed": typed,
        "vocabulary": vocabulary,
        "temperature": temperature,
        "nonce": nonce,
        "clickable": clickable,
        "previews": _named(previews or {}),
        "share": None if share is None else vars(share) | {"query": dict(share.query)},
        "colours": [colours[owner % len(colours)] for owner in range(len(river.names))],
        "hint": hint,
    }
    triggers = ("take", "ask", "temperature")
    callbacks: dict[str, Any] = {f"on_{trigger}_change": lambda: None for trigger in triggers}
    callbacks["on_take_change"] = partial(_keep_click, key)
    element = Replaceable(lambda: _component(key=key, data=data, **callbacks))
    result = element.value
    dial = result.get("temperature")
    turned = isinstance(dial, dict) and dial.get("nonce") == nonce
    return ShownRiver(
        float(dial["value"]) if turned else temperature,
        _road(kept_clicks.kept(key), data["key"]),
        _road(result.get("ask"), data["key"]),
        data,
        element,
    )


def _keep_click(key: str) -> None:
    if (given := st.session_state[key].get("take")) is not None:
        kept_clicks.keep(key, given)


def _tree(river: River) -> dict[str, Any]:
    """The tree, and a name of it by which a click on an older one is known."""
    tree = river.data()
    told_apart = [tree[column] for column in ("id", "parent", "node", "best", "names")]
    return {"key": hashlib.sha256(json.dumps(told_apart).encode()).hexdigest()[:16], "tree": tree}


def _named(previews: Mapping[Road, Sequence[str]]) -> dict[str, list[str]]:
    return {f"{place}:{token}": list(labels) for (place, token), labels in previews.items()}


def _road(given: Any, digest: str) -> Road | None:
    """A road of the river that is on the page; None for a click on an older one."""
    if not isinstance(given, dict) or given.get("of") != digest:
        return None
    return int(given["place"]), int(given["id"])
