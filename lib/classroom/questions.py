"""A question to the class: a prompt whose next token is to be guessed, or a multiple-choice question."""

import random
from dataclasses import asdict, dataclass
from typing import Any

from lib.classroom.border import ClassroomError

TEXT = 600  # characters of a prompt or question: it has to be read on a phone
OPTION = 120  # characters
OPTIONS = (2, 6)  # at least and at most


@dataclass(frozen=True)
class Question:
    """What the class is asked. `answer` and all below it are not for students before the reveal."""

    kind: str  # "token" or "quiz"
    text: str  # the prompt, or the question
    options: tuple[str, ...]
    answer: int  # index of the option that came, or is right
    model: tuple[float, ...] = ()  # probabilities of the options, model (T = 1); empty where no model was asked
    by: str = ""  # the model's name
    note: str = ""  # the token that came, as people see it; or why the answer is right
    serial: int = 0  # the room's name for it

    def __post_init__(self) -> None:
        """Raises ClassroomError for a question that cannot be asked."""
        if not self.text.strip() or len(self.text) > TEXT:
            raise ClassroomError(f"A question for the class has 1 to {TEXT} characters.")
        if not OPTIONS[0] <= len(self.options) <= OPTIONS[1]:
            raise ClassroomError(f"A question has {OPTIONS[0]} to {OPTIONS[1]} options.")
        if not all(0 < len(option) <= OPTION for option in self.options):
            raise ClassroomError(f"An option has 1 to {OPTION} characters.")
        if not 0 <= self.answer < len(self.options) or len(self.model) not in (0, len(self.options)):
            raise ClassroomError("The question's answer is none of its options.")

    def as_data(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)

    @classmethod
    def of_data(cls, data: dict[str, Any]) -> "Question":
        """Back from `as_data`.

        >>> one = Question("quiz", "1 + 1?", ("2", "3"), 0)
        >>> Question.of_data(one.as_data()) == one
        True
        """
        return cls(**{**data, "options": tuple(data["options"]), "model": tuple(data["model"])})


def checked_quiz(text: str) -> Question:
    """A question that a teacher wrote: a line with the question, then a line for each option, the right one with *.

    >>> checked_quiz("1 + 1?\\n3\\n* 2").options
    ('3', '2')
    """
    lines = [" ".join(line.split()) for line in text[:5_000].splitlines() if line.strip()]
    options = lines[1:]
    right = [place for place, option in enumerate(options) if option.startswith("*")]
    if len(right) != 1:
        raise ClassroomError(
            "Write the question in the first line, then an option a line, the right one with a * before it."
        )
    plain = tuple(
        option.removeprefix("*").strip() if place in right else option for place, option in enumerate(options)
    )
    if len(set(plain)) != len(plain):
        raise ClassroomError("Two options are the same.")
    return Question("quiz", lines[0], plain, right[0])


def shuffled(question: Question, rng: random.Random) -> Question:
    """The same question with its options in another order."""
    order = list(range(len(question.options)))
    rng.shuffle(order)
    options = tuple(question.options[place] for place in order)
    return Question("quiz", question.text, options, order.index(question.answer), note=question.note)
