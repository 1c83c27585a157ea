"""The model shelf: what is here, what can be got, what it costs, and the machine it has to fit into."""

import time

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lib import models
from lib.engine.process import HOST
from lib.models import download_jobs
from lib.models.memory import available_bytes, needed_bytes, resident_bytes, total_bytes
from lib.settings import settings
from lib.text_format import number, size
from lib.ui import cache
from lib.ui.classroom.teacher_key import key_box, may_change, require_teacher
from lib.ui.components.kept_clicks import carrying_out, kept_button
from lib.ui.components.page import escape

WIDTHS = (5, 4, 2)
_STUDENTS, _SESSION = 30, 5_000_000  # a class; bytes that one visitor's pages take
_TEXT = 200  # tokens, prompt included
_FOLDED = 3  # sentences on folders that cannot be used, which fill a screen otherwise
SHOW_ERROR = 300.0  # seconds: everybody sees the same shelf, and yesterday's failure helps nobody
SOURCES = {
    "folder": "in a folder of yours",
    "app": "in this app's cache",
    "hub cache": "in the Hugging Face cache",
    "shipped": "comes with the app",
    "training": "trained here",
}


def shelf_panel() -> None:
    """The whole shelf; redraws itself while something is being got."""
    busy = bool(download_jobs.running())
    st.fragment(_shelf, run_every=0.7 if busy else None)(busy)


def loaded_models() -> frozenset[str]:
    """Ids of the models in memory now."""
    return frozenset(model_id for model_id, _ in cache.loaded())


def _shelf(busy: bool) -> None:
    if busy and not download_jobs.running():
        st.rerun()  # whatever was being got is here now, for all of the page; a click that came with it is kept
    _machine()
    _problems(models.problems())
    key_box()
    present, gettable = models.local_models(), models.gettable()
    if present:
        st.markdown("**On this machine**")
        for spec in present:
            _here(spec)
    st.markdown("**Available to download**")
    st.caption(
        "From the hub (or HF_ENDPOINT) into this app's cache. Nothing is fetched before you click, except the "
        "small embedded model. A folder of your own appears here when PLAYGROUND_MODELS names it."
    )
    for spec in gettable:
        _gettable(spec)
    if not gettable:
        st.caption("Every model of the list is on this machine.")


def _problems(sentences: list[str]) -> None:
    """What cannot be used, in one box; many of them folded, so that the models that work stay in sight."""
    listed = "\n".join(f"- {escape(sentence)}" for sentence in sentences)
    if len(sentences) > _FOLDED:
        st.warning(
            f"{len(sentences)} things that PLAYGROUND_MODELS names cannot be used. Everything else works.",
            icon=":material/folder_off:",
        )
        with st.expander("Which, and why"):
            st.markdown(listed)
    elif sentences:
        st.warning(listed if len(sentences) > 1 else escape(sentences[0]), icon=":material/folder_off:")


def _machine() -> None:
    total, free, mine = total_bytes(), available_bytes(), resident_bytes()
    if total is None:
        return
    parts = [f"{size(total)} of memory in all"]
    if free is not None:
        parts.append(f"{size(free)} free")
    if mine is not None:
        models_too = resident_bytes(HOST.pid) if HOST.pid else None
        apart = f" (its pages {size(mine)}, its models with PyTorch {size(models_too)})" if models_too else ""
        parts.append(f"this app uses {size(mine + (models_too or 0))}{apart}")
    used = 1 - free / total if free is not None else 0.0
    st.progress(min(max(used, 0.0), 1.0), text="This machine: " + ", ".join(parts) + ".")
    st.caption(_class(settings().slots))


def _class(slots: int) -> str:
    """What a class costs beside what is in use now."""
    kv = max((info.kv_bytes for info in cache.loaded().values()), default=0)
    if not kv:
        return "Once a model is in memory, this line says what a class needs."
    texts = slots * _TEXT * kv
    return (
        f"A class of {_STUDENTS} adds about {size(_STUDENTS * _SESSION)} for its pages and up to "
        f"{size(texts)} for the texts that the model writes at the same moment. Those are {slots} at most (a "
        "run on the Decoding page asks for three); when more are asked for, students take turns."
    )


