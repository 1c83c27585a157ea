"""A tiny world in English, made by a generator whose every choice has a known probability.

Stories, facts, sums, counting, and questions that stand in lists without an answer, as they do on web pages. Nothing is
copied from anywhere. A document comes with how unlikely it was, in nats: −ln of the product of its choices. No two ways
of choosing make the same text, so the mean of that over documents is the entropy of this language, and no model's loss
can be lower on average (Shannon 1948).

    >>> documents = list(generate(seed=0, documents=2))
    >>> [document.text for document in documents] == [document.text for document in generate(seed=0, documents=2)]
    True
"""

import math
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

NAMES = (
    "Mia", "Tom", "Ana", "Ben", "Amara", "Kofi", "Yuki", "Wei", "Priya", "Omar", "Leila", "Diego", "Nora",
    "Sven", "Fatima", "Ravi", "Zoe", "Ivan", "Lucia", "Chidi", "Hana", "Malik", "Elif", "Noah",
)  # fmt: skip
ROLES = ("child", "farmer", "baker", "sailor", "teacher", "painter")
ADJECTIVES = {"little": 0.4, "young": 0.3, "kind": 0.2, "clever": 0.1}
THINGS = ("ball", "book", "kite", "drum", "lamp", "map", "boat", "basket")
PLACES = ("market", "river", "garden", "harbour", "village", "library", "school", "bridge")
COLOURS = {"red": 0.4, "blue": 0.3, "green": 0.2, "yellow": 0.1}
FEELINGS = ("happy", "sad", "tired", "brave", "hungry", "scared")
FOODS = ("bread", "soup", "rice", "mangoes", "noodles", "dates")
HOMES = {  # animal -> where it lives, what it eats
    "camel": ("desert", "leaves"),
    "frog": ("pond", "flies"),
    "fox": ("forest", "mice"),
    "bee": ("hive", "honey"),
    "cow": ("field", "grass"),
    "whale": ("sea", "krill"),
    "goat": ("hills", "herbs"),
    "panda": ("mountains", "bamboo"),
    "squirrel": ("trees", "nuts"),
    "penguin": ("snow", "fish"),
}
UNTOLD = "tiger"  # walks through stories, but no document says where it lives or what it eats
ANIMALS = (*HOMES, UNTOLD)
HAPPY = 0.5  # share of stories that end well
NUMBERS = range(13)  # what is added
_PAIRS = [(a, b) for a in NUMBERS for b in NUMBERS]
UNSEEN = frozenset(random.Random(3).sample(_PAIRS, 33))  # no document adds these; some are there the other way round
SEEN = tuple(pair for pair in _PAIRS if pair not in UNSEEN)


@dataclass(frozen=True, slots=True)
class Document:
    """A text, what kind it is, and −ln of the probability that the world makes exactly this one."""

    text: str
    kind: str
    nats: float


