"""The module tree as PyTorch prints it."""

import streamlit as st

from lib.architecture import Architecture, building, ledger
from lib.engine import compute
from lib.ui.components.page import escape, explained

_HEIGHT, _LINES = 620, 26  # px that the tree may take, and the lines that fit into them


@st.cache_data(max_entries=32, show_spinner="Building the module without weights …")
def module_text(_arch: Architecture, key: str) -> tuple[str, int]:
    """The folded tree and PyTorch's own count of the real module on the meta device. `key` names the configuration."""
    if not _arch.published:  # from outside: not in the process that computes everybody's models
        return building.printed(_arch)
    text: tuple[str, int] = compute("lib.architecture.meta_module.printed", _arch)
    return text


def tree_panel(arch: Architecture) -> None:
    """The module as PyTorch prints it, folded, and the count that PyTorch itself makes."""
    st.markdown(
        "The real PyTorch module, built by `transformers` from this configuration on the *meta* device: all "
        "shapes, no values, so even 7 billion parameters take no memory. Blocks of one shape are folded; each has "
        "weights of its own."
    )
    with explained():
        text, count = module_text(arch, repr((arch, arch.spelling)))
        mine = ledger(arch).total
        if count == mine:
            st.success(
                f"PyTorch counts {count:,} parameters in this module, the same as the ledger.",
                icon=":material/check_circle:",
            )
        else:
            st.error(f"PyTorch counts {count:,} parameters, the ledger {mine:,}.")
        st.code(text, language=None, wrap_lines=False, height=_HEIGHT if text.count("\n") > _LINES else "content")
        st.caption(
            f"In a notebook: `print(model)` gives the unfolded version of this. {escape(arch.name)} is a "
            f"`{arch.family}` model for transformers."
        )
