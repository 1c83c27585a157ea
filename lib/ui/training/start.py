"""What stands in the result's place before any run, and the row above it: the stages and which can be trained next."""

from collections.abc import Sequence
from html import escape as html
from typing import TypeVar

import streamlit as st

from lib.text_format import duration
from lib.training import jobs
from lib.training.corpus import DOCUMENTS
from lib.training.events import Began, Event, HeldOut, Point, Stage
from lib.training.history import History, StageHistory
from lib.training.jobs import Run
from lib.training.recipe import Estimate, Recipe, checked, estimate
from lib.training.world import Dice, equation, story, sum_question
from lib.ui.components.glossary import term
from lib.ui.components.page import escape, explained
from lib.ui.components.session import browser_id
from lib.ui.training import state
from lib.ui.training.data import beginning

_FALLBACK = 12_000.0  # tokens a second of a model of 0.9 million parameters on two cores, until one was measured here
_FALLBACK_PARAMETERS = 900_000
_EVERY = 3.0  # seconds between two looks whether somebody trains
_PAIR = 3  # a seed
_MEASURED = 20  # steps that a rate is measured over, at least
_READS = {
    "world": f"{DOCUMENTS:,} short documents about a tiny world, made by a small program. One of them:",
    "alice": "“Alice's Adventures in Wonderland” by Lewis Carroll. It begins:",
    "own": "Yours. It begins:",
}
_STAGES: dict[Stage, str] = {
    "pretrain": "This run has not begun.",
    "finetune": (
        "**This model goes on with texts; it does not answer yet.** Teach it to chat: for some 250 steps it reads "
        "dialogues in a chat template, and the loss counts on the replies only. The tab “The dialogues” shows them as "
        "tokens. One of them; what counts is bold:"
    ),
    # Rafailov et al. 2023, "Direct Preference Optimization" (arXiv:2305.18290).
    "prefer": (
        "**Which of two good replies is better?** Here it is shown pairs of replies to the same question, one of them "
        "preferred, and learns to make that one more likely relative to the other (DPO). One pair:"
    ),
}
_BEFORE: dict[Stage, tuple[str, Stage]] = {  # what a stage begins from, and the stage that made it
    "finetune": ("the base model", "pretrain"),
    "prefer": ("the chat model", "finetune"),
}
T = TypeVar("T", Began, Point, HeldOut)


def ledger(fields: dict[str, object]) -> str:
    """What a run with these settings is, in a line of Markdown; a sentence where it cannot be."""
    with explained():
        own = fields["text"] == "own"  # whose vocabulary is known when it is trained: a short text has fewer entries
        recipe = checked({**fields, "text": "alice", "own": ""} if own else fields)
        found = estimate(recipe)
        return f"{'up to ' * own}**{found.parameters:,} parameters** in {recipe.steps:,} steps: {_time(recipe, found)}"
    return ""


def _time(recipe: Recipe, found: Estimate) -> str:
    """How long it will take: by the newest rate that was measured here, in proportion to parameters."""
    tokens = found.tokens
    rate, of, where = _FALLBACK, _FALLBACK_PARAMETERS, "on two quiet cores"
    for run in jobs.runs():
        began, last = _last(run.events, Began), _last(run.events, Point)
        alike = 0.5 <= _step_tokens(run.recipe) / _step_tokens(recipe) <= 2  # of a small step most is overhead
        if alike and began and last and last.step > _MEASURED and last.seconds > 0:
            rate, of, where = last.tokens / last.seconds, began.parameters, "here"
            break
    seconds = tokens / rate * found.parameters / of
    return f"about {duration(max(5, 5 * round(seconds / 5)))} {where}."  # no estimate is good to a second


def _step_tokens(recipe: Recipe) -> int:
    """Tokens that a step reads."""
    return recipe.batch * recipe.context


def _last(events: Sequence[Event], kind: type[T]) -> T | None:
    """The last event of a kind in pre-training."""
    return next((one for one in reversed(events) if isinstance(one, kind) and one.stage == "pretrain"), None)


def nothing_yet(fields: dict[str, object]) -> None:
    """On a fresh machine: what will happen."""
    with st.container(border=True, key="train-empty"):
        st.markdown("**Nobody has trained a model on this machine yet.** Press **Train**, and this will happen:")
        text, model, step = st.columns(3, gap="medium")
        with text:
            st.markdown(f"**It reads a text.** {_READS[str(fields['text'])]}")
            st.html(f'<p class="train-quote">{html(beginning(str(fields["text"]), str(fields["own"])))}</p>')
        with model:
            st.markdown(
                f"**It begins as noise.** All its {term('parameter', 'parameters')} are random numbers, and it writes "
                "nonsense. It is a transformer like the big ones, with fewer and smaller layers."
            )
        with step:
            st.markdown(
                f"**Step by step it changes.** It predicts every next token of a {term('batch size', 'batch')} of "
                f"texts, and all parameters move a little, so that the true tokens get likelier. You see its "
                f"{term('loss')} fall, and what it writes after 0, 20, 50 … steps."
            )


