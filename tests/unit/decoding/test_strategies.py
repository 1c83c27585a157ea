"""Strategies, their links, metrics, the code they stand for, the beam tree, a column's run, tokens for the browser."""

import ast
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as hyp

from lib import engine as engines
from lib.decoding import beam_nodes, links, strategies, text_metrics
from lib.decoding.strategies import KINDS, PRESETS, Strategy
from lib.decoding.transformers_code import decoding_program
from lib.engine import Alternative, Engine, Sampling, Step
from lib.engine.batching.scheduler import Scheduler
from lib.engine.sampling import distribution
from lib.figures import beam_tree, decoding, samples
from lib.generation.strategy_run import StrategyRun
from lib.generation.token_view import groups, printable, stream_tokens
from lib.ui.decoding.beam import newest
from lib.ui.decoding.beam_words import verdict
from lib.ui.decoding.columns import parting_marks
from lib.ui.decoding.state import Column
from lib.ui.decoding.toy import toy_steps
from tests.waiting import until

IDS = hyp.lists(hyp.integers(0, 3), max_size=24)


@pytest.fixture(scope="module")
def engine(tiny_models) -> Iterator[Engine]:
    loaded = engines.load(str(tiny_models["gpt2"]), dtype="float32")
    yield loaded
    loaded.close()


@given(IDS)
def test_longest_repeat_is_the_longest_and_does_not_overlap(ids: list[int]) -> None:
    def occurs_twice(length: int) -> bool:
        return any(
            ids[i : i + length] == ids[j : j + length]
            for i in range(len(ids))
            for j in range(i + length, len(ids) - length + 1)
        )

    found = text_metrics.longest_repeat(ids)
    assert found.length == max((n for n in range(1, len(ids) + 1) if occurs_twice(n)), default=0)
    assert ids[found.first : found.first + found.length] == ids[found.second : found.second + found.length]
    assert found.second - found.first >= found.length


@given(hyp.lists(IDS, min_size=2, max_size=6))
def test_agreement_counts_pairs(texts: list[list[int]]) -> None:
    for t, (different, share) in enumerate(text_metrics.agreement(texts)):
        cut = [tuple(text[: t + 1]) for text in texts]
        pairs = [(a, b) for i, a in enumerate(cut) for b in cut[i + 1 :]]
        assert different == len(set(cut))
        assert share == pytest.approx(sum(a == b for a, b in pairs) / len(pairs))


