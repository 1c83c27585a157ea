"""Text boxes whose text is in the page's link while it is short, and the sentence for a text that is too long.

`bind="query-params"` would put any text there; servers refuse to open a page whose address is longer than 64 KB.
"""

from collections.abc import Callable
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

LINK_BYTES = 1_500  # longer texts do not fit into a link that every browser and chat program keeps


def text_box(box: Callable[..., str | None], label: str, default: str, *, key: str, **options: Any) -> str:
    """`box` is `st.text_area`, `st.text_input` or a column's. Pages that use one key have the text in common.

    The text is kept while the app is open. `persist_state` would forget one that came with a link: it keeps only what
    the browser has sent back.
    """
    state, link, context = st.session_state, st.query_params.get(key), get_script_run_ctx()
    page = context.page_script_hash if context else ""
    if link is not None and link != state.get(f"linked-{key}"):
        state[key] = link  # a link was followed, from outside or from another page
    elif key not in state or state.get(f"page-{key}") != page:
        state[key] = state.get(f"kept-{key}", default)
    state[f"page-{key}"] = page
    text = box(label, key=key, **options) or ""
    state[f"kept-{key}"] = text
    keep_in_link(key, text, default)
    return text


def keep_in_link(key: str, text: str, default: str, *, box: str = "") -> None:
    """Put `text` into the address as parameter `key`, if it is short and not the default.

    What is there is remembered under "linked" with the box's name, so that the next link can be told from it.
    """
    query = for_link(**{key: text}) if text != default else {}
    if query and st.query_params.get(key) != text:
        st.query_params[key] = text
    elif not query and key in st.query_params:
        del st.query_params[key]
    st.session_state[f"linked-{box or key}"] = st.query_params.get(key)


def for_link(**texts: str) -> dict[str, str]:
    """Those of the texts that are short enough for a link.

    >>> for_link(prompt="a cat", system="x" * 5000)
    {'prompt': 'a cat'}
    """
    return {name: text for name, text in texts.items() if len(text.encode("utf-8", "replace")) <= LINK_BYTES}


def at_most(text: str, limit: int) -> str:
    """The first `limit` characters of `text`, and a sentence on the page if that is not all."""
    if len(text) > limit:
        st.warning(f"The first {limit:,} of {len(text):,} characters are used.", icon=":material/content_cut:")
    return text[:limit]
