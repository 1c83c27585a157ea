"""The river's data: probabilities are the engine's at every temperature, trees hold exactly the texts put into them."""

import base64
from collections import Counter

import numpy as np
import pytest

from lib.engine import Sampling
from lib.engine.sampling import softmax
from lib.figures import river
from tests.engines import load_here

pytestmark = pytest.mark.usefixtures("one_thread")
NEVER: frozenset[int] = frozenset()
TEXT = [10, 50, 7, 7, 120, 33, 64]


@pytest.fixture(scope="module", params=["gpt2", "llama", "qwen2"])
def tiny(request, tiny_models):
    loaded = load_here(tiny_models[request.param])
    yield loaded
    loaded.close()


@pytest.fixture
def reading(tiny) -> river.River:
    found = tiny.rivals(TEXT, count=river.ASKED, temperatures=river.TEMPERATURES)
    return river.of_reading(TEXT, found, str)


def unpacked(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), dtype="<f4").astype(np.float64)


@pytest.mark.parametrize("temperature", [0.2, 0.65, 1.0, 2.0])
def test_the_browser_can_compute_every_probability(tiny, reading, temperature) -> None:
    data = reading.data()
    column = data["temperatures"].index(temperature)
    behind, spread = unpacked(data["behind"]), unpacked(data["spread"]).reshape(len(TEXT), -1)
    for number, (parent, depth, token) in enumerate(zip(data["parent"], data["depth"], data["id"], strict=True)):
        if parent >= 0:
            share = np.exp(-behind[number] / temperature - spread[depth - 1, column])
            exact = softmax(tiny.logits(TEXT, depth - 1), temperature)[token]
            assert share == pytest.approx(exact, abs=1e-5)


def test_raw_logits_can_be_told_from_the_data(tiny, reading) -> None:
    data = reading.data()
    top, behind = unpacked(data["top"]), unpacked(data["behind"])
    for number, depth in enumerate(data["depth"]):
        if depth:
            assert top[depth - 1] - behind[number] == pytest.approx(
                tiny.logits(TEXT, depth - 1)[data["id"][number]], abs=1e-4
            )


def test_a_reading_is_a_trunk_with_the_likeliest_rivals(tiny, reading) -> None:
    trunk = [node for node in reading.nodes if node.kind == river.TAKEN]
    assert [node.id for node in trunk] == TEXT and [node.depth for node in trunk] == list(range(len(TEXT)))
    for place in range(len(TEXT)):
        here = [node for node in reading.nodes if node.depth == place + 1]
        order = np.argsort(-tiny.logits(TEXT, place), kind="stable").tolist()
        taken = [node.id for node in here if node.kind == river.TAKEN]
        rivals = [node.id for node in here if node.kind != river.TAKEN]
        assert taken == TEXT[place + 1 : place + 2]
        assert rivals == [token for token in order if token not in taken][: river.RIVALS]
        assert sum(node.weight for node in here) <= 1 + 1e-6
        assert {reading.nodes[node.parent].id for node in here} == {TEXT[place]}


def test_one_token_has_rivals_too_and_the_end_of_a_text_is_marked(tiny) -> None:
    found = tiny.rivals([9], count=river.ASKED, temperatures=river.TEMPERATURES)
    first = int(found.ids[0, 0])
    made = river.of_reading([9], found, str, stop_ids=frozenset([first]))
    assert [node.kind for node in made.nodes] == [river.TAKEN, river.FINISHED, *[river.RIVAL] * 4]


def test_logits_that_are_no_numbers_are_refused(tiny) -> None:
    found = tiny.rivals([9, 8], count=river.ASKED, temperatures=river.TEMPERATURES)
    found.log_z[1, 3] = np.nan
    with pytest.raises(river.SamplingError, match="not numbers"):
        river.of_reading([9, 8], found, str)


def test_texts_share_what_they_have_in_common() -> None:
    texts = [[1, 2, 3], [1, 2, 4], [5], [1, 2, 3]]
    made = river.of_texts(texts, str, names=["a", "b", "c", "d"], stop_ids=frozenset([5]))
    seen = {(node.depth, node.id): node for node in made.nodes}
    assert len(seen) == len(made.nodes) == 5 and made.names == ("a", "b", "c", "d")
    assert [(seen[key].weight, seen[key].owners) for key in ((0, 1), (1, 2), (2, 3), (2, 4), (0, 5))] == [
        (0.75, (0, 1, 3)), (0.75, (0, 1, 3)), (0.5, (0, 3)), (0.25, (1,)), (0.25, (2,)),
    ]  # fmt: skip
    assert seen[0, 5].kind == river.FINISHED and seen[2, 4].kind == river.TAKEN


def test_no_texts_and_empty_texts_make_an_empty_river() -> None:
    assert river.of_texts([], str).nodes == river.of_texts([[], []], str).nodes == river.of_beams([], str).nodes == ()


def test_the_same_token_after_different_beginnings_is_two_nodes(tiny) -> None:
    texts = [
        [step.id for step in tiny.generate([3, 4], sampling=Sampling(), max_new_tokens=6, seed=s, stop_ids=NEVER)]
        for s in range(12)
    ]
    made = river.of_texts(texts, str)
    for depth in range(6):
        prefixes = Counter(tuple(text[: depth + 1]) for text in texts)
        here = [node for node in made.nodes if node.depth == depth]
        assert sorted(node.weight for node in here) == pytest.approx(sorted(n / 12 for n in prefixes.values()))
        assert sum(node.weight for node in here) == pytest.approx(1)
    for node in made.nodes:
        if node.parent >= 0:
            assert set(node.owners) <= set(made.nodes[node.parent].owners)


def test_beams_keep_prune_and_finish_as_the_search_did(tiny) -> None:
    steps = list(tiny.beam([3, 4], num_beams=3, max_new_tokens=5))
    made = river.of_beams(steps, str)
    for step in steps:
        here = [node for node in made.nodes if node.depth == step.index]
        assert Counter(node.kind for node in here) == Counter(
            river.FINISHED if c.finished else river.TAKEN if c.kept else river.PRUNED for c in step.candidates
        )
        totals = np.array([c.total for c in step.candidates])
        shares = np.exp(totals - totals.max()) / np.exp(totals - totals.max()).sum()
        np.testing.assert_allclose([node.weight for node in here], shares, atol=1e-6)
    assert [node.id for node in made.nodes if node.best] == list(steps[-1].best.ids)
    assert all(made.nodes[node.parent].kind == river.TAKEN for node in made.nodes if node.parent >= 0)
