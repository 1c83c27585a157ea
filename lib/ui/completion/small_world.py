"""Models that have read the tiny world and nothing else, and the words that they know."""

import re
from functools import cache

from lib import models
from lib.json_file import read_json
from lib.models import trained
from lib.training.dialogues import dialogue
from lib.training.world import Dice, generate

_WORD = re.compile(r"[^\W\d_]+|\d+")
_DOCUMENTS = 1_000  # every word of the world is in the first few hundred; a test looks at more


def from_it(model_id: str) -> bool:
    """Whether this model has read nothing else: one that ships, or one that was trained on it here."""
    checkpoint = trained.parsed(model_id)
    if checkpoint is None:
        return model_id in models.SHIPPED
    recipe = read_json(trained.root() / checkpoint.run / trained.RECORD).get("recipe")
    return isinstance(recipe, dict) and recipe.get("text") == "world"


@cache
def words(role: models.Role) -> frozenset[str]:
    """What a base or an instruct model of this world has read, in lower case, numbers too."""
    texts = [document.text for document in generate(seed=0, documents=_DOCUMENTS)]
    if role == "instruct":
        dice = Dice(0)
        turns = [turn for _ in range(_DOCUMENTS) for turn in dialogue(dice)]
        texts += [text for turn in turns for text in (turn.question, turn.reply)]
    return frozenset(word.lower() for text in texts for word in _WORD.findall(text))


def count() -> int:
    """How many words the world has, without the numbers."""
    return sum(not word.isdigit() for word in words("base"))


def strangers(text: str, role: models.Role) -> tuple[str, ...]:
    """The words and numbers of `text` that such a model has never read, each once, in order.

    >>> strangers("Where does the dragon live? The Dragon lives in Paris.", "base")
    ('dragon', 'Paris')
    """
    found: dict[str, str] = {}
    for word in _WORD.findall(text):
        found.setdefault(word.lower(), word)
    return tuple(word for low, word in found.items() if low not in words(role))