def not_yet(stage: Stage, run: Run, told: History) -> None:
    """In the place of a stage that this run has not been through: what it is, with an example."""
    with st.container(border=True, key="train-empty"):
        st.markdown(_STAGES[stage])
        if stage == "finetune":
            st.html(
                f'<p class="train-quote">&lt;|im_start|&gt;user<br>{sum_question(2, 2)}&lt;|im_end|&gt;<br>'
                f"&lt;|im_start|&gt;assistant<br><b>{equation(2, 2)}&lt;|im_end|&gt;</b></p>"
            )
        elif stage == "prefer":
            for mark, happy in (("✓ preferred", True), ("✗ the other one", False)):
                st.html(f'<p class="train-quote"><b>{mark}:</b> {html(story(Dice(_PAIR), "Nora", happy))}</p>')
        if stage != "pretrain":
            model, before = _BEFORE[stage]
            whose = escape(state.title(run)) + _early(run, told.stage(before))
            st.caption(
                f"It begins from {model} of {whose}. The settings in the bar above are for a new run: they change "
                "nothing here."
            )


def _early(run: Run, part: StageHistory) -> str:
    """That a stage was ended before its planned steps, and where; "" if it was not. Of one that was cut off or failed
    the newest checkpoint is what the next stage begins with (`lib.training.finetune`)."""
    how = part.ended.how if part.ended else "cut off"
    if state.under_way(run) or part.began is None or how == "done" or not part.snapshots:
        return ""
    of = f"step {{:,}} of {part.began.steps:,}"
    if how == "stopped":
        return f" (stopped at {of.format(part.steps)})"
    return f" (its snapshot of {of.format(part.snapshots[-1].step)})"


def row(run: Run | None, told: History, fields: dict[str, object]) -> Stage:
    """The stages, the button of the next one, and whose run this is; gives back the stage that is shown."""
    with st.container(key="train-row", horizontal=True, vertical_alignment="center", gap="small"):
        stage = state.stage_switch(run, told)
        if run is not None and stage != "pretrain":
            _next(stage, run, told)
        with explained():
            said = ledger(fields) if stage == "pretrain" and not _whose(run) else ""
            st.caption(_whose(run) or (f"Train makes a model of {said}" if said else ""))
        _runs(run)
        if not state.under_way(run):
            st.fragment(_somebody, run_every=_EVERY)(run.id if run else "")
    return stage


def _somebody(shown: str) -> None:
    """Looks now and then whether somebody has begun a run: it is shown, unless one has chosen another to look at."""
    now = next((one for one in jobs.runs() if state.under_way(one) and one.id != shown), None)
    if now is None:
        return
    if not state.chosen():
        st.rerun(scope="app")
    if st.button("Watch the run under way", key="train-watch", icon=":material/visibility:", wrap=False):
        state.look_at(now.id)
        st.rerun(scope="app")


def _next(stage: Stage, run: Run, told: History) -> None:
    """The button that begins fine-tuning or the preferences."""
    _, before = _BEFORE[stage]
    ready = not state.under_way(run) and bool(told.stage(before).snapshots)
    again = stage in told.stages
    label = {"finetune": "Teach it to chat", "prefer": "Show it preferences"}[stage]
    st.button(
        f"{label} again" if again else label,
        type="secondary" if again else "primary",
        icon=":material/forum:" if stage == "finetune" else ":material/thumb_up:",
        key=f"train-{stage}",
        disabled=not ready or state.own_run() is not None,
        on_click=state.ask,
        args=(stage,),
        help=None if ready else f"It begins from the model that “{state.NAMES[before]}” ends with.",
        wrap=False,
    )


def _whose(run: Run | None) -> str:
    """Whose run this is, if it is not one's own or not under way; "" to say what the settings would do."""
    if run is None or not state.under_way(run) or run.owner == browser_id():
        return ""
    return "Somebody trains this one on this server, and you watch. Your own run would wait for its turn."


def _runs(run: Run | None) -> None:
    """The runs that are kept, to look at another one."""
    known = jobs.runs()
    if run is None or len(known) < 2:
        return
    names = {one.id: name(one) for one in known}

    def chosen() -> None:
        if (picked := st.session_state.get("train-pick")) in names:
            state.look_at(picked)

    st.menu_button("Runs", list(names), key="train-pick", icon=":material/history:", format_func=names.__getitem__,
                   on_click=chosen, wrap=False)  # fmt: skip


def name(run: Run) -> str:
    """A run for people, in Markdown; no two have the same."""
    last, held = _last(run.events, Point), _last(run.events, HeldOut)
    loss = f", held-out {held.loss:.2f}" if held else ""
    now = {"queued": " (waits)", "starting": " (starts)", "running": " (under way)"}.get(run.state, "")
    return escape(f"{state.title(run)}, {last.step if last else 0} steps{loss}{now}")