@given(hyp.lists(IDS, min_size=1, max_size=8))
def test_the_share_tree_holds_every_text_once(texts: list[list[int]]) -> None:
    def walk(branch: samples.Branch, before: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        alive = before + branch.ids
        assert branch.count == branch.ended + sum(child.count for child in branch.children)
        yield from [alive] * branch.ended
        for child in branch.children:
            yield from walk(child, alive)

    assert sorted(walk(samples.share_tree(texts), ())) == sorted(map(tuple, texts))


def test_perplexity_of_impossible_text_is_infinite_not_an_error() -> None:
    assert text_metrics.perplexity([-9999.0]) == math.inf
    assert text_metrics.distinct_n([], 1) is None and text_metrics.parting([]) is None


@pytest.mark.parametrize("kind", KINDS)
def test_links_bring_every_kind_back(kind: str) -> None:
    changed = {
        name: value
        for name, value in {
            "top_k": 7,
            "top_p": 0.35,
            "min_p": 0.2,
            "temperature": 1.3,
            "repetition_penalty": 1.15,
            "num_beams": 6,
            "length_penalty": 0.5,
        }.items()
        if name in KINDS[kind].knobs
    }
    strategy = Strategy(kind, forced=(5, 17), **changed)
    assert links.decode(links.encode([strategy, Strategy()])) == [strategy, Strategy()]


@given(hyp.text(max_size=60))
def test_any_link_is_read_without_an_error(text: str) -> None:
    for strategy in [
        *links.decode(text),
        *links.decode(f"topk_k{text}_f{text}"),
        *links.decode(f"beam_b{text}_l{text}"),
    ]:
        assert (strategy.problem() or "a sentence.").endswith(".")
        assert strategy.title() and links.encode([strategy])


@pytest.mark.parametrize(
    ("strategy", "words"),
    [
        (Strategy("top_p", top_p=2.0), "between 0 and 1"),
        (Strategy("top_p", top_p=math.nan), "must be a number"),
        (Strategy("top_k", top_k=0), "at least 1"),
        (Strategy("top_k", top_k=2.5), "whole number"),
        (Strategy("min_p", min_p=-0.1), "between 0 and 1"),
        (Strategy("sampling", temperature=-1), "0 (greedy) or more"),
        (Strategy("sampling", temperature=math.inf), "must be a number"),
        (Strategy("greedy", repetition_penalty=0), "above 0"),
        (Strategy("beam", num_beams=0), "at least 1"),
        (Strategy("beam", num_beams=2.5), "whole number"),
        (Strategy("beam", num_beams=1000), "goes up to 16"),
        (Strategy("beam", num_beams=math.nan), "whole number"),
        (Strategy("beam", length_penalty=math.nan), "exponent"),
    ],
)
def test_nonsense_is_explained(strategy: Strategy, words: str) -> None:
    assert words in (strategy.problem() or "")


def test_knobs_of_another_kind_do_not_disturb() -> None:
    assert Strategy("greedy", top_p=2.0, num_beams=-3).problem() is None
    assert Strategy("top_k", top_k=80.0).sampling() == Sampling(top_k=80)
    assert not Strategy("top_k", temperature=0).random and Strategy("top_k").random


def test_presets_run_and_fit() -> None:
    for columns in PRESETS.values():
        assert 2 <= len(columns) <= strategies.MAX_COLUMNS and len(set(columns)) == len(columns)
        assert all(column.problem() is None for column in columns)


def _run(code: str, monkeypatch: pytest.MonkeyPatch) -> tuple[list[int], dict, list]:
    """Execute a shown program; gives back generated ids, the arguments of generate, its scores."""
    from transformers import GenerationMixin

    seen: dict = {}
    original = GenerationMixin.generate

    def spy(self, inputs, **kwargs):
        seen.update(kwargs)
        out: Any = original(self, inputs, **kwargs, output_scores=True, return_dict_in_generate=True)
        seen["scores"] = out.scores
        return out.sequences

    monkeypatch.setattr(GenerationMixin, "generate", spy)
    names: dict = {}
    exec(compile(ast.parse(code), "<shown code>", "exec"), names)
    return names["output"][0, len(names["ids"]) :].tolist(), seen, seen["scores"]


@pytest.mark.parametrize(
    "strategy",
    [
        Strategy("greedy"),
        Strategy("greedy", repetition_penalty=1.3),
        Strategy("greedy", forced=(70, 71)),
        Strategy("beam", num_beams=2),
        Strategy("beam", num_beams=5, length_penalty=0.5),
        Strategy("beam", num_beams=1),
        Strategy("top_k", temperature=0),
        Strategy("top_k", top_k=1),
    ],
    ids=lambda s: s.title() + str(s.forced),
)
def test_the_shown_code_gives_our_tokens(engine, tiny_models, strategy, monkeypatch) -> None:
    prompt, length = "the cat sat", 12
    ids = [token.id for token in engine.tokenizer.encode(prompt)]
    track = StrategyRun(engine, ids, strategy, seed=1, max_new_tokens=length)
    track.join(30)
    assert track.state == "done", track.error
    code = decoding_program(
        strategy, model=str(tiny_models["gpt2"]), prompt=prompt, max_new_tokens=length, seed=1, stop_ids=engine.stop_ids
    )
    theirs, _, _ = _run(code, monkeypatch)
    pad = sorted(engine.stop_ids)[0]
    while len(theirs) > 1 and theirs[-1] == pad and theirs[-2] == pad:
        theirs.pop()  # finished texts are padded to the longest beam
    assert list(strategy.forced) + theirs == [step.id for step in track.steps]


@pytest.mark.parametrize(
    "strategy",
    [
        Strategy("top_k", top_k=5),
        Strategy("top_p", top_p=0.6, temperature=0.7),
        Strategy("min_p", min_p=0.2),
        Strategy("sampling", temperature=1.7),
        Strategy("sampling", repetition_penalty=1.4),
        Strategy("mix", top_k=40, top_p=0.8, min_p=0.01, temperature=0.9),
    ],
    ids=lambda s: s.title(),
)
def test_the_shown_code_draws_from_our_distribution(engine, tiny_models, strategy, monkeypatch) -> None:
    from lib.engine.sampling import penalise

    ids = [token.id for token in engine.tokenizer.encode("the dog")]
    code = decoding_program(
        strategy, model=str(tiny_models["gpt2"]), prompt=ids, max_new_tokens=2, seed=3, stop_ids=engine.stop_ids
    )
    _, arguments, scores = _run(code, monkeypatch)
    theirs = np.exp(np.asarray(scores[0][0].double().log_softmax(-1)))
    s = strategy.sampling()
    ours = distribution(
        penalise(engine.logits(ids), set(ids), s.repetition_penalty),
        temperature=s.temperature,
        top_k=s.top_k,
        top_p=s.top_p,
        min_p=s.min_p,
    )
    assert arguments["do_sample"] is True
    np.testing.assert_allclose(theirs, ours.probs, atol=1e-6)


def test_a_track_keeps_what_was_written_when_stopped(engine) -> None:
    track = StrategyRun(engine, [70, 71], Strategy("sampling"), seed=0, max_new_tokens=61)
    assert until(lambda: track.state != "waiting")
    track.stop()
    track.join(30)
    assert not track.running and 1 <= len(track.steps) <= 61
    assert [step.id for step in track.steps] == [step.id for step in _whole(engine)[: len(track.steps)]]


def _whole(engine: Engine) -> list[Step]:
    whole = StrategyRun(engine, [70, 71], Strategy("sampling"), seed=0, max_new_tokens=61)
    whole.join(30)
    return whole.steps


def test_a_closed_tab_ends_the_track(engine) -> None:
    alive = [True]
    with engine.lock:
        track = StrategyRun(engine, [70, 71], Strategy("sampling"), seed=0, max_new_tokens=61, alive=lambda: alive[0])
    assert until(lambda: track.state != "waiting")
    with engine.lock:  # it does not end by itself while we wait
        alive[0] = False
        track.join(30)
    assert track.state in {"stopped", "done"} and 1 <= len(track.steps) <= 61


def test_a_closed_tab_ends_a_text_that_still_waits(engine) -> None:
    with engine.lock:  # nothing is computed: no token comes after which the track could ask
        track = StrategyRun(engine, [70, 71], Strategy("sampling"), seed=0, max_new_tokens=61, alive=lambda: False)
        track.join(30)
        assert track.state == "stopped" and track.steps == []


def test_a_track_explains_a_prompt_past_the_context(engine) -> None:
    track = StrategyRun(engine, [70] * 500, Strategy("greedy"), seed=0, max_new_tokens=5)
    track.join(30)
    assert track.state == "failed" and "64" in track.error and track.steps == []


def test_a_beam_search_tells_how_far_it_has_read_and_stops_meanwhile(engine, monkeypatch) -> None:
    monkeypatch.setattr("lib.engine.batching.batch.PROMPT_TOKENS", 4)  # twice as many while nobody waits for a token
    monkeypatch.setattr("lib.generation.waiting.LONG", 10)
    said: list[str] = []
    tell = Scheduler._tell_reading

    def told_and_noted(scheduler: Scheduler) -> None:  # between two rounds: whoever looks from outside may miss one
        tell(scheduler)
        said.append(track.waiting)
        if "40%" in track.waiting:
            track.stop()

    monkeypatch.setattr(Scheduler, "_tell_reading", told_and_noted)
    with engine.lock:  # nothing is read before the track is known here
        track = StrategyRun(engine, [70] * 40, Strategy("beam"), seed=0, max_new_tokens=5)
    track.join(30)
    assert {"Reading the prompt: 20% of 40 tokens …", "Reading the prompt: 40% of 40 tokens …"} <= set(said)
    assert track.state == "stopped" and not track.beam_steps and track.steps == [] and track.waiting == ""


def test_forced_tokens_are_scored_by_the_model(engine) -> None:
    track = StrategyRun(engine, [70, 71], Strategy("greedy", forced=(80, 81)), seed=0, max_new_tokens=5)
    track.join(30)
    assert [step.id for step in track.steps][:2] == [80, 81] and len(track.steps) == 5
    logits = engine.logits([70, 71, 80]).astype(np.float64)
    expected = logits[81] - logits.max() - np.log(np.exp(logits - logits.max()).sum())
    assert track.steps[1].logprob == pytest.approx(expected, abs=1e-4)


def test_the_beam_path_reads_the_model_s_log_probabilities(engine) -> None:
    ids = [70, 71, 72]
    steps = list(engine.beam(ids, num_beams=3, length_penalty=1.0, max_new_tokens=8))
    best = steps[-1].best
    path = beam_nodes.path(steps, best.ids)
    assert tuple(step.id for step in path) == best.ids
    assert sum(step.logprob for step in path) == pytest.approx(best.total, abs=1e-3)
    scored = engine.score([*ids, *best.ids]).logprobs[len(ids) - 1 :]
    np.testing.assert_allclose([step.logprob for step in path], scored, atol=1e-3)
    fates = {node.fate for node in beam_nodes.nodes(steps)}
    assert {beam_nodes.KEPT, beam_nodes.PRUNED} <= fates


def test_the_toy_s_best_first_token_loses() -> None:
    steps = toy_steps()
    assert steps[0].candidates[0].id == 1 and steps[-1].best.ids == (2, 4)
    assert math.exp(steps[-1].best.total) == pytest.approx(0.36)
    words = verdict(steps, ("The", " nice", " dog", " house", " has", " woman").__getitem__)
    assert words.startswith("The best first token lost") and "50.0%" in words and "40.0%" in words


def test_figures_show_hostile_tokens_as_text(engine) -> None:
    steps = list(engine.beam([70, 71], num_beams=2, length_penalty=1.0, max_new_tokens=3))
    for figure in (
        beam_tree.beam_tree_figure(steps, lambda _: "<b>$x$</b>"),
        samples.sample_tree([[1, 2], [1, 3]], lambda _: "<b>$x$</b>"),
        decoding.step_bars(
            np.full(4, 0.25),
            [decoding.Shaped("<i>", "#2f7ed8", np.eye(4)[0], np.eye(4)[0] > 0)],
            {0: "<b>$x$</b>", 2: "<b>$x$</b>"},
        ),
    ):
        text = str(figure)
        assert "&lt;b&gt;&#36;x&#36;" in text
        assert "$x$" not in text


def test_bars_sum_to_one_on_one_axis_and_keep_equal_looking_tokens_apart() -> None:
    probs = np.array([0.5, 0.2, 0.2, 0.1])
    figure = decoding.step_bars(probs, [], {0: "a", 1: "a"})
    assert figure["data"][0]["y"] == ["0", "1", decoding.REST]
    assert sum(figure["data"][0]["x"]) == pytest.approx(1)
    assert figure["layout"]["xaxis"]["range"] == [0, 1]


def test_split_characters_are_one_group(engine) -> None:
    ids = [token.id for token in engine.tokenizer.encode("a🚀b")]
    steps = [Step(i, -1.0, 0.5, (Alternative(i, -1.0, 0.5),), 0.0) for i in ids]
    tokens = stream_tokens(engine.tokenizer, steps, forced=1)
    assert "".join(token["text"] for token in tokens) == "a🚀b"
    inside = [token for token in tokens if token["group"] != tokens.index(token)]
    assert inside and all(token["text"] == "" and token["label"].startswith("⟨") for token in inside)
    assert tokens[0]["forced"] and not tokens[-1]["forced"]
    assert not any("�" in token["text"] + token["label"] for token in stream_tokens(engine.tokenizer, steps[:2]))


def test_control_tokens_are_marked_and_named(engine) -> None:
    stop = next(iter(engine.stop_ids))
    token = stream_tokens(engine.tokenizer, [Step(stop, -1.0, 1.0, (), 0.0)])[0]
    assert token["special"] and token["label"].startswith("<|") and token["text"] == ""


@given(hyp.lists(hyp.binary(min_size=1, max_size=4), max_size=8))
def test_groups_cover_all_bytes(pieces: list[bytes]) -> None:
    starts = groups(pieces)
    assert len(starts) == len(pieces)
    assert all(start <= index and starts[start] == start for index, start in enumerate(starts))
    assert "\u202e" not in printable(b"".join(pieces))


def test_marks_show_where_each_column_leaves_the_first_with_a_text() -> None:
    def text(*ids: int) -> list[Step]:
        return [Step(i, -1.0, 1.0, (), 0.0) for i in ids]

    columns = [Column(number, Strategy()) for number in range(4)]
    marks = parting_marks(columns, [[], text(1, 2, 3), text(1, 2, 4), text(1, 5)])
    assert [list(mark) for mark in marks] == [[], [1], [2], [1]]
    assert "column 2" in marks[2][2] and parting_marks(columns[:1], [[]]) == [{}]


def test_a_branch_knows_what_its_opening_could_have_been(engine) -> None:
    parent = StrategyRun(engine, [70, 71], Strategy("greedy"), seed=0, max_new_tokens=6)
    parent.join(30)
    ids = [step.id for step in parent.steps]
    other = next(a.id for a in parent.steps[2].alternatives if a.id != ids[2])

    def opening(prompt: list[int], forced: tuple[int, ...]) -> list[Step]:
        track = StrategyRun(engine, prompt, Strategy("greedy", forced=forced), seed=0, max_new_tokens=6, parent=parent)
        track.join(30)
        assert track.state == "done", track.error
        return track.forced

    branch = opening([70, 71], (*ids[:2], other))
    assert [step.alternatives for step in branch] == [step.alternatives for step in parent.steps[:3]]
    assert opening([70, 72], (*ids[:2], other))[0].alternatives == ()  # another prompt: nothing is known
    left = opening([70, 71], (other, *ids[:2])) if other != ids[0] else opening([70, 71], (ids[0] + 1, *ids[:2]))
    assert left[0].alternatives and left[1].alternatives == () == left[2].alternatives


@pytest.mark.parametrize("kind", ["greedy", "beam"])
def test_a_branch_by_click_does_not_read_the_prompt_for_its_opening(engine, monkeypatch, kind: str) -> None:
    parent = StrategyRun(engine, [70, 71], Strategy(kind), seed=0, max_new_tokens=6)
    parent.join(30)
    ids = [step.id for step in parent.steps]
    other = next(a.id for a in parent.steps[2].alternatives if a.id != ids[2])
    expected = engine.score([70, 71, *ids[:2], other]).logprobs[1:]
    with monkeypatch.context() as patched:
        patched.setattr(engine, "score", lambda ids: pytest.fail("the parent knows"))
        branch = StrategyRun(
            engine, [70, 71], Strategy("greedy", forced=(*ids[:2], other)), seed=0, max_new_tokens=6, parent=parent
        )
        branch.join(30)
    assert branch.state == "done", branch.error
    assert [step.id for step in branch.forced] == [*ids[:2], other]
    assert [step.logprob for step in branch.forced] == pytest.approx(expected.tolist(), abs=1e-4)


def test_the_tree_shows_totals_and_every_edge_starts_at_its_parent(engine) -> None:
    steps = list(engine.beam([70, 71, 72], num_beams=3, length_penalty=1.0, max_new_tokens=6))
    nodes = {node.ids: node for node in beam_nodes.nodes(steps)}
    figure = beam_tree.beam_tree_figure(steps, str)
    texts = " ".join(text for trace in figure["data"] for text in trace.get("text", ()))
    assert all(f"{abs(node.total):.2f}" in texts for node in nodes.values())
    ends = [
        (y0, x1, y1)
        for trace in figure["data"][:2]
        for y0, x1, y1 in zip(trace["y"][0::3], trace["x"][1::3], trace["y"][1::3], strict=True)
    ]
    expected = [(nodes[n.ids[:-1]].place if n.step else 0, n.step, n.place) for n in nodes.values()]
    assert sorted(ends) == sorted(expected)
    assert len({y0 for y0, x1, _ in ends if x1 == 3}) > 1  # a step has more than one parent


def test_the_newest_steps_of_a_search_are_the_end_of_its_tree(engine) -> None:
    steps = list(engine.beam([70, 71, 72], num_beams=3, length_penalty=1.0, max_new_tokens=9))
    tree = newest(engine, steps)
    last = [node for node in beam_nodes.nodes(steps) if node.step >= len(steps) - 6]
    assert [node.id for node in tree.nodes] == [node.ids[-1] for node in last]
    for node, whole in zip(tree.nodes, last, strict=True):
        assert node.depth == whole.step - (len(steps) - 6)
        assert (node.parent == -1) == (node.depth == 0)
        if node.depth:
            assert last[node.parent].ids == whole.ids[:-1]


def test_the_code_names_the_hub_and_no_folder_of_the_server(tiny_models, monkeypatch) -> None:
    from lib import models
    from lib.ui.decoding.lesson import source

    monkeypatch.setenv("PLAYGROUND_MODELS", str(tiny_models["gpt2"]))
    for model_id in models.CATALOG:
        assert source(model_id)[0] == models.CATALOG[model_id].hub_id
    name, about = source(tiny_models["gpt2"].name)
    assert name == tiny_models["gpt2"].name and "/" not in name + about and "your copy" in about
