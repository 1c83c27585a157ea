"""The border of a training run: what is asked is checked once, and what it takes is known before it begins."""

import math

import pytest

from lib.training.recipe import MAX_TEXT, SIZES, Recipe, TrainingError, checked, estimate, tuning

LONG = "the cat sat on the mat. " * 20


def test_what_a_link_says_in_words_is_read() -> None:
    asked = {"text": "alice", "size": "0.2 M", "steps": "50", "learning_rate": "0.01", "seed": 7.0}
    assert checked(asked) == Recipe(text="alice", size="0.2 M", steps=50, learning_rate=0.01, seed=7)
    assert tuning({"steps": "10"}).steps == 10


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ({"steps": 0}, "number of steps"),
        ({"steps": True}, "number of steps"),
        ({"steps": 1.5}, "number of steps"),
        ({"steps": "١٢"}, "number of steps"),
        ({"batch": 65}, "batch size"),
        ({"context": 8}, "context length"),
        ({"seed": -1}, "seed"),
        ({"learning_rate": math.nan}, "learning rate"),
        ({"learning_rate": math.inf}, "learning rate"),
        ({"learning_rate": "fast"}, "learning rate"),
        ({"learning_rate": 0}, "learning rate"),
        ({"weight_decay": -1}, "weight decay"),
        ({"size": "7 B"}, "0.2 M"),
        ({"family": ["llama"]}, "llama, gpt2"),
        ({"text": "everything"}, "world, alice, own"),
        ({"colour": "red"}, "no setting called “colour”"),
        ({"steps": 20_000, "batch": 64}, "20,000,000"),
        ({"text": "own"}, "no text yet"),
        ({"text": "own", "own": " \n "}, "no text yet"),
        ({"text": "own", "own": "x"}, "1 character."),
        ({"text": "own", "own": "x" * (MAX_TEXT + 1)}, "1,000,001 characters"),
        ({"text": "own", "own": LONG + "\ud83d"}, "half of a character"),
        ({"text": "own", "own": b"bytes"}, "is text"),
    ],
)
def test_what_cannot_be_is_one_sentence(asked: dict[str, object], part: str) -> None:
    with pytest.raises(TrainingError) as caught:
        checked(asked)
    assert part in str(caught.value)
    assert str(caught.value).endswith(".")


def test_a_text_of_ones_own_stays_as_it_is_and_is_dropped_where_another_is_chosen() -> None:
    text = "<|endoftext|> 😀 <script>" * 10
    assert checked({"text": "own", "own": text + "\r\n"}).own == text
    assert checked({"text": "world", "own": text}).own == ""


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_parameters_are_counted_to_the_last_one(family: str) -> None:
    """Equal to the module's own count, and what a size is called is within a tenth of it."""
    from lib.training import network

    for size in SIZES:
        recipe = checked({"family": family, "size": size})
        promised = estimate(recipe)
        assert network.parameter_count(network.new_network(recipe, 710, 707)) == promised.parameters
        assert promised.parameters == pytest.approx(float(size.split()[0]) * 1e6, rel=0.1)
        assert promised.tokens == 600 * 12 * 128
