"""Texts and choices that pages have in common and that are in the page's link; the sentence for too long a text.

`bind="query-params"` would put any text there; servers refuse to open a page whose address is longer than 64 KB.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import streamlit as st
from streamlit.errors import StreamlitAPIException
from streamlit.runtime.scriptrunner import get_script_run_ctx

from lib.ui.components.followed_links import followed, wrote
from lib.ui.components.history import came_by_history
from lib.ui.components.link_names import declared

LINK_BYTES = 1_500  # longer texts do not fit into a link that every browser and chat program keeps


def text_box(box: Callable[..., str | None], label: str, default: str, *, key: str, **options: Any) -> str:
    """`box` is `st.text_area`, `st.text_input` or a column's. Pages that use one key have the text in common.

    The text is kept while the app is open. `persist_state` would forget one that came with a link: it keeps only what
    the browser has sent back.
    """
    state, link, context = st.session_state, st.query_params.get(key), get_script_run_ctx()
    page = context.page_script_hash if context else ""
    if came_by_history():
        state[key] = link if link is not None else unlinked(key, default)
    elif followed(key, link):
        state[key] = link  # a link was followed, from outside or from another page
    elif key not in state or state.get(f"page-{key}") != page:
        kept = kept_text(key)
        state[key] = default if kept is None else kept
    state[f"page-{key}"] = page
    text = box(label, key=key, **options) or ""
    if text != default or kept_text(key) is not None:  # a text that nobody touched stays this page's
        keep_text(key, text)
    keep_in_link(key, text, default)
    return text


def kept_text(key: str) -> str | None:
    """What pages have in common under `key`; None until somebody writes something."""
    text = st.session_state.get(f"kept-{key}")
    return None if text is None else str(text)


def keep_text(key: str, text: str) -> None:
    """Give `text` to all pages that have a box with this key."""
    st.session_state[f"kept-{key}"] = text


def renamed(key: str, names: Mapping[str, str]) -> None:
    """Called before the widget `key`, which is bound to the link: a link that was copied when a choice was called
    otherwise (old name to new one) opens it all the same."""
    old = st.query_params.get(key)
    if old is not None and old in names:
        st.session_state[key] = names[old]
        with suppress(StreamlitAPIException):  # bound in an earlier run: the widget writes its parameter itself
            st.query_params[key] = names[old]


def linked_choice(key: str, options: Sequence[str]) -> str | None:
    """Called before the selectbox `key` over `options`, the default first: what a link names or what was chosen on
    another page is chosen. Gives back what a new link names if it is not among the options.

    The selectbox calls `keep_choice` when somebody chooses.
    """
    declared(key)
    state, link = st.session_state, st.query_params.get(key)
    new = link is not None and (came_by_history() or followed(key, link))
    if new and link in options:
        state[f"chosen-{key}"] = link
    elif link is None and came_by_history():
        state.pop(f"chosen-{key}", None)
    chosen = state.get(f"chosen-{key}")
    state[key] = chosen if chosen in options else options[0]
    if state[key] != options[0]:
        st.query_params[key] = state[key]
    elif key in st.query_params and not (new and link in options):
        del st.query_params[key]
    wrote(key, st.query_params.get(key))
    return link if new and link not in options else None


def keep_choice(key: str) -> None:
    """Somebody chose in the selectbox `key`: it stays chosen on all pages."""
    st.session_state[f"chosen-{key}"] = st.session_state[key]


def keep_choice_of(key: str, value: str) -> None:
    """Somebody chose `value` in another widget than the selectbox `key`: it is chosen there too, on all pages."""
    st.session_state[f"chosen-{key}"] = value


def keep_in_link(key: str, text: str, default: str, *, box: str = "") -> None:
    """Put `text` into the address as parameter `key`, if it is short and not the default.

    What is there is remembered under the box's name, so that the next link can be told from it.
    """
    declared(key)
    query = for_link(**{key: text}) if text != default else {}
    if query and st.query_params.get(key) != text:
        st.query_params[key] = text
    elif not query and key in st.query_params:
        del st.query_params[key]
    if text == default:
        st.session_state.pop(f"unlinked-{box or key}", None)
    elif not query:  # too long: an address without it may mean this text
        st.session_state[f"unlinked-{box or key}"] = text
    wrote(box or key, st.query_params.get(key))


def unlinked(box: str, default: str) -> str:
    """What an address without this box's text means: the default, or the text that was too long for a link."""
    return str(st.session_state.get(f"unlinked-{box}", default))


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
