"""Small distributions side by side: a name, a share and a bar a line."""

from collections.abc import Sequence
from typing import Any

from lib.text_format import percent
from lib.ui.components.custom import asset, component

Row = dict[str, Any]  # name, share, said; `first` for the one that is followed, `rest` for all others together
_COMPONENT = component(
    "architecture_distributions",
    html='<div class="distributions"></div>\n',
    css=asset(__file__, "side_by_side.css"),
    js=asset(__file__, "side_by_side.js"),
)
_BROKEN = "The numbers overflow: no probabilities come out."


def row(name: str, share: float, **more: bool) -> Row:
    """One line. `more`: first, rest."""
    return {"name": name, "share": share, "said": percent(share), **more}


def distributions(panels: Sequence[tuple[str, Sequence[Row]]], *, key: str) -> None:
    """Draw them, each under its title; without rows one says that there is no distribution."""
    data = {"panels": [{"title": title, "rows": list(rows)} for title, rows in panels], "broken": _BROKEN}
    _COMPONENT(key=key, data=data)
