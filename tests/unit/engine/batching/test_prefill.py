"""One prompt, asked for by many: it is read once, and everybody's text is the one that they would get alone."""

from pathlib import Path
from typing import Any

import pytest

from lib.engine import Generation, Sampling
from lib.engine.batching.generation_request import TextRequest
from lib.engine.batching.prefill import Prompts
from lib.engine.local import LocalEngine
from lib.generation.waiting import waiting_for
from tests.engines import load_here
from tests.tiny import make_sliding

NEVER: frozenset[int] = frozenset()
PROMPT = [3 + i % 50 for i in range(40)]
OTHER = [*PROMPT[:-1], 99]

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(params=["rows", "alone"])
def tiny(request, tiny_models: dict[str, Path], tmp_path: Path):
    """A model whose rows share a batch, and one (with a sliding window) whose texts are computed one by one."""
    folder = tiny_models["qwen2"]
    if request.param == "alone":
        folder = make_sliding(tmp_path / "m")
    loaded = load_here(folder)
    assert loaded.scheduler.batch.batchable == (request.param == "rows")
    yield loaded
    loaded.close()


def ask(tiny: LocalEngine, ids: list[int], seed: int, length: int = 8) -> Generation:
    return tiny.generate(ids, sampling=Sampling(temperature=2.0), max_new_tokens=length, seed=seed, stop_ids=NEVER)


def ids_of(generation: Generation) -> list[int]:
    return [step.id for step in generation]


@pytest.fixture
def read(tiny: LocalEngine, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many prompt tokens each pass had, as the engine goes."""
    counts: list[int] = []
    kept = tiny.scheduler.batch.prompts.next

    def counting(room: int) -> Any:
        for prompt, count in kept(room):
            counts.append(count)
            yield prompt, count

    monkeypatch.setattr(tiny.scheduler.batch.prompts, "next", counting)
    return counts


def test_a_prompt_of_many_requests_is_read_once(tiny: LocalEngine, read: list[int]) -> None:
    alone = [ids_of(ask(tiny, PROMPT, seed)) for seed in range(6)]
    assert sum(read) == 6 * len(PROMPT) and len({*map(tuple, alone)}) > 1
    other = ids_of(ask(tiny, OTHER, 0))
    read.clear()
    with tiny.lock:
        together = [ask(tiny, PROMPT, seed) for seed in range(6)]
        beside = ask(tiny, OTHER, 0)
    assert [ids_of(generation) for generation in together] == alone and ids_of(beside) == other
    assert sum(read) == len(PROMPT) + len(OTHER)


def test_who_is_gone_takes_nothing_along(tiny: LocalEngine, read: list[int]) -> None:
    wanted = [ids_of(ask(tiny, PROMPT, seed)) for seed in range(3)]
    read.clear()
    with tiny.lock:
        first, second, third = (ask(tiny, PROMPT, seed, length=1 if seed == 1 else 8) for seed in range(3))
        first.close()  # whoever came first is not needed by the others
    assert ids_of(second) == wanted[1][:1] and ids_of(third) == wanted[2]
    assert sum(read) == len(PROMPT)
    with tiny.lock:
        for generation in (nobody := [ask(tiny, PROMPT, seed) for seed in range(3)]):
            generation.close()
    assert [ids_of(generation) for generation in nobody] == [[], [], []]
    assert ids_of(ask(tiny, PROMPT, 2)) == wanted[2]


def test_how_far_a_prompt_is_read(tiny: LocalEngine) -> None:
    with tiny.lock:
        generation = ask(tiny, PROMPT, 0)
        assert generation.prompt_share == 0
    assert next(generation) is not None and generation.prompt_share == 1
    list(generation)
    assert generation.prompt_share == 1


def test_prompts_take_turns_and_equal_ones_are_read_together() -> None:
    def request(ids: list[int]) -> TextRequest:
        import numpy as np

        return TextRequest(
            ids=ids,
            max_new_tokens=9,
            room=9,
            stop_ids=NEVER,
            sampling=Sampling(),
            alternatives=0,
            rng=np.random.default_rng(0),
        )

    prompts = Prompts()
    asked = [request([1, 2, 3, 4, 5]), request([6, 7]), request([1, 2, 3, 4, 5])]
    for one in asked:
        prompts.add(one, object)
    assert len(prompts) == 3 and list(prompts) == [asked[0], asked[2], asked[1]]
    assert [(prompt.ids, count) for prompt, count in prompts.next(4)] == [([1, 2, 3, 4, 5], 4)]
    assert [(prompt.ids[0], count) for prompt, count in prompts.next(4)] == [(6, 2), (1, 2)]  # the others' turn
    shared = next(prompt for prompt, _ in prompts.next(9) if prompt.requests == [asked[0], asked[2]])
    shared.advance(3)
    assert [one.read for one in asked] == [3, 0, 3]
    prompts.drop(lambda one: one is asked[0])
    assert shared.requests == [asked[2]] and len(prompts) == 2
    assert [count for _, count in prompts.next(9)] == [2, 2]
    prompts.drop(lambda one: one is asked[2])
    assert list(prompts) == [asked[1]]


def test_what_a_text_waits_for_is_said(tiny: LocalEngine) -> None:
    from types import SimpleNamespace

    assert waiting_for(None) == "Reading the prompt …"
    with tiny.lock:
        assert waiting_for(ask(tiny, PROMPT, 0)) in {"In the queue: number 1 …", "Reading the prompt …"}
    long: Any = SimpleNamespace(queue_position=0, prompt_tokens=4000, prompt_share=0.256)
    assert waiting_for(long) == "Reading the prompt: 26% of 4,000 tokens …"
    elsewhere: Any = SimpleNamespace(queue_position=0, prompt_tokens=4000, prompt_share=None)
    assert waiting_for(elsewhere) == "Reading the prompt …"