class Dice:
    """Makes the choices and keeps the account of how unlikely they were. Seeded."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.nats = 0.0

    def pick(self, options: Sequence[T]) -> T:
        """One of the options, each as likely as the others."""
        self.nats += math.log(len(options))
        return options[int(self.random.random() * len(options))]

    def weigh(self, options: Mapping[T, float]) -> T:
        """One of the options, each with its probability (they sum to 1)."""
        chosen = self.random.choices(list(options), list(options.values()))[0]
        self.nats -= math.log(options[chosen])
        return chosen

    def two(self, options: Sequence[T]) -> tuple[T, T]:
        """Two different ones, in order."""
        first = self.pick(options)
        return first, self.pick([option for option in options if option != first])


def generate(*, seed: int, documents: int) -> Iterator[Document]:
    """So many documents. The same seed gives the same ones."""
    dice = Dice(seed)
    for _ in range(documents):
        dice.nats = 0.0
        kind = dice.weigh(KINDS)
        yield Document(_MAKERS[kind](dice), kind, dice.nats)


def story(dice: Dice, name: str | None = None, happy: bool | None = None) -> str:
    """Five sentences about somebody, somebody else and a place."""
    name, friend = dice.two(NAMES) if name is None else (name, dice.pick([n for n in NAMES if n != name]))
    place = dice.pick(PLACES)
    beginning = (
        f"Once upon a time, there was a {dice.weigh(ADJECTIVES)} {dice.pick(ROLES)} named {name}. "
        f"{name} lived near the {place}."
    )
    return " ".join((beginning, *_middle(dice, name, friend, place), _end(dice, name, friend, happy)))


def _middle(dice: Dice, name: str, friend: str, place: str) -> tuple[str, str]:
    time = dice.pick(("day", "morning", "evening"))
    if dice.pick((True, False)):
        thing = dice.pick(THINGS)
        return (
            f"One {time}, {name} found a {dice.weigh(COLOURS)} {thing} at the {place}.",
            dice.pick((f"{name} gave the {thing} to {friend}.", f"{friend} came to see the {thing}.")),
        )
    animal, feeling = dice.pick(ANIMALS), dice.pick(FEELINGS)
    saw = f"One {time}, {name} saw a {feeling} {animal} near the {place}."
    if feeling not in {"sad", "scared"}:
        return saw, dice.pick((f'"Look!" said {name} to {friend}.', f"The {animal} followed {name} home."))
    if dice.pick((True, False)):
        return saw, f"{friend} gave {dice.pick(FOODS)} to the {animal}."
    return saw, f'"Do not be {feeling}," said {name}.'


def _end(dice: Dice, name: str, friend: str, happy: bool | None) -> str:
    if happy is None:
        happy = dice.weigh({True: HAPPY, False: 1 - HAPPY})
    if happy:
        ends = (f"{name} and {friend} laughed and became good friends.", f"{name} and {friend} sang all day.")
    else:
        ends = (
            f"Then it began to rain, and {name} and {friend} were sad.",
            f"Then {friend} went away, and {name} was alone.",
        )
    return f"{dice.pick(ends)} The end."


def _facts(dice: Dice) -> str:
    return " ".join(fact(animal, dice.pick(("home", "food"))) for animal in dice.two(tuple(HOMES)))


def fact(animal: str, kind: str) -> str:
    """What is so in this world.

    >>> fact("fox", "home"), fact("bee", "food")
    ('The fox lives in the forest.', 'The bee eats honey.')
    """
    home, food = HOMES[animal]
    return f"The {animal} lives in the {home}." if kind == "home" else f"The {animal} eats {food}."


def _sums(dice: Dice) -> str:
    return " ".join(equation(*dice.pick(SEEN)) for _ in range(dice.pick((2, 3, 4))))


def equation(a: int, b: int) -> str:
    """A sum and its result.

    >>> equation(2, 2)
    '2 + 2 = 4.'
    """
    return f"{a} + {b} = {a + b}."


def _counting(dice: Dice) -> str:
    first = dice.pick(range(13))
    return counting(first, first + dice.pick((3, 4, 5, 6)))


def counting(first: int, last: int) -> str:
    """Numbers in order.

    >>> counting(8, 11)
    '8, 9, 10, 11.'
    """
    return ", ".join(map(str, range(first, last + 1))) + "."


def sum_question(a: int, b: int) -> str:
    """A sum, asked."""
    return f"What is {a} + {b}?"


def fact_question(animal: str, kind: str) -> str:
    """A fact, asked.

    >>> fact_question("fox", "home"), fact_question("bee", "food")
    ('Where does the fox live?', 'What does the bee eat?')
    """
    return f"Where does the {animal} live?" if kind == "home" else f"What does the {animal} eat?"


def right(table: Sequence[Sequence[str]], pairs: Iterable[tuple[int, int]]) -> int:
    """How many of the sums of these pairs a table [a][b] of written results has right.

    >>> right([["0", "1"], ["1", "3"]], [(0, 1), (1, 1)])
    1
    """
    return sum(table[a][b].strip() == str(a + b) for a, b in pairs)


def question(dice: Dice) -> str:
    """Something one may be asked about this world: a sum or a fact."""
    if dice.pick(("sum", "fact")) == "sum":
        a, b = dice.pick(SEEN)
        return sum_question(a, b)
    animal = dice.pick(tuple(HOMES))
    return dice.pick((fact_question(animal, "home"), fact_question(animal, "food")))


def _questions(dice: Dice) -> str:
    asked = " ".join(question(dice) for _ in range(dice.pick((2, 3, 4))))
    return f"{asked} Write the answers in your book."


KINDS = {"story": 0.5, "sums": 0.2, "questions": 0.1, "facts": 0.1, "counting": 0.1}
_MAKERS = {"story": story, "sums": _sums, "questions": _questions, "facts": _facts, "counting": _counting}
