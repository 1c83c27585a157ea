"""What a link says about a widget, looked at before Streamlit does: what cannot be used is named and left out.

    st.number_input("Seed", 0, 2**31 - 1, 42, key="seed", **in_link("seed", Number(0, 2**31 - 1, whole=True)))

Streamlit itself drops most values that a bound widget cannot have without a word, raises for some (`Infinity` and
`1e400` in a number box, OverflowError), and takes others for what nobody meant ("1_000", "٣", "0.5" as 0, an empty
choice where one is required).
"""

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import streamlit as st
from streamlit.errors import StreamlitAPIException

from lib.numbers import Number
from lib.ui.components.link_names import NAMES, declared
from lib.ui.components.page import escape
from lib.ui.components.pages import Page

_SHOWN = 40  # characters of a value in a sentence
_MOST_NAMED = 3  # unknown names in a sentence
_TAGS = ("utm_", "fbclid", "gclid")  # what mail programs and social networks hang on a link: nobody here wrote it
SWITCH = ("true", "false")  # what Streamlit writes for a toggle
MAX_SEED = 2**31 - 1
SEED = Number(0, MAX_SEED, whole=True)


def in_link(key: str, takes: Number | Iterable[str]) -> dict[str, Any]:
    """The option `bind` of the widget `key`, or none in this run if the link has a value that the widget cannot have.

    `takes`: a number's limits, or the labels of the choices as they are shown; SWITCH for a toggle. A widget without
    the option has its default, and Streamlit takes its parameter out of the link. Tabs need `on_change="rerun"` beside
    it: bound or not, they have to say which one is open.
    """
    declared(key)
    values = st.query_params.get_all(key)
    if isinstance(takes, Number):
        wrong = [value for value in values[-1:] if takes.read(value) is None]
        must = takes.words
    else:
        known = {label.lower() for label in takes} if takes is SWITCH else set(takes)
        wrong = [value for value in values if (value.lower() if takes is SWITCH else value) not in known]
        must = "“true” or “false”" if takes is SWITCH else "one of the choices that this page has"
    if not wrong:
        return {"bind": "query-params"}
    left_out(key, wrong[0], must)
    with suppress(StreamlitAPIException):  # it was bound in an earlier run: Streamlit takes it out
        del st.query_params[key]
    return {}


def leave_out_unknown(page: Page) -> None:
    """Every page's beginning: take out of the address what is no parameter of this page, and say so."""
    names = NAMES.get(page.address)
    unknown = [] if names is None else [name for name in st.query_params if name not in names]
    for name in unknown:
        del st.query_params[name]
    written = [name for name in unknown if not name.startswith(_TAGS)]
    if written:
        named = ", ".join(f"“{escape(name[:_SHOWN])}{'…' * (len(name) > _SHOWN)}”" for name in written[:_MOST_NAMED])
        more = f" and {len(written) - _MOST_NAMED} more" if len(written) > _MOST_NAMED else ""
        gone = "It is" if len(written) == 1 else "They are"
        _say(f"The link has {named}{more}, which this page does not know. {gone} left out.")


def left_out(name: str, value: str, must: str) -> None:
    """Say that the link's parameter `name` cannot be used. `must` is our own: what it has to be."""
    shown = f"is “{escape(value[:_SHOWN])}{'…' * (len(value) > _SHOWN)}”" if value.strip() else "is empty"
    _say(f"“{escape(name[:_SHOWN])}” in the link {shown}, but it must be {must}. It is left out.")


def _say(sentence: str) -> None:
    st.toast(sentence, icon=":material/link_off:", duration="infinite")
