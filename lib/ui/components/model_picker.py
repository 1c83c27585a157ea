"""The models on pages: choosing one that is here, and getting one with a progress bar."""

import streamlit as st
from streamlit.errors import StreamlitAPIException

from lib import models
from lib.models import download_jobs
from lib.text_format import number, size
from lib.ui import available_models, cache
from lib.ui.components.page import escape


def pick_model(key: str, *, role: models.Role, label: str = "Model", remote: bool = False) -> str:
    """A selectbox over the models that are here, best of `role` first; gives back the chosen id.

    `key` is also its query parameter (use "model" where a page has one picker). If no model is here at all, the
    embedded one is fetched first, with a progress bar. Ends the run with a sentence if that fails. With `remote` the
    model of the server in the settings is offered too, if there is one.
    """
    if not available_models.local_models():
        fetch(models.EMBEDDED)
    specs = {spec.id: spec for spec in available_models.local_models()}
    if remote and (elsewhere := models.remote_id()) is not None:
        specs[elsewhere] = models.spec(elsewhere)
    best = available_models.default(role)
    ids = sorted(specs, key=lambda i: (i != best, specs[i].role != role))
    asked = st.query_params.get(key)
    if asked and asked not in specs:
        st.session_state[f"{key}-not-here"] = asked
    chosen = st.selectbox(
        label,
        ids,
        key=key,
        bind="query-params",
        help="Models that are on this machine. Others can be got on the Home page.",
    )
    _not_here(key)
    _caption(specs[chosen])
    return str(chosen)


def _caption(spec: models.ModelSpec) -> None:
    kind = "instruction-tuned" if spec.role == "instruct" else "a base (completion) model"
    about = (
        f"{number(spec.parameters)} parameters, {kind}." if spec.parameters else "A model on a server, size unknown."
    )
    st.caption(" ".join(filter(None, (about, cache.precision(spec.id), "More models: the shelf on Home."))))


def _not_here(key: str) -> None:
    """A link named a model that this machine does not have: say so instead of switching silently."""
    asked = st.session_state.pop(f"{key}-not-here", None)
    if asked is None:
        return
    if asked in models.CATALOG:
        spec = models.CATALOG[asked]
        st.info(
            f"The link asks for {escape(spec.name)}, which is not on this machine yet "
            f"({size(spec.download_bytes)} to get). Another model is used here."
        )
        link_home("Get it on the Home page")
    else:
        st.info(f"The link asks for a model called “{escape(str(asked)[:80])}”, which is not known here.")


def link_home(label: str) -> None:
    """A link to the model shelf, wherever the page runs from."""
    try:
        st.page_link("Home.py", label=label, icon=":material/shelves:")
    except StreamlitAPIException:  # the page was started on its own, without Home
        st.caption(label)


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
