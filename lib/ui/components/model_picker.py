"""The models on pages: choosing one that is here, and getting one with a progress bar."""

import streamlit as st

from lib import models
from lib.models import download_jobs
from lib.text_format import number, size
from lib.ui import available_models, cache
from lib.ui.components.linked_text import keep_choice, linked_choice
from lib.ui.components.page import escape


def pick_model(key: str = "model", *, role: models.Role, label: str = "Model", remote: bool = False) -> str:
    """The picker of the header bar: the models that are here, by name; gives back the chosen one's id.

    What is chosen stays chosen on every page whose picker has the same key, and is in the page's link under it. Until
    somebody chooses, each page has the best model of its `role`. If no model is here at all, the embedded one is
    fetched first, with a progress bar. Ends the run with a sentence if that fails. With `remote` the model of the
    server in the settings is offered too, if there is one.
    """
    if not available_models.local_models():
        fetch(models.EMBEDDED)
    asked = st.query_params.get(key), st.session_state.get(f"chosen-{key}")
    specs = {spec.id: spec for spec in available_models.local_models(*asked)}
    if remote and (elsewhere := models.remote_id()) is not None:
        specs[elsewhere] = models.spec(elsewhere)
    best = available_models.default(role)
    ids = sorted(specs, key=lambda i: (i != best, specs[i].role != role))
    missing = linked_choice(key, ids)
    chosen = st.selectbox(
        label,
        ids,
        key=key,
        format_func=lambda i: specs[i].name,
        label_visibility="collapsed",
        on_change=keep_choice,
        args=(key,),
    )
    if missing is not None:
        _not_here(missing)
    return str(chosen)


def about(model_id: str) -> str:
    """A line about a model: its size, how it was trained, and the precision it computes in."""
    spec = available_models.spec(model_id)
    kind = "instruction-tuned" if spec.role == "instruct" else "a base (completion) model"
    known = (
        f"{number(spec.parameters)} parameters, {kind}." if spec.parameters else "A model on a server, size unknown."
    )
    return " ".join(filter(None, (known, cache.precision(spec.id))))


def _not_here(asked: str) -> None:
    """A link named a model that this machine does not have: say so instead of switching silently."""
    if asked in models.CATALOG:
        spec = models.CATALOG[asked]
        sentence = (
            f"The link asks for {escape(spec.name)}, which is not on this machine yet (available to download on "
            f"Home, {size(spec.download_bytes)}). Another model is used here."
        )
    else:
        sentence = f"The link asks for a model called “{escape(asked[:80])}”, which is not known here."
    st.toast(sentence, icon=":material/info:", duration="infinite")


def fetch(model_id: str) -> None:
    """Get a model while a progress bar shows how far it is. Ends the run with the reason if it cannot be got."""
    job = download_jobs.start(model_id)
    bar = st.progress(0.0, text=job.message)
    while not job.finished.wait(0.2):
        bar.progress(job.fraction or 0.0, text=escape(job.message))
    bar.empty()
    if job.error:
        download_jobs.forget(model_id)
        st.error(escape(job.error), icon=":material/cloud_off:")
        if st.button("Try again", key=f"retry-{model_id}"):
            st.rerun()
        st.stop()
