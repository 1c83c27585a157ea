"""Choosing an architecture: a known model, one's own, any hub model, or a configuration of one's own."""

from dataclasses import dataclass

import streamlit as st

from lib.architecture import Architecture, known_configs, ledger
from lib.architecture.errors import ArchitectureError
from lib.ui.architecture import sources
from lib.ui.architecture.look import facts
from lib.ui.components.page import escape

OWN, HUB, FOLDER = "Build your own", "Any hub model", "A folder or a file"
WAYS = {  # what opens the panel: its words and its icon
    OWN: ("Adjust", ":material/tune:"),
    HUB: ("Hub id", ":material/cloud_download:"),
    FOLDER: ("Choose", ":material/folder_open:"),
}
PANEL = "architecture-source"
_MINE = "explored"


@dataclass(frozen=True)
class Picked:
    """The chosen architecture, or None and a sentence (Markdown) on what is missing or `wrong`."""

    arch: Architecture | None
    why: str = ""
    wrong: bool = False

    def show(self) -> None:
        """The sentence, where the result would be."""
        if self.wrong:
            st.error(self.why, icon=":material/error:")
        else:
            st.info(self.why, icon=":material/account_tree:")


def pick_architecture() -> Picked:
    """The bar: the known models and three rarer ways in one picker, the facts, and a panel for the rarer ways."""
    chosen = _choice("arch", "Model", ways=True)
    place = st.container(key="architecture-facts")
    if chosen not in WAYS:
        picked = Picked(known_configs.architecture(chosen))
    else:
        words, icon = WAYS[chosen]
        panel = st.popover(words, icon=icon, key=PANEL, on_change="rerun", wrap=False)  # `_opened` opens it
        with panel, st.container(key="architecture-panel"):
            picked = _by_panel(chosen)
    if picked.arch:
        with place:
            facts(picked.arch)
    return picked


def _by_panel(way: str) -> Picked:
    try:  # a configuration may be read and still be one that no model can be built from
        arch = sources.custom() if way == OWN else sources.from_hub() if way == HUB else sources.from_folder()
        if arch:
            ledger(arch)
    except ArchitectureError as error:
        last: Architecture | None = st.session_state.get("own_last") if way == OWN else None
        if not last:
            return Picked(None, escape(str(error)), wrong=True)
        st.error(escape(str(error)), icon=":material/error:")
        st.caption(
            f"The page still shows the last model that made sense: {last.layers} blocks, width {last.width:,}, "
            f"{last.heads} heads, {last.kv_heads} KV heads."
        )
        return Picked(last)
    if arch is None:
        return Picked(None, _ASKED[way])
    st.session_state[_MINE] = arch  # for the comparison
    if way == OWN:
        st.session_state["own_last"] = arch
    return Picked(arch)


_ASKED = {
    HUB: "Type a model's id from the Hugging Face hub, in the panel at the right end of the bar. Only its "
    "configuration is fetched: no weights, no code.",
    FOLDER: "Choose a model, type a folder, or paste a configuration, in the panel at the right end of the bar.",
}


def _opened() -> None:
    """Somebody chose in the picker: a rarer way opens its panel at once."""
    st.session_state[PANEL] = st.session_state["arch"] in WAYS


def pick_known(key: str, label: str, *, start: str = "gpt2") -> Architecture:
    """A selectbox over the configurations that come with the app and the one explored last."""
    chosen = _choice(key, label, start=start)
    return st.session_state[_MINE] if chosen == _MINE else known_configs.architecture(chosen)


def _choice(key: str, label: str, *, start: str = "gpt2", ways: bool = False) -> str:
    """The picker: the id of a known model; with `ways` one of `WAYS`, without perhaps the model explored last."""
    explored: Architecture | None = None if ways else st.session_state.get(_MINE)
    names = [*known_configs.names(), *(WAYS if ways else ()), *([_MINE] if explored else ())]
    asked = st.query_params.get(key, "").lower()
    if key not in st.session_state:  # links may name a model by its id; the widget itself writes its label
        st.session_state[key] = asked if asked in names else _old_link(start) if ways else start

    def shown(name: str) -> str:
        if explored and name == _MINE:
            return f"The one you explored: {explored.name}"
        return name if name in WAYS else known_configs.label(name)

    return st.selectbox(
        label,
        names,
        key=key,
        format_func=shown,
        label_visibility="collapsed",
        on_change=_opened if ways else None,
        **sources.KEEP,
    )


def _old_link(start: str) -> str:
    """The way that a link from before names with `from`."""
    way = st.query_params.get("from", "")
    return way if way in WAYS else start
