"""The models on pages: choosing one that is here, and getting one with a progress bar."""

import streamlit as st

from lib import models
from lib.models import download_jobs
from lib.text_format import number, size
from lib.ui import available_models, cache
from lib.ui.components.linked_text import keep_choice, linked_choice
from lib.ui.components.page import escape

_SERVER_TOLD = "told-server"  # in the session: what is wrong with the server's settings
_TOLD = "told-not-embedded"  # in the session: that the embedded model could not be got


def pick_model(
    key: str = "model", *, role: models.Wanted, label: str = "Model", remote: bool = False, first: str = ""
) -> str:
    """The picker of the header bar: the models that are here, by name; gives back the chosen one's id.

    What is chosen stays chosen on every page whose picker has the same key, and is in the page's link under it. Until
    somebody chooses, each page has the best model for its `role`, or `first`. Where that would be one of the tiny
    models that ship with the app, and the page wants a capable one, the embedded model is fetched, with a progress bar.
    With `remote` the model of the server in the settings is offered too, if there is one.
    """
    if not first and role != "base":
        _fetch_the_embedded(role)
    asked = st.query_params.get(key), st.session_state.get(f"chosen-{key}")
    specs = {spec.id: spec for spec in available_models.local_models(*asked)}
    if remote and (elsewhere := models.remote_id()) is not None:
        _offer(elsewhere, specs)
    best = first or available_models.default(role)
    kind = "base" if role == "capable" else role
    ids = sorted(specs, key=lambda i: (i != best, i in models.SHIPPED and role == "capable", specs[i].role != kind))
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


def _offer(elsewhere: str, specs: dict[str, models.ModelSpec]) -> None:
    """The server's model beside those that are here; if its settings are wrong, a sentence, and the others work."""
    try:
        specs[elsewhere] = models.spec(elsewhere)
    except models.ModelError as error:
        if st.session_state.get(_SERVER_TOLD) != str(error):
            st.session_state[_SERVER_TOLD] = str(error)
            st.toast(escape(str(error)), icon=":material/cloud_off:", duration="infinite")


def about(model_id: str) -> str:
    """A line about a model: its size, how it was trained, and the precision it computes in."""
    spec = available_models.spec(model_id)
    kind = "an instruct model" if spec.role == "instruct" else "a base model"
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


def _fetch_the_embedded(role: models.Wanted) -> None:
    """Get the embedded model where nothing as good is here. A sentence if that fails: a page works without it."""
    stand_in = available_models.default(role)
    if stand_in not in models.SHIPPED and available_models.local_models():
        return
    job = download_jobs.find(models.EMBEDDED)
    if st.session_state.get(_TOLD) or (job is not None and job.finished.is_set() and not job.error):
        return  # the shelf on Home has the next try
    if job is None or not job.finished.is_set():
        job = _wait(models.EMBEDDED)
    if job.error and stand_in in models.SHIPPED:
        st.session_state[_TOLD] = True
        st.toast(
            f"{escape(job.error)} Until it is here, pages open with {models.SHIPPED[stand_in]}, a tiny model that "
            "comes with the app. “Models on this machine” on Home tries again.",
            icon=":material/cloud_off:",
            duration="infinite",
        )
    elif job.error:
        _cannot(models.EMBEDDED, job.error)


def _wait(model_id: str) -> download_jobs.Job:
    """Get a model while a progress bar shows how far it is."""
    job = download_jobs.start(model_id)
    bar = st.progress(0.0, text=job.message)
    while not job.finished.wait(0.2):
        bar.progress(job.fraction or 0.0, text=escape(job.message))
    bar.empty()
    return job


def _cannot(model_id: str, reason: str) -> None:
    """There is no model at all: ends the run with the reason."""
    download_jobs.forget(model_id)
    st.error(escape(reason), icon=":material/cloud_off:")
    if st.button("Try again", key=f"retry-{model_id}"):
        st.rerun()
    st.stop()
