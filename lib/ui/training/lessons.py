"""Questions to think about first. Every answer is computed from runs on this machine, when it is asked for."""

from collections.abc import Callable

import streamlit as st

from lib.engine import Sampling
from lib.errors import PlaygroundError
from lib.text_format import percent
from lib.training import jobs, world
from lib.training.history import History, StageHistory
from lib.training.jobs import Run
from lib.ui import cache
from lib.ui.components.glossary import term
from lib.ui.components.page import escape, explained, predict, takeaways
from lib.ui.training import choices
from lib.ui.training.result import Shown
from lib.ui.training.snapshot_tabs import counts

_TINY_DOCUMENTS = 60  # of the tiny world, with another seed: a text that is read over and over
_TINY_SEED = 7
_HIGH = 1.0  # a learning rate that is too high
_TURNS = 1.02  # held-out loss at the end over its lowest: from here on the curve has turned
_TIGER = "The tiger lives in the"


def tiny_text() -> str:
    """About 7,000 characters of the tiny world."""
    return "\n\n".join(one.text for one in world.generate(seed=_TINY_SEED, documents=_TINY_DOCUMENTS))


def _set_up_tiny() -> None:
    choices.give_text(tiny_text())
    choices.set_up(**{"train-text": choices.OWN, "train-steps": 300, "train-rate": 0.003})


def _set_up_high() -> None:
    choices.set_up(**{"train-rate": _HIGH, "train-steps": 100})


def questions(shown: Shown | None) -> None:
    """All five; those about the shown run only where it has got that far."""
    left, right = st.columns(2)
    with left:
        with explained():
            _before(shown)
        with explained():
            _memorised(shown)
        with explained():
            _tiger(shown)
    with right:
        with explained():
            _overfitting()
        _button("Set up the tiny text", "train-tiny", _set_up_tiny)
        with explained():
            _too_high()
        _button("Set up the high learning rate", "train-high", _set_up_high)


def _button(label: str, key: str, do: Callable[[], None]) -> None:
    st.button(label, key=key, icon=":material/tune:", on_click=do, help="It sets the bar above; press Train to start.")


def _pretrained(shown: Shown | None) -> StageHistory:
    if shown is None or not shown.told.stage("pretrain").heldout:
        raise PlaygroundError("The answer comes from a run: press Train first.")
    return shown.told.stage("pretrain")


def _before(shown: Shown | None) -> None:
    """What is the loss before any training?"""

    def answer() -> tuple[int, str]:
        part = _pretrained(shown)
        began, first = part.began, part.heldout[0]
        if began is None or first.step != 0:
            raise PlaygroundError("This run does not say what its loss was before the first step.")
        distance = {0: first.loss, 1: abs(first.loss - began.uniform), 2: abs(first.loss - 100)}
        return (
            min(distance, key=lambda option: distance[option]),
            f"It was {first.loss:.2f}. There are V = {began.vocab_size} tokens. With random weights each gets about "
            f"1/V, and the loss is −ln of the true one's probability: ln {began.vocab_size} = {began.uniform:.2f}. "
            "A first loss far from ln V means that something is wrong.",
        )

    predict(
        "train-before",
        "Before the first step all weights are random numbers. What is the loss then, in nats a token?",
        ["0: it has made no mistake yet", "ln V, as if it guessed among all V tokens", "Anything: 100 is as likely"],
        answer,
    )


def _memorised(shown: Shown | None) -> None:
    """Are the unseen sums right?"""

    def answer() -> tuple[int, str]:
        snapshots = _pretrained(shown).snapshots
        if not snapshots or not snapshots[-1].sums:
            raise PlaygroundError("The answer comes from a run on the tiny world: choose that text and press Train.")
        told = counts(snapshots[-1])
        (right, of), (known, of_known) = told["unseen"], told["seen"]
        share = right / of if of else 0.0
        return (
            0 if share < 1 / 3 else 1 if share < 2 / 3 else 2,
            f"After step {snapshots[-1].step:,}: {right} of {of} that it never saw, and {known} of {of_known} that it "
            "saw many times. What was only memorised would give none of the first. Some of them are there the other "
            "way round (3 + 4 for 4 + 3), and their neighbours are: it has found a rule, as far as it goes.",
        )

    predict(
        "train-memorised",
        f"The text never has {len(world.UNSEEN)} of the {len(world.UNSEEN) + len(world.SEEN)} sums from 0 + 0 to "
        "12 + 12. How many of them does the trained model get right?",
        ["Fewer than a third", "Between one and two thirds", "More than two thirds"],
        answer,
    )


