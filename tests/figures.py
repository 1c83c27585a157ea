"""Every figure that `lib/figures` makes, on small inputs and at their edges; and numbers out of a figure."""

import base64
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from lib.architecture import hardware, known_configs, ledger
from lib.architecture.linear_layer import make
from lib.engine import BeamCandidate, BeamStep, Hypothesis
from lib.engine.sampling import distribution, softmax
from lib.figures import (
    architecture,
    architecture_cost,
    architecture_live,
    beam_tree,
    decoding,
    linear_layer,
    next_token,
    samples,
    tokenizers,
    training,
    two_distributions,
)
from lib.tokenization.bpe_tokenizer import MergeNode

HOSTILE = "<img src=x onerror=alert(1)> $x$"


def numbers(values: Any) -> np.ndarray:
    """What a figure holds as numbers: a list, or plotly's packed array."""
    if isinstance(values, dict):
        flat = np.frombuffer(base64.b64decode(values["bdata"]), "<f8")
        return flat.reshape([int(n) for n in values.get("shape", str(flat.size)).split(",")])
    return np.array(values)


def every_figure() -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and figure."""
    yield from _architecture()
    yield from _live()
    yield from _next_token()
    yield from _decoding()
    yield from _tokenizers()
    yield from _training()


def _architecture() -> Iterator[tuple[str, dict[str, Any]]]:
    hostile = ledger(replace(known_configs.architecture("pythia-70m"), name=HOSTILE))
    for kind in ("treemap", "icicle"):
        for fold in (True, False):
            yield f"map {kind} {fold}", architecture.parameter_map(ledger("gpt2"), kind=kind, fold=fold)
    yield "map hostile", architecture.parameter_map(hostile)
    books = {name: ledger(name) for name in ("gpt2", "qwen2.5-7b-instruct")} | {HOSTILE: hostile}
    yield "components", architecture.component_bars(books, highlight="gpt2")
    parts = {"bfloat16": {"weights": 2 * 10**9, "KV cache": 10**9}, "training": {"weights": 10**9, "gradients": 10**9,
             "Adam": 10**9, "activations": 10**8}}  # fmt: skip
    machine = hardware.Machine("This machine", 3 * 10**9, "this")
    yield "memory", architecture_cost.memory_bars(parts, [*hardware.KNOWN_MACHINES, machine])
    yield "memory without machines", architecture_cost.memory_bars(parts, [])
    for name in ("gpt2", "qwen2.5-7b-instruct"):
        yield f"cache {name}", architecture_cost.kv_curve(known_configs.architecture(name), batch=2, context=1000,
                                                     dtype="bfloat16", bytes_per_value=2)  # fmt: skip
    yield "linear", linear_layer.weight_heatmap(make(3, 2), (1.0, 2.0, 3.0), 1)
    yield "flops", architecture_cost.flops_bars({"attention": 10**9, "mlp": 2 * 10**9})


def _live() -> Iterator[tuple[str, dict[str, Any]]]:
    rng = np.random.default_rng(1)
    scores = np.where(np.tri(3, dtype=bool), 1.5, -np.inf)
    yield "scores", architecture_live.values_heatmap(scores, ["a", "<b>", "c"], square=True)
    weights = np.tri(14) / np.tri(14).sum(1, keepdims=True)
    yield "weights", architecture_live.values_heatmap(weights, [str(i) for i in range(14)], square=True)
    yield "few weights", architecture_live.values_heatmap(np.eye(2), ["a", "b"], square=True)
    yield "vectors", architecture_live.values_heatmap(rng.random((2, 999)).astype(np.float32), ["a", "b"], square=False)
    top = [["a", HOSTILE], ["a very long token", ""]]
    yield "lens", architecture_live.lens_heatmap(top, rng.random((2, 2)).astype(np.float32), ["x", "y"],
                                                 ["embedding", "block 0"], column=1)  # fmt: skip
    layers = ["embedding", *(f"block {i}" for i in range(30))]
    yield "curves", architecture_live.lens_curves(["x", HOSTILE], rng.random((31, 2)).astype(np.float32), layers, {1})
    yield "next", architecture_live.next_bars([HOSTILE, "b"], [0.5, 0.25], 0.25)


def _next_token() -> Iterator[tuple[str, dict[str, Any]]]:
    logits = (np.random.default_rng(0).standard_normal(300) * 3).astype(np.float32)
    found = next_token.sweep(logits)
    yield "six", next_token.six_temperatures(found, lambda i: f"{HOSTILE}{i}")
    yield "along", next_token.along_temperature(found, lambda i: f"{HOSTILE}{i}")
    yield "entropy", next_token.spread(found)
    one = next_token.sweep(np.array([1.0], dtype=np.float32))
    yield "one token", next_token.six_temperatures(one, str)
    for count in (1, 39, 41):
        bits = np.linspace(0, 20, count, dtype=np.float32)
        yield f"surprisal {count}", next_token.surprisal(bits, [f"<b>{i}" for i in range(count)])
    a, b = softmax(logits), distribution(logits, top_k=2).probs
    yield "two", two_distributions.paired_bars(a, b, ("<b>A</b>", "$B$"), lambda i: f"{HOSTILE}{i}")
    yield "two chosen", two_distributions.paired_bars(a, b, ("A", "B"), str, ids=[5, 6])
    yield "two of none", two_distributions.paired_bars(a, b, ("A", "B"), str, ids=[])


def _decoding() -> Iterator[tuple[str, dict[str, Any]]]:
    raw = softmax(np.random.default_rng(0).standard_normal(50))
    shaped = [decoding.Shaped(HOSTILE, "#2f7ed8", d.probs, d.kept) for d in (distribution(np.log(raw), top_k=3),)]
    yield "step", decoding.step_bars(raw, shaped, {3: "a", 4: "a", 5: HOSTILE})
    texts = [[1, 2, 3], [1, 2, 4], [1, 2, 4, 4], [5]]
    yield "samples", samples.sample_tree(texts, lambda i: f"<{i}>")
    yield "spread", samples.spread(texts)
    yield "no beams", beam_tree.beam_tree_figure([], str)
    yield "beams", beam_tree.beam_tree_figure(list(_beams()), lambda i: f"<{i}> $")


def _beams() -> Iterator[BeamStep]:
    ids: list[tuple[int, ...]] = [()]
    for index in range(3):
        found = [BeamCandidate(0, token, -0.5 * token, -index - 0.5 * token, -0.1 * token, token < 3, token == 3)
                 for token in range(1, 5)]  # fmt: skip
        beams = tuple(Hypothesis((*ids[0], c.id), c.total, c.score) for c in found if c.kept)
        ends = tuple(Hypothesis((*ids[0], c.id), c.total, c.score) for c in found if c.finished)
        yield BeamStep(index, tuple(found), beams, ends, index == 2)
        ids = [beam.ids for beam in beams]


def _tokenizers() -> Iterator[tuple[str, dict[str, Any]]]:
    yield "bars", tokenizers.bars(["GPT-2", HOSTILE], [3, 4.5], ["#3f6fb5", "#71717a"], unit="tokens", digits=1)
    ratios = {"GPT-2": {"English": 1.0, "Thai": 9.5}, HOSTILE: {"English": 1.0, "Thai": 2.0}}
    counts = {"GPT-2": {"English": 10, "Thai": 95}, HOSTILE: {"English": 9, "Thai": 18}}
    yield "languages", tokenizers.languages(ratios, counts, {"GPT-2": "#3f6fb5", HOSTILE: "#71717a"})
    yield "growth", tokenizers.growth([50, 100], [40, 70], [80.0, 60.0])
    leaves = [MergeNode(i, bytes([i]), 0, ()) for i in (104, 105, 60)]
    word = MergeNode(300, b"hi", 1, (leaves[0], leaves[1]))
    yield "merges", tokenizers.merge_tree([MergeNode(301, b"hi<", 2, (word, leaves[2])), MergeNode(62, b">", 0, ())])
    yield "no merges", tokenizers.merge_tree([])


def _training() -> Iterator[tuple[str, dict[str, Any]]]:
    lines = {"uniform, ln V": 6.6, HOSTILE: 0.9, "entropy": 0.45}
    steps = [(step, 6.6 / step, 1e-3, 1.0) for step in range(1, 9)]
    exploded = [(1, 6.6, 1e-3, 1.0), (2, 4e20, 1.0, 1e30)]
    made = {
        "curves": training.Curves(steps, [(0, 6.6), (8, 0.9)], lines, "nats a token", 8, 4),
        "curves of nothing yet": training.Curves([], [], {}, "nats a token", 600),
        "curves that explode": training.Curves(exploded, [], lines, "nats a token", 2),
    }
    for name, curves in made.items():
        yield name, training.curves_chart(curves, height=500)
    groups = {"names": [(HOSTILE, 0.1, 0.2), ("Tom", 1.0, 0.0)], "nobody": []}
    yield "embeddings", training.embedding_map(groups, height=400)
    yield "attention", training.attention_map(["a", HOSTILE], [[1.0, 0.0], [0.25, 0.75]], height=400)
    yield "beliefs", training.beliefs_chart({HOSTILE: (0.2, 0.4), "red": (0.1, 0.6)}, height=300)
