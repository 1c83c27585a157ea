"""What the Training page remembers: which run one looks at, which stage and which snapshot of it; starting and ending.

run=… (the run)  at=pretrain-00050 (the snapshot; without it the newest)

Runs belong to all sessions. Without one's own the page shows the run that is under way, else the last that came to
its end.
"""

import re
from typing import Literal

import streamlit as st

from lib.models.trained import STAGES
from lib.training import jobs
from lib.training.events import Ended, Snapshot, Stage
from lib.training.history import History, StageHistory
from lib.training.jobs import Run
from lib.training.recipe import TUNINGS, checked
from lib.ui.classroom.teacher_key import key_box, may_change, require_teacher
from lib.ui.components.followed_links import followed, wrote
from lib.ui.components.history import came_by_history
from lib.ui.components.link_values import left_out
from lib.ui.components.page import explained
from lib.ui.components.session import browser_id, session_alive

NAMES: dict[Stage, str] = {"pretrain": "1. Pre-training", "finetune": "2. Teach it to chat", "prefer": "3. Preferences"}
_FIRST = (None, NAMES["pretrain"])  # later stages have a button of their own, beside them
_ASKED, _RUN, _AT, _STAGE = "training-asked", "training-run", "training-at", "train-stage"


def under_way(run: Run | None) -> bool:
    """Whether a run waits or computes."""
    return run is not None and run.state != "over"


def title(run: Run) -> str:
    """Which run this is: its number, its text and its size."""
    text = {"world": "Tiny world", "alice": "Alice", "own": "Own text"}[run.recipe.text]
    return f"Run {run.number}: {text} {run.recipe.size}"


def own_run() -> Run | None:
    """The run of this browser that waits or computes."""
    mine = browser_id()
    return next((run for run in jobs.runs() if run.owner == mine and under_way(run)), None)


def begin() -> None:
    """The page's first words to the training process: get ready, and (for one's own run) somebody is here."""
    jobs.warm()
    if (mine := own_run()) is not None:
        jobs.keep_alive(mine.id, mine.owner, session_alive())


def buttons() -> None:
    """Train, and Stop for one's own run; on a public host the box for the key until it is given."""
    if not may_change():
        with st.popover("Train", icon=":material/key:", key="train-key", wrap=False):
            key_box()
        return
    mine = own_run()
    kind: Literal["primary", "secondary"] = "primary" if st.session_state.get(_STAGE) in _FIRST else "secondary"
    st.button("Train", type=kind, icon=":material/play_arrow:", key="train-go", disabled=mine is not None,
              on_click=ask, args=("pretrain",), wrap=False)  # fmt: skip
    st.button("Stop", icon=":material/stop:", key="train-stop", disabled=mine is None, on_click=_stop, wrap=False)


def go_on() -> None:
    """Callback: the run that is shown goes on where it was stopped."""
    st.session_state[_ASKED] = "on"


def ask(stage: Stage) -> None:
    """Callback: this stage begins in the run that follows."""
    st.session_state[_ASKED] = stage


def _stop() -> None:
    if (mine := own_run()) is not None:
        jobs.cancel(mine.id)


def carry_out(fields: dict[str, object]) -> None:
    """Begin what was asked. What cannot be is said in a sentence, and the page below stays."""
    asked = st.session_state.pop(_ASKED, None)
    if asked is None:
        return
    with explained():
        require_teacher()
        watched = shown()
        if asked == "pretrain" or watched is None:
            run = jobs.start(checked(fields), browser_id())
        elif asked == "on":
            run = jobs.go_on(watched.id, browser_id())
        else:
            run = jobs.tune(watched.id, asked, TUNINGS[asked], browser_id())
        jobs.keep_alive(run.id, browser_id(), session_alive())
        look_at(run.id)
        st.rerun()  # the buttons above were drawn before it began


def look_at(run_id: str) -> None:
    """Show this run, its newest snapshot."""
    st.session_state[_RUN] = st.query_params["run"] = run_id
    wrote(_RUN, run_id)
    follow_newest()


def chosen() -> bool:
    """Whether a run was chosen to look at, by a link, by hand, or because one began it oneself."""
    return _RUN in st.session_state


def shown() -> Run | None:
    """The run that one looks at: that of a new link, else the chosen one, else one's own, the one under way, the
    newest."""
    state, link = st.session_state, st.query_params.get("run")
    if link is None and came_by_history():
        state.pop(_RUN, None)
    if link is not None and (came_by_history() or followed(_RUN, link)):
        wrote(_RUN, link)
        if jobs.find(link) is not None:
            state[_RUN] = link
        else:
            del st.query_params["run"]
            st.toast("The run that the link names is not on this machine (any more).", icon=":material/info:")
    wanted = jobs.find(state[_RUN]) if _RUN in state else None
    if wanted is not None:
        return wanted
    known = jobs.runs()
    best = (run for fits in (under_way, _whole) for run in known if fits(run))
    return next(best, known[0] if known else None)


def _whole(run: Run) -> bool:
    """Whether its pre-training came to its end."""
    return any(isinstance(one, Ended) and one.stage == "pretrain" and one.how == "done" for one in run.events)


def history(run: Run) -> History:
    """What a run has told until now, sorted. One in a session for the run that is shown."""
    kept = st.session_state.get("training-history")
    if kept is None or kept[0] != (run.id, run.edition):
        kept = st.session_state["training-history"] = ((run.id, run.edition), History())
    found: History = kept[1]
    found.read(run.events)
    return found


def stage_switch(run: Run | None, told: History) -> Stage:
    """The three stages as a switch; opens at the newest one of the run."""
    mark = f"{run.id if run else ''} {told.newest}"
    if st.session_state.get("training-stage-of") != mark:  # another run, or its next stage
        st.session_state["training-stage-of"] = mark
        st.session_state[_STAGE] = NAMES[told.newest]
    chosen = st.segmented_control(
        "Stage", list(NAMES.values()), required=True, key=_STAGE, label_visibility="collapsed", on_change=follow_newest
    )
    return next(stage for stage in STAGES if NAMES[stage] == (chosen or NAMES["pretrain"]))


def follow_newest() -> None:
    """Look at the newest snapshot, and go on with it as new ones come."""
    st.session_state.pop(_AT, None)
    st.query_params.pop("at", None)
    wrote(_AT, None)


def snapshot_at(stage: StageHistory) -> tuple[Snapshot | None, bool]:
    """The snapshot that one looks at, and whether it is simply the newest."""
    state, link = st.session_state, st.query_params.get("at")
    if link is None and came_by_history():
        state.pop(_AT, None)
    if link is not None and (came_by_history() or followed(_AT, link)):
        wrote(_AT, link)
        state[_AT] = link
        if not re.fullmatch(r"[a-z]{1,20}-[0-9]{1,9}", link):
            left_out("at", link, "a snapshot of this run")
            follow_newest()
    chosen = next((one for one in stage.snapshots if one.checkpoint == state.get(_AT)), None)
    return (chosen, False) if chosen else (stage.snapshots[-1] if stage.snapshots else None, True)


def stand_at(checkpoint: str) -> None:
    """Look at this snapshot; "" for the newest."""
    if not checkpoint:
        follow_newest()
        return
    st.session_state[_AT] = st.query_params["at"] = checkpoint
    wrote(_AT, checkpoint)