def _tiger(shown: Shown | None) -> None:
    """What does it say where there is nothing to know?"""

    def answer() -> tuple[int, str]:
        part = _pretrained(shown)
        if shown is None or shown.run.recipe.text != "world" or not part.snapshots:
            raise PlaygroundError("The answer comes from a run on the tiny world: choose that text and press Train.")
        engine = cache.inspectable(jobs.model_id(shown.run.id, part.snapshots[-1].checkpoint))
        steps = list(engine.generate(engine.tokenizer.ids(_TIGER), sampling=Sampling(temperature=0), max_new_tokens=4))
        text = engine.tokenizer.decode([step.id for step in steps if step.id not in engine.stop_ids])
        home = next((home for home, _ in world.HOMES.values() if text.strip().startswith(home)), None)
        right = 2 if home else 0 if "not know" in text else 1
        return (
            right,
            f"It goes on: “{escape(_TIGER)}**{escape(text)}**”, and gives the first of these tokens "
            f"{percent(float(steps[0].prob))}. No document says where the tiger lives. A language model has no place "
            "for “I do not know”, unless its text has examples of it: it writes what is likely after such words.",
        )

    predict(
        "train-tiger",
        "Stories have a tiger in them, but no document says where it lives. How does the model go on with "
        f"“{_TIGER} …”?",
        ["It says that it does not know", "With something that makes no sense", "With the home of another animal"],
        answer,
    )


def _finished(fits: Callable[[Run], bool]) -> tuple[Run, StageHistory] | None:
    """The newest run that has ended and fits, with what it told."""
    for run in jobs.runs():
        if run.state == "over" and fits(run):
            told = History()
            told.read(run.events)
            part = told.stage("pretrain")
            if len(part.heldout) > 1:
                return run, part
    return None


def _overfitting() -> None:
    """What does the held-out loss do on a tiny text?"""

    def answer() -> tuple[int, str]:
        found = _finished(lambda run: run.recipe.own == tiny_text())
        if found is None:
            raise PlaygroundError("The answer comes from a run on the tiny text: set it up below and press Train.")
        _, part = found
        best, last = min(part.heldout, key=lambda one: one.loss), part.heldout[-1]
        turned = last.loss > best.loss * _TURNS
        still = part.points[-1].loss
        return (
            1 if turned else 0,
            f"Lowest at step {best.step:,}: {best.loss:.2f}. At the end: {last.loss:.2f}, while the loss of its "
            f"training batches was {still:.2f}. "
            + (
                f"It learned its text by heart, which does not help with any other: {term('overfitting')}. "
                if turned
                else "This run was too short to turn. "
            )
            + f"Its text was read {_times(part):.0f} times; the tiny world is read 1.3 times in a run of 600 steps.",
        )

    predict(
        "train-overfitting",
        f"A model is trained on only {len(tiny_text()):,} characters, over and over. The loss on them falls towards 0. "
        "What does the held-out loss do?",
        ["It falls with it", "It falls at first, then it rises", "It stays where it was"],
        answer,
    )


def _times(part: StageHistory) -> float:
    return part.points[-1].tokens / part.began.train_tokens if part.began and part.points else 0.0


def _too_high() -> None:
    """What does a learning rate do that is far too high?"""

    def answer() -> tuple[int, str]:
        found = _finished(lambda run: run.recipe.learning_rate >= _HIGH)
        if found is None:
            raise PlaygroundError("The answer comes from a run with that rate: set it up below and press Train.")
        run, part = found
        last, began = part.heldout[-1], part.began
        assert began is not None
        failed = part.ended is not None and part.ended.how == "failed"
        bad = failed or last.loss > began.bigram
        return (
            1 if bad else 0,
            f"With a learning rate of {run.recipe.learning_rate:g} the held-out loss was {last.loss:.2f} after step "
            f"{last.step:,}; counting tokens alone (unigram) gives {began.unigram:.2f}. Each step goes against the "
            "gradient, which tells the way for small changes only: a step that is too long lands somewhere else.",
        )

    predict(
        "train-rate",
        f"The learning rate is {_HIGH:g} in place of {choices.DEFAULTS['train-rate']}: every step is "
        f"{_HIGH / float(str(choices.DEFAULTS['train-rate'])):.0f} times as long. What happens?",
        ["It learns as well, and sooner", "It hardly learns, or gets worse"],
        answer,
    )


def in_short() -> None:
    """The takeaways."""
    takeaways(
        f"A model begins as random numbers. **Training** is one thing, many times: predict the next token of a text, "
        f"measure the {term('loss')}, change every weight a little so that it falls.",
        f"The loss starts near **ln V**. It falls past what counting can reach ({term('n-gram model', 'n-gram models')}"
        "). On texts that it was not trained on it is, on average, never below their **entropy**.",
        f"The **{term('held-out loss')}** is what counts. Where it rises while the training loss falls, the model "
        "learns its text by heart.",
        "It knows what its text says, and the rules that it found in there. About anything else it writes what is "
        "likely, in the same voice.",
        f"**{term('supervised fine-tuning (SFT)', 'Fine-tuning')}** is the same training on dialogues, with the loss "
        "on replies only. It takes a fraction of the steps, as the language is there already.",
    )
