"""Dialogues that teach a model to answer, about what is so in the tiny world; and how they are written as ChatML.

The replies are made by the world's own generator, so it is known how likely each was. Sums are of the pairs that
documents add; what nobody was told (where the tiger lives) is not answered here either.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from lib.training.batches import IGNORE
from lib.training.corpus import Ids
from lib.training.tokenizer import END_OF_TURN, START_OF_TURN, TrainedTokenizer
from lib.training.world import (
    FOODS,
    HOMES,
    NAMES,
    PLACES,
    SEEN,
    THINGS,
    UNSEEN,
    Dice,
    counting,
    equation,
    fact,
    fact_question,
    story,
    sum_question,
)

KINDS = {"sum": 0.4, "fact": 0.2, "story": 0.2, "greeting": 0.1, "party": 0.05, "counting": 0.05}
TWO_TURNS = 0.3  # share of dialogues that go on after the first reply
GREETINGS = {
    "Hello!": "Hello! How can I help you?",
    "Hi!": "Hello! How can I help you?",
    "Who are you?": "I am a very small language model.",
    "What can you do?": "I can add small numbers and tell a story.",
    "Thank you!": "You are welcome.",
}


@dataclass(frozen=True, slots=True)
class Exchange:
    """What the user says, what is replied, and −ln of how likely this reply was among those that could be given."""

    question: str
    reply: str
    nats: float = 0.0


def exchange(dice: Dice, pairs: Sequence[tuple[int, int]] = SEEN) -> Exchange:
    """One question and its reply. `pairs`: the sums to choose from."""
    kind = dice.weigh(KINDS)
    if kind == "sum":
        a, b = dice.pick(pairs)
        return Exchange(sum_question(a, b), equation(a, b))
    if kind == "fact":
        animal, what = dice.pick(tuple(HOMES)), dice.pick(("home", "food"))
        return Exchange(fact_question(animal, what), fact(animal, what))
    if kind == "greeting":
        asked = dice.pick(tuple(GREETINGS))
        return Exchange(asked, GREETINGS[asked])
    if kind == "counting":
        first = dice.pick(range(13))
        last = first + dice.pick((3, 4, 5, 6))
        return Exchange(f"Count from {first} to {last}.", counting(first, last))
    name = dice.pick(NAMES)
    dice.nats = 0.0  # from here on, the reply is chosen
    if kind == "party":
        reply = f"A {dice.pick(THINGS)} party at the {dice.pick(PLACES)}, with {dice.pick(FOODS)}."
        return Exchange("Suggest a party theme.", reply, dice.nats)
    return Exchange(story_question(name), story(dice, name), dice.nats)


def story_question(name: str) -> str:
    """A story, asked for."""
    return f"Tell me a story about {name}."


def dialogue(dice: Dice, pairs: Sequence[tuple[int, int]] = SEEN) -> tuple[Exchange, ...]:
    """One or two exchanges."""
    turns = dice.weigh({1: 1 - TWO_TURNS, 2: TWO_TURNS})
    return tuple(exchange(dice, pairs) for _ in range(turns))


@dataclass(frozen=True, slots=True)
class TokenizedDialogue:
    """Exchanges as ids. `in_loss`: which of them the loss counts: replies and the <|im_end|> after each."""

    ids: tuple[int, ...]
    in_loss: tuple[bool, ...]


def prompt(tokenizer: TrainedTokenizer, question: str) -> list[int]:
    """A question in ChatML, up to where the reply begins: what the chat template makes of it."""
    start, end = tokenizer.special[START_OF_TURN], tokenizer.special[END_OF_TURN]
    user, assistant = tokenizer.ids(f"user\n{question}"), tokenizer.ids("assistant\n")
    return [start, *user, end, *tokenizer.ids("\n"), start, *assistant]


def tokenize(tokenizer: TrainedTokenizer, exchanges: Sequence[Exchange]) -> TokenizedDialogue:
    """A dialogue in ChatML."""
    end, line = tokenizer.special[END_OF_TURN], tokenizer.ids("\n")
    parts = [
        (part, counts)
        for one in exchanges
        for part, counts in (
            (prompt(tokenizer, one.question), False),
            ([*tokenizer.ids(one.reply), end], True),
            (line, False),
        )
    ]
    flags = (counts for part, counts in parts for _ in part)
    return TokenizedDialogue(tuple(chain.from_iterable(part for part, _ in parts)), tuple(flags))


def rows(tokenizer: TrainedTokenizer, *, seed: Sequence[int], batch: int, context: int) -> tuple[Ids, Ids]:
    """(inputs, labels), each (batch, context): dialogues one after the other, cut where the row is full. Labels are
    the inputs moved on by one; what the user says and the control tokens around it count for nothing.
    """
    dice = Dice(one_seed(seed))
    ids, labels = np.zeros((2, batch, context + 1), dtype=np.int64)
    for row in range(batch):
        stream: list[int] = []
        wanted: list[int] = []
        while len(stream) <= context:
            made = tokenize(tokenizer, dialogue(dice))
            stream += made.ids
            wanted += (i if counts else IGNORE for i, counts in zip(made.ids, made.in_loss, strict=True))
        ids[row], labels[row] = stream[: context + 1], wanted[: context + 1]
    return ids[:, :-1], labels[:, 1:]


def held_out_rows(tokenizer: TrainedTokenizer, *, count: int, context: int) -> tuple[Ids, Ids, float]:
    """(inputs, labels, floor): dialogues that are never trained on, one a row, with sums of the pairs that no document
    adds. `floor`: the entropy of their replies in nats a token.
    """
    dice = Dice(one_seed((1,)))
    made: list[TokenizedDialogue] = []
    nats = 0.0
    while len(made) < count:
        said = exchange(dice, tuple(sorted(UNSEEN)))
        one = tokenize(tokenizer, [said])
        if len(one.ids) <= context + 1:
            made.append(one)
            nats += said.nats
    longest = max(len(one.ids) for one in made)
    ids = np.zeros((count, longest), dtype=np.int64)
    labels = np.full((count, longest), IGNORE, dtype=np.int64)
    for row, one in enumerate(made):
        ids[row, : len(one.ids)] = one.ids
        labels[row, : len(one.ids)] = np.where(one.in_loss, one.ids, IGNORE)
    return ids[:, :-1], labels[:, 1:], nats / int((labels[:, 1:] != IGNORE).sum())


def one_seed(seed: Sequence[int]) -> int:
    """One seed of several numbers."""
    return int(np.random.SeedSequence(list(seed)).generate_state(1, np.uint64)[0])
