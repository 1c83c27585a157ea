"""The tab The dialogues: they are shown with what counts and what does not, and one question to both models."""

import streamlit as st

from lib.engine import Sampling
from lib.training import jobs
from lib.training.events import Stage
from lib.ui import cache
from lib.ui.completion import write
from lib.ui.completion.corners import Cell, Request, raw, template_of, templated
from lib.ui.components.glossary import term
from lib.ui.components.live_updates import LiveUpdates
from lib.ui.components.page import escape, explained
from lib.ui.training import state
from lib.ui.training.dialogues import show_dialogues
from lib.ui.training.result import Shown

_LENGTH = 60  # tokens of an answer
_QUESTIONS = ("What is 7 + 8?", "Where does the penguin live?", "Tell me a story about Nora.", "Who are you?")


def teach(shown: Shown | None, updates: LiveUpdates) -> None:
    """How fine-tuning differs from pre-training, and what it makes of the model."""
    st.markdown(
        f"A {term('base model')} goes on with a text. {term('supervised fine-tuning (SFT)', 'Supervised fine-tuning')} "
        "shows it dialogues in a "
        f"{term('chat template')}. The training is the same: predict the next token. Two things differ: the texts are "
        "dialogues, and the loss counts on the replies and their end token only. What the user says is read, and not "
        "learned."
    )
    if shown is None or not shown.told.stage("pretrain").snapshots:
        st.info("First the model has to learn the language: press Train.")
        return
    show_dialogues(shown)
    _side_by_side(shown, updates)


def _models(shown: Shown) -> dict[str, tuple[str, bool]]:
    """Title -> (model id, whether it is asked in the template), of the newest snapshot of each stage."""
    titles: dict[Stage, str] = {"pretrain": "Base model", "finetune": "Chat model", "prefer": "After the preferences"}
    found: dict[str, tuple[str, bool]] = {}
    for stage, title in titles.items():
        if snapshots := shown.told.stage(stage).snapshots:
            last = snapshots[-1]
            found[f"{title}, step {last.step:,}"] = (jobs.model_id(shown.run.id, last.checkpoint), stage != "pretrain")
    return found


def _side_by_side(shown: Shown, updates: LiveUpdates) -> None:
    """The same question to every stage's model."""
    found = _models(shown)
    st.markdown("**The same question to both**")
    if len(found) == 1:
        st.caption(
            f"The chat model comes from “{state.NAMES['finetune']}”, above. Until then the base model answers alone."
        )
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom", key="train-ask-row"):
        question = st.text_input(
            "Question", _QUESTIONS[0], key="train-question", max_chars=500, label_visibility="collapsed"
        )
        st.menu_button("Examples", list(_QUESTIONS), key="train-example", icon=":material/lightbulb:", on_click=_use,
                       wrap=False)  # fmt: skip
        st.button("Ask", type="primary", key="train-ask", icon=":material/send:", on_click=_ask, wrap=False)
    asked = (question, tuple(found.values()))
    kept = st.session_state.get("train-answers")
    if st.session_state.pop("train-asking", False) and question.strip():
        with explained():
            cells = _cells(found, question)
            texts = write.begin_all(cells, sampling=Sampling(temperature=0), length=_LENGTH, seed=0)
            kept = st.session_state["train-answers"] = (asked, cells, texts)
    if kept is None:
        return
    earlier = kept[0] != asked
    slots = {}
    for column, cell in zip(st.columns(len(kept[1]), gap="small"), kept[1], strict=True):
        with column, st.container(border=True, key=f"train-cell-{cell.key}"):
            st.markdown(
                f"**{escape(cell.note)}**  \n:small[{'in the chat template' if cell.templated else 'the bare text'}]"
            )
            slots[cell.key] = st.container()
    note = "  \n:material/history: An answer to an earlier question." if earlier else ""
    write.show_all(kept[1], kept[2], slots, updates=updates, note=note)


def _cells(found: dict[str, tuple[str, bool]], question: str) -> list[Cell]:
    cells = []
    for place, (title, (model_id, chat)) in enumerate(found.items()):
        engine, request = cache.engine(model_id), Request(question)
        rendered = templated(engine, request, template_of(model_id)) if chat else raw(engine, request)
        cells.append(Cell(f"train-{place}", model_id, engine, rendered, chat, title))
    return cells


def _use() -> None:
    st.session_state["train-question"] = st.session_state.get("train-example") or _QUESTIONS[0]
    _ask()


def _ask() -> None:
    st.session_state["train-asking"] = True
