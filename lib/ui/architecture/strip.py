"""The tokens of the live pass in a row, one of them chosen."""

from collections.abc import Sequence

import streamlit as st

from lib.ui.components.custom import asset, component

_COMPONENT = component(
    "architecture_strip",
    html='<div class="strip"></div>\n',
    css=asset(__file__, "strip.css"),
    js=asset(__file__, "strip.js"),
)


def token_strip(labels: Sequence[str], ids: Sequence[int], *, key: str) -> int:
    """Show the tokens, of which one can be chosen. Gives back its position, at first the last one."""
    last, stamp = len(labels) - 1, " ".join(map(str, ids))
    picked = (st.session_state.get(key) or {}).get("picked")
    at = int(picked[1]) if picked and picked[0] == stamp else last  # a choice is one for the text it was made in
    result = _COMPONENT(
        key=key,
        data={"labels": list(labels), "ids": list(ids), "stamp": stamp, "at": at},
        on_picked_change=lambda: None,
    )
    picked = result.picked
    return max(0, min(last, int(picked[1]))) if picked and picked[0] == stamp else at
