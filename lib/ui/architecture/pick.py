"""Choosing an architecture: a model of this machine, a known one, one's own, any hub model, or a configuration."""

from dataclasses import dataclass

import streamlit as st

from lib import models
from lib.architecture import Architecture, known_configs, ledger
from lib.architecture.errors import ArchitectureError
from lib.settings import settings
from lib.ui import available_models
from lib.ui.architecture import sources
from lib.ui.architecture.look import facts
from lib.ui.components import header
from lib.ui.components.linked_text import keep_choice_of
from lib.ui.components.page import escape

OWN, HUB, FOLDER = "Build your own", "Any hub model", "A folder or a file"
WAYS = {  # what opens the panel: its words and its icon
    OWN: ("Adjust", ":material/tune:"),
    HUB: ("Hub id", ":material/cloud_download:"),
    FOLDER: ("Choose", ":material/folder_open:"),
}
EXAMPLES = (
    "The capital of France is Paris. The capital of Italy is",
    "When Mary and John went to the store, John gave a drink to",
    "The keys to the old cabinet are on the table, and the keys",
    "Sam Lee lives in Rome. Sam Lee",
    "The cat sat on the mat because it was",
)
PANEL = "architecture-source"
_MINE = "explored"


@dataclass(frozen=True)
class Picked:
    """The chosen architecture, or None and a sentence (Markdown) on what is missing or `wrong`.

    `model_id`: the model of this machine that has it, "" if there is none.
    """

    arch: Architecture | None
    why: str = ""
    wrong: bool = False
    model_id: str = ""

    def show(self) -> None:
        """The sentence, where the result would be."""
        if self.wrong:
            st.error(self.why, icon=":material/error:")
        else:
            st.info(self.why, icon=":material/account_tree:")


def pick_architecture(*, with_facts: bool = True) -> Picked:
    """The bar: the models of this machine, other known ones and three rarer ways in one picker, the facts, and a panel
    for the rarer ways."""
    local = _local()
    chosen = _choice("arch", "Model", ways=True)
    place = st.container(key="architecture-facts") if with_facts else None
    if chosen in local:
        picked = _loaded(chosen)
    elif chosen not in WAYS:
        picked = Picked(known_configs.architecture(chosen))
    else:
        words, icon = WAYS[chosen]
        panel = st.popover(words, icon=icon, key=PANEL, on_change="rerun", wrap=False)  # `_opened` opens it
        with panel, st.container(key="architecture-panel"):
            picked = _by_panel(chosen)
    if picked.arch and place:
        with place:
            facts(picked.arch)
    return picked


def _local() -> dict[str, str]:
    """Id -> name of the models of this machine, the one that other pages begin with first."""
    state = st.session_state
    asked = st.query_params.get("model", "").lower(), state.get("arch"), state.get("chosen-model")
    specs = available_models.local_models(*asked)
    best = available_models.default("capable") if specs else ""
    return {spec.id: spec.name for spec in sorted(specs, key=lambda s: (s.id != best, s.role != "base"))}


def _loaded(model_id: str) -> Picked:
    """A model of this machine: by its known configuration, or by the one in its folder."""
    if model_id in known_configs.names():
        return Picked(known_configs.architecture(model_id), model_id=model_id)
    try:
        location = models.where(model_id)
        if location is None:
            raise ArchitectureError("This model is not on this machine any more. Choose another one.")
        return Picked(_counted(known_configs.from_folder(location.folder)), model_id=model_id)
    except ArchitectureError as error:
        return Picked(None, escape(str(error)), wrong=True)


def _counted(arch: Architecture) -> Architecture:
    """With the sizes that only transformers knows. Raises ArchitectureError where no such model can be built."""
    if arch.known:
        return ledger(arch).architecture
    with st.spinner("Building it with transformers, without weights …"):  # seconds, the first time
        return ledger(arch).architecture


