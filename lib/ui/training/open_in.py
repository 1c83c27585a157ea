"""Links that open a snapshot on other pages: it is an ordinary model there."""

from contextlib import suppress

import streamlit as st
from streamlit.errors import StreamlitAPIException

from lib.training import jobs
from lib.training.events import Snapshot
from lib.ui.components.pages import PAGES
from lib.ui.training.result import Shown

_STORY, _QUESTION = "Once upon a time", "What is 2 + 2?"


def links(shown: Shown) -> None:
    """For the snapshot that one looks at."""
    snapshot = shown.snapshot
    if snapshot is None:
        return
    here = jobs.model_id(shown.run.id, snapshot.checkpoint)
    prompt = _STORY if shown.run.recipe.text == "world" else snapshot.samples[0].prompt if snapshot.samples else ""
    text = {"model": here, "prompt": prompt}
    with st.container(horizontal=True, gap="small", key="train-open", vertical_alignment="center"):
        st.caption(f"Open the model of step {snapshot.step:,} in")
        if shown.stage == "pretrain":
            _link("Next_Token", text)
            _link("Decoding", text)
            _link("Architecture", {**text, "view": "A live pass"})
        else:
            _link("Chat", {"model": here})
            _link("Next_Token", text)
        _link("Completion_vs_Chat", {**_pair(shown, snapshot, here), "prompt": _QUESTION})


def _pair(shown: Shown, snapshot: Snapshot, here: str) -> dict[str, str]:
    """The newest base of this run beside its newest chat model; the one that is looked at plays its part."""
    newest = {
        stage: jobs.model_id(shown.run.id, part.snapshots[-1].checkpoint)
        for stage, part in shown.told.stages.items()
        if part.snapshots
    }
    if shown.stage == "pretrain":
        chat = newest.get("prefer") or newest.get("finetune")
        return {"base": here, **({"instruct": chat} if chat else {})}
    return {"base": newest["pretrain"], "instruct": here} if "pretrain" in newest else {"instruct": here}


def _link(address: str, query: dict[str, str]) -> None:
    page = PAGES[address]
    with suppress(StreamlitAPIException):  # the page was started on its own
        st.page_link(page.file, label=page.title, icon=page.icon, query_params=query)