def _row(spec: models.ModelSpec, detail: str) -> tuple[DeltaGenerator, DeltaGenerator, DeltaGenerator]:
    """One line of the shelf: what it is and how big; the columns for the memory it needs and for the button."""
    row = st.container(border=True, key=f"shelf-{spec.id}")
    about, memory, button = row.columns(WIDTHS, vertical_alignment="center")
    kind = "instruct" if spec.role == "instruct" else "base"
    facts = [kind, f"{number(spec.parameters)} parameters", detail, escape(spec.licence)]
    about.markdown(f"**{escape(spec.name)}**  \n:small[{' · '.join(fact for fact in facts if fact)}]")
    return row, memory, button


def _memory(column: DeltaGenerator, spec: models.ModelSpec) -> bool:
    """The memory that a model needs against this machine's. Gives back whether it can ever fit."""
    needed, free, total = needed_bytes(spec), available_bytes(), total_bytes()
    if total is None:
        column.markdown(f"needs {size(needed)} of memory")
        return True
    column.progress(min(needed / total, 1.0), text=f":small[needs at least {size(needed)} of {size(total)}]")
    if needed > total:
        column.caption(":red[More than this machine has.]")
    elif free is not None and needed > free:
        column.caption(f":orange[Only {size(free)} are free now.]")
    return needed <= total


def _here(spec: models.ModelSpec) -> None:
    found = models.where(spec.id)
    _, memory, button = _row(spec, SOURCES[found.source] if found else "")
    _memory(memory, spec)
    loaded = [info for (model_id, _), info in cache.loaded().items() if model_id == spec.id]
    if not loaded:
        button.caption("Ready. It is loaded when a page uses it.")
        return
    held = size(sum(info.weight_bytes for info in loaded))
    kinds = ", ".join(sorted({info.dtype for info in loaded}))
    unload = f"unload-{spec.id}"
    if may_change() and kept_button(
        "Unload",
        place=button,
        key=unload,
        icon=":material/eject:",
        width="stretch",
        help="Takes it out of memory for everybody. The next use loads it again.",
    ):
        with carrying_out(unload):
            require_teacher()
            cache.unload(spec.id)
        st.rerun()
    memory.caption(f"In memory now: {held} ({kinds})")


def _gettable(spec: models.ModelSpec) -> None:
    job = download_jobs.find(spec.id)
    waiting = bool(spec.family == "" and not spec.hub_id)
    row, memory, button = _row(spec, "a GGUF file to convert" if waiting else "")
    possible = _memory(memory, spec)
    if job is not None and not job.finished.is_set():
        row.progress(job.fraction or 0.0, text=escape(job.message))
        if may_change():
            button.button(
                "Stop", key=f"stop-{spec.id}", icon=":material/stop:", width="stretch", on_click=job.cancelled.set
            )
        return
    if job is not None and job.error and time.monotonic() - job.ended < SHOW_ERROR:
        row.error(escape(job.error), icon=":material/cloud_off:")
    if not may_change():
        return
    label = "Convert" if waiting else f"Get {size(spec.download_bytes)}"
    key = f"get-{spec.id}"
    if kept_button(
        label,
        place=button,
        key=key,
        icon=":material/download:",
        width="stretch",
        disabled=not possible,
        help=None if possible else _smaller(spec),
    ):
        with carrying_out(key):
            require_teacher()
            download_jobs.start(spec.id)
        st.rerun()


def _smaller(spec: models.ModelSpec) -> str:
    """What to take instead of a model that does not fit."""
    total = total_bytes() or 0
    smaller = [other for other in models.CATALOG.values() if other.role == spec.role and needed_bytes(other) <= total]
    best = max(smaller, key=lambda other: other.parameters, default=models.CATALOG[models.EMBEDDED])
    return f"It needs {size(needed_bytes(spec))} of memory; this machine has {size(total)}. Try {best.name}."
