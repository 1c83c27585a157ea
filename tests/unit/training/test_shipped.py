"""The pair that ships: its figures are those of its files, and its cards say them."""

import json

import pytest

from lib.models import BASE, CHAT
from lib.models.local import SHIPPED_FOLDER
from lib.training import shipped
from lib.training.model_card import card
from lib.training.world import UNSEEN


@pytest.fixture(scope="module")
def said() -> shipped.Figures:
    found: shipped.Figures = json.loads((SHIPPED_FOLDER / shipped.FIGURES).read_text(encoding="utf-8"))
    return found


def test_the_figures_are_measured_on_the_files_that_ship(said: shipped.Figures) -> None:
    found = shipped.measured(SHIPPED_FOLDER)
    for model_id in (BASE, CHAT):
        assert found[model_id].pop("held_out") == pytest.approx(said[model_id]["held_out"], rel=0.01)
        for what, count in found[model_id].items():  # another machine rounds in another order
            assert abs(count - said[model_id][what]) <= 1, (model_id, what)
    assert found["parameters"] == said["parameters"]
    assert said["entropy"] < said[BASE]["held_out"] < said["trigram"]
    assert said[CHAT]["unseen"] > len(UNSEEN) / 2


def test_the_cards_say_what_was_measured(said: shipped.Figures) -> None:
    for model_id in (BASE, CHAT):
        text = (SHIPPED_FOLDER / model_id / shipped.CARD).read_text(encoding="utf-8")
        assert text == card(model_id, said, shipped.RECIPE, shipped.TUNING)