def _by_panel(way: str) -> Picked:
    try:  # a configuration may be read and still be one that no model can be built from
        arch = sources.custom() if way == OWN else sources.from_hub() if way == HUB else sources.from_folder()
        if arch:
            arch = _counted(arch)
    except ArchitectureError as error:
        last: Architecture | None = st.session_state.get("own_last") if way == OWN else None
        if not last:
            return Picked(None, escape(str(error)), wrong=True)
        st.error(escape(str(error)), icon=":material/error:")
        st.caption(
            f"The page still shows the last model that made sense: {last.layers} layers, hidden size "
            f"{last.hidden_size:,}, {last.heads} heads, {last.kv_heads} KV heads."
        )
        return Picked(last)
    if arch is None:
        return Picked(None, _asked(way))
    st.session_state[_MINE] = arch  # for the comparison
    if way == OWN:
        st.session_state["own_last"] = arch
    return Picked(arch)


def _asked(way: str) -> str:
    """What to do while nothing is chosen."""
    panel = f"in the panel “{WAYS[way][0]}” beside the model"
    if way == HUB:
        what = "Only its configuration is fetched: no weights, no code."
        return f"Type a model's id from the Hugging Face hub, {panel}. {what}"
    folder = "" if settings().public else " type a folder,"
    return f"Choose a model of this machine,{folder} or paste a configuration, {panel}."


def _chose() -> None:
    """Somebody chose in the picker: a rarer way opens its panel at once, a model of this machine is chosen on all
    pages."""
    chosen = st.session_state["arch"]
    st.session_state[PANEL] = chosen in WAYS
    if chosen in _local():
        keep_choice_of("model", chosen)


def pick_known(key: str, label: str, *, start: str = "gpt2") -> Architecture:
    """A selectbox over the configurations that come with the app and the one explored last."""
    chosen = _choice(key, label, start=start)
    return st.session_state[_MINE] if chosen == _MINE else known_configs.architecture(chosen)


def _choice(key: str, label: str, *, start: str = "", ways: bool = False) -> str:
    """The picker: the id of a known model; with `ways` a model of this machine or one of `WAYS` too, without perhaps
    the model explored last."""
    local = _local() if ways else {}
    explored: Architecture | None = None if ways else st.session_state.get(_MINE)
    known = [name for name in known_configs.names() if name not in local]
    names = [*local, *known, *(WAYS if ways else ()), *([_MINE] if explored else ())]
    if ways:
        _follow_model(names)
    asked_as = st.query_params.get(key, "")
    asked = asked_as.lower()
    if key not in st.session_state:  # links may name a model by its id; the widget itself writes its label
        st.session_state[key] = asked if asked in names else _first(names) if ways else start

    def shown(name: str) -> str:
        if explored and name == _MINE:
            return f"The one you explored: {explored.name}"
        return name if name in WAYS else known_configs.label(name) if name in known_configs.names() else local[name]

    return st.selectbox(
        label,
        names,
        key=key,
        format_func=shown,
        label_visibility="collapsed",
        on_change=_chose if ways else None,
        **sources.kept(key, {*map(shown, names), *([asked_as] if asked in names else ())}),
    )


def _follow_model(names: list[str]) -> None:
    """A link from another page, or from when the live pass had a picker of its own, names the model as `model`."""
    link = st.query_params.get("model")
    if link is None:
        return
    del st.query_params["model"]
    if link.lower() in names:
        if "arch" not in st.query_params:
            st.session_state["arch"] = link.lower()
    else:
        st.toast(
            f"The link asks for a model called “{escape(link[:80])}”, which is not known here.",
            icon=":material/info:",
            duration="infinite",
        )


def _first(names: list[str]) -> str:
    """What the page opens on: the way that an old link names with `from`, the model chosen on another page, or the
    first model."""
    way = st.query_params.get("from", "")
    elsewhere = st.session_state.get("chosen-model", "")
    return way if way in WAYS else elsewhere if elsewhere in names else names[0]


def prompt() -> str:
    """The bar: the text that goes through the model, and examples of it."""
    text = header.prompt_box("Prompt", EXAMPLES[0])
    header.examples(EXAMPLES)
    return text
