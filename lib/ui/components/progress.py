"""What a learner has done, in the session and in the browser: steps of the course, and answers to questions.

`localStorage` belongs to one browser and outlives the tab; the server keeps nothing. What comes back from it is checked
by `lib.course.progress.read`. On a session's first run the component sends what it finds, if anything; afterwards it
stores what it is given together with what another tab has stored since. More it does not send: a message cuts a run
short, and the one that Next has begun may not have told the browser yet which lesson is chosen now.
"""

import streamlit as st

from lib.course.progress import MAX_CHARS, MAX_TEXT, Answer, Progress, read, to_text
from lib.ui.components.custom import asset, component
from lib.ui.components.session import session_id

_COMPONENT = component("playground_progress", html="<span hidden></span>", js=asset(__file__, "progress.js"))
_STATE, _KEY, _RESTORED = "progress", "progress-keeper", "progress-restored"


def learner() -> Progress:
    """This learner's; change it, and `keep` of the next run stores it."""
    found: Progress = st.session_state.setdefault(_STATE, Progress())
    return found


def answers() -> dict[str, Answer]:
    """All answers so far, by the key of the question, the oldest first."""
    return learner().answers


def keep_answer(key: str, question: str, chosen: str, *, right: str = "", why: str = "") -> Answer:
    """Keep an answer to the question `key` of the page that is open; once the right one is known, it is not changed."""
    page = str(st.session_state.get("page-title", ""))
    return learner().add(key, Answer(*(text[:MAX_TEXT] for text in (page, question, chosen, right, why))))


def forget() -> None:
    """Begin anew, in the browser too."""
    st.session_state[_STATE] = Progress()
    st.session_state[_RESTORED] = True
    for key in [str(key) for key in st.session_state]:
        if key.startswith(("course-answer-", "predict-")):
            del st.session_state[key]


def keep() -> None:
    """Store what there is; on a session's first runs take back what the browser has. Once a run, on every page."""

    def found() -> None:
        value = (st.session_state.get(_KEY) or {}).get("found")
        if st.session_state.get(_RESTORED) or not value:
            return
        st.session_state[_RESTORED] = True
        earlier, now = read(value), learner()
        earlier.done |= now.done
        for key, answer in now.answers.items():
            earlier.add(key, answer)
        earlier.short |= now.short
        st.session_state[_STATE] = earlier

    data = {
        "session": session_id(),
        "restore": not st.session_state.get(_RESTORED),
        "text": to_text(learner()),
        "most": MAX_CHARS,
    }
    _COMPONENT(key=_KEY, data=data, on_found_change=found)
