"""The question of a step: options, and after the choice the answer, computed by what the step is about."""

import streamlit as st

from lib.course.progress import Answer
from lib.course.steps import Step
from lib.ui.components import progress
from lib.ui.components.page import explained, verdict


def show_question(step: Step) -> None:
    """The question and its options; the first choice counts, and is kept."""
    key, widget = f"course-{step.key}", f"course-answer-{step.key}"
    kept = progress.answers().get(key)
    if kept is not None and kept.chosen in step.options:
        st.session_state[widget] = kept.chosen
    st.markdown(f"**{step.question}**")
    choice = st.radio(
        "Your answer",
        step.options,
        index=None,
        key=widget,
        label_visibility="collapsed",
        horizontal=True,  # low and wide, so that the picture that is asked about stays in sight
        persist_state="session",
        disabled=kept is not None and bool(kept.right),
    )
    if choice is None:
        st.caption("Choose one; the answer is computed then.")
        return
    if kept is None or not kept.right:
        progress.keep_answer(key, step.question, choice)  # stays if somebody goes on before the answer is computed
        with explained():
            kept = _answered(step, step.options.index(choice))
            st.rerun()  # the strip above shows that it is answered, and the choice is made
    if kept is None or not kept.right:
        return
    verdict(kept.right, kept.why, correct=bool(kept.correct))


def _answered(step: Step, chosen: int) -> Answer:
    """Compute the answer from what stands on the page, and keep it."""
    from lib.ui.course.answers import ANSWERS, Asked, default_model
    from lib.ui.tokenizers.options import corpus

    state = st.session_state
    own = state.get(step.text) if step.text else None
    text = str(own or step.query.get("prompt", ""))
    model_id = str(state.get("model") or state.get("instruct") or default_model(step.page))
    with st.spinner("Computing the answer …"):
        right, found = ANSWERS[step.key](Asked(model_id, text, corpus()))
    return progress.keep_answer(
        f"course-{step.key}",
        step.question,
        step.options[chosen],
        right=step.options[right],
        why=f"{step.because} {found}",
    )
