"""The tiny world: the same for a seed, true to its own facts and sums, and its probabilities are what they say."""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest

from lib.training import world as worlds
from lib.training.world import COLOURS, HOMES, NAMES, SEEN, UNSEEN, UNTOLD, Dice, Document, generate


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    return list(generate(seed=7, documents=4000))


class _Everything(Dice):
    """Goes through all ways of choosing, one after the other."""

    def __init__(self, path: list[int]) -> None:
        super().__init__(0)
        self.path, self.sizes = path, list[int]()

    def _next(self, options: int) -> int:
        at = len(self.sizes)
        self.sizes.append(options)
        if at == len(self.path):
            self.path.append(0)
        return self.path[at]

    def pick(self, options: Sequence[Any]) -> Any:
        self.nats += math.log(len(options))
        return options[self._next(len(options))]

    def weigh(self, options: Mapping[Any, float]) -> Any:
        chosen = list(options)[self._next(len(options))]
        self.nats -= math.log(options[chosen])
        return chosen


def _all_ways(make: Callable[[Dice], str]) -> Iterator[tuple[str, float]]:
    path: list[int] = []
    while True:
        dice = _Everything(path)
        yield make(dice), dice.nats
        while path and path[-1] + 1 == dice.sizes[len(path) - 1]:
            path.pop()
        if not path:
            return
        path[-1] += 1


@pytest.mark.parametrize("kind", list(worlds.KINDS))
def test_no_two_ways_of_choosing_make_the_same_text_and_all_together_are_certain(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, few in {"NAMES": 2, "ROLES": 1, "THINGS": 2, "PLACES": 2, "FOODS": 2, "ANIMALS": 2, "SEEN": 4}.items():
        monkeypatch.setattr(worlds, name, getattr(worlds, name)[:few])
    monkeypatch.setattr(worlds, "HOMES", dict(list(HOMES.items())[:3]))
    ways = list(_all_ways(worlds._MAKERS[kind]))
    assert len({text for text, _ in ways}) == len(ways) > 20
    assert math.fsum(math.exp(-nats) for _, nats in ways) == pytest.approx(1)


def test_a_seed_gives_the_same_world_and_another_one_another() -> None:
    assert (
        list(generate(seed=3, documents=20))
        == list(generate(seed=3, documents=20))
        != list(generate(seed=4, documents=20))
    )


def test_every_sum_is_right_and_the_unseen_ones_are_nowhere(documents: list[Document]) -> None:
    text = "\n".join(document.text for document in documents)
    sums = {tuple(map(int, found)) for found in re.findall(r"(\d+) \+ (\d+) = (\d+)", text)}
    assert sums == {(a, b, a + b) for a, b in SEEN}
    asked = {(int(a), int(b)) for a, b in re.findall(r"What is (\d+) \+ (\d+)\?", text)}
    assert asked and not asked & UNSEEN
    assert len(SEEN) + len(UNSEEN) == 169 and not set(SEEN) & UNSEEN


def test_facts_are_as_the_table_says_and_nothing_is_said_of_the_tiger(documents: list[Document]) -> None:
    text = "\n".join(document.text for document in documents)
    homes = dict(re.findall(r"The (\w+) lives in the (\w+)\.", text))
    food = dict(re.findall(r"The (\w+) eats (\w+)\.", text))
    assert {animal: (homes[animal], food[animal]) for animal in homes} == HOMES
    assert UNTOLD in text and UNTOLD not in homes and UNTOLD not in food


def test_choices_come_as_often_as_they_say(documents: list[Document]) -> None:
    colours = Counter(re.findall(r"found a (\w+) ", "\n".join(document.text for document in documents)))
    for colour, share in COLOURS.items():
        assert colours[colour] / colours.total() == pytest.approx(share, abs=0.06)
    kinds = Counter(document.kind for document in documents)
    for kind, share in worlds.KINDS.items():
        assert kinds[kind] / len(documents) == pytest.approx(share, abs=0.04)


def test_a_story_keeps_to_its_person() -> None:
    story = worlds.story(Dice(1), name="Nora")
    others = [name for name in NAMES if name in story and name != "Nora"]
    assert story.startswith("Once upon a time, there was a ") and "named Nora. Nora lived near the " in story
    assert len(others) == 1 and story.endswith("The end.")
