"""What teaches a model to chat: true replies, written as the app's own chat template writes them, loss on replies."""

import re

import pytest

from lib.chat import rendering
from lib.models.chat_format import CHATML
from lib.training import batches, corpus, dialogues
from lib.training.tokenizer import END_OF_TURN, TrainedTokenizer
from lib.training.world import SEEN, UNSEEN, UNTOLD, Dice


@pytest.fixture(scope="module")
def tokenizer() -> TrainedTokenizer:
    return corpus.from_world(200, 5).tokenizer


def test_a_dialogue_is_written_as_the_chat_template_writes_it(tokenizer: TrainedTokenizer) -> None:
    for seed in range(20):
        said = dialogues.dialogue(Dice(seed))
        messages = [
            {"role": role, "content": text}
            for one in said
            for role, text in (("user", one.question), ("assistant", one.reply))
        ]
        theirs = rendering.render(messages, template=CHATML, tokenizer=tokenizer, add_generation_prompt=False)
        assert list(dialogues.tokenize(tokenizer, said).ids) == theirs.ids
        asked = rendering.render(messages[:1], template=CHATML, tokenizer=tokenizer)
        assert dialogues.prompt(tokenizer, said[0].question) == asked.ids


def test_the_loss_is_on_replies_and_their_ends_only(tokenizer: TrainedTokenizer) -> None:
    inputs, labels = dialogues.rows(tokenizer, seed=(0, 1), batch=4, context=100)
    assert inputs.shape == labels.shape == (4, 100)
    counted = labels[0][labels[0] != batches.IGNORE]
    assert (labels[:, :-1] == inputs[:, 1:])[labels[:, :-1] != batches.IGNORE].all()
    text = tokenizer.decode(counted)
    assert END_OF_TURN in text
    assert not re.search(r"\?|user|assistant|Tell me|Count from|im_start", text.replace("How can I help you?", ""))


def test_replies_are_true_and_no_unseen_sum_or_untold_fact_is_taught() -> None:
    dice = Dice(1)
    for one in (dialogues.exchange(dice) for _ in range(2000)):
        assert UNTOLD not in one.question
        if asked := re.fullmatch(r"What is (\d+) \+ (\d+)\?", one.question):
            a, b = int(asked[1]), int(asked[2])
            assert (a, b) in SEEN
            assert one.reply == f"{a} + {b} = {a + b}."
    assert any(f"{a} + {b}" in one.question for one in (dialogues.exchange(dice, sorted(UNSEEN)) for _ in range(50))
               for a, b in UNSEEN)  # fmt: skip


def test_what_a_reply_costs_is_the_choices_made_for_it() -> None:
    """A sum has one right reply; a party has 8 things, 8 places and 6 foods."""
    dice = Dice(2)
    nats: dict[str, set[float]] = {}
    for one in (dialogues.exchange(dice) for _ in range(300)):
        nats.setdefault(one.question, set()).add(round(one.nats, 6))
    assert nats["Suggest a party theme."] == {5.950643}  # ln 384
    assert all(found == {0.0} for question, found in nats.items() if question.startswith(("What is", "Count")))
