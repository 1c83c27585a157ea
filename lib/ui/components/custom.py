"""Browser components of our own, mounted without what Streamlit would load to look at their data."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from lib.design import HEAT_BITS

_EXPORT = "export default function"


@cache
def asset(module: str, *names: str) -> str:
    """Files of the folder `assets` beside a module, given by its `__file__`, one after the other; read once."""
    folder = Path(module).with_name("assets")
    return "\n".join((folder / name).read_text(encoding="utf-8") for name in names)


FORMAT = asset(__file__, "format.js")
_SHARED = f"const HEAT_BITS = {HEAT_BITS};\n" + asset(
    __file__, "format.js", "make.js", "clipboard.js", "icons.js", "token.js"
)
TOKEN = asset(__file__, "token.css")


def component(name: str, *, html: str, js: str, css: str | None = None) -> Callable[..., Any]:
    """`st.components.v2.component`, registered once at import; gives back the function that mounts it.

    Streamlit asks of every value in a component's data whether it is a data frame, and imports pandas and pyarrow to
    answer (70 MB). It does not look inside a list, so `data` travels in one. A key may have two underscores in a row,
    as a message's random name or a folder's own has, where Streamlit's may not. `js` exports a default function by name
    or without one, sees `data` as it was given, and has `make(tag, class, text)`, `icon(name)`, `percent(share)`,
    `surprise(logprob)` and `tokenChip(tag, label, …)`, whose look is there too.
    """
    assert js.count(_EXPORT) == 1, f"{name}: the script must have one `{_EXPORT}`"
    unpacked = _SHARED + js.replace(_EXPORT, "const mountedComponent = function")
    unpacked += "\nexport default (given) => mountedComponent({ ...given, data: given.data[0] });\n"
    mount = st.components.v2.component(name, html=html, css=TOKEN + (css or ""), js=unpacked)

    def mounted(*, key: str, data: dict[str, Any], **options: Any) -> Any:
        return mount(key=key.replace("__", "‗"), data=[data], **options)

    return mounted
