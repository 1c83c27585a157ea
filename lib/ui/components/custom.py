"""Browser components of our own, mounted without what Streamlit would load to look at their data."""

from collections.abc import Callable
from typing import Any

import streamlit as st

_EXPORT = "export default function"
_MAKE = """
function make(tag, name, text) { // an element; what a person or a model wrote enters a page through textContent alone
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (text !== undefined) node.textContent = text;
  return node;
}
"""


def component(name: str, *, html: str, js: str, css: str | None = None) -> Callable[..., Any]:
    """`st.components.v2.component`, registered once at import; gives back the function that mounts it.

    Streamlit asks of every value in a component's data whether it is a data frame, and imports pandas and pyarrow to
    answer (70 MB). It does not look inside a list, so `data` travels in one. `js` exports a default function by name
    or without one, sees `data` as it was given, and has `make(tag, class, text)`.
    """
    assert js.count(_EXPORT) == 1, f"{name}: the script must have one `{_EXPORT}`"
    unpacked = _MAKE + js.replace(_EXPORT, "const mountedComponent = function")
    unpacked += "\nexport default (given) => mountedComponent({ ...given, data: given.data[0] });\n"
    mount = st.components.v2.component(name, html=html, css=css, js=unpacked)

    def mounted(*, data: dict[str, Any], **options: Any) -> Any:
        return mount(data=[data], **options)

    return mounted
