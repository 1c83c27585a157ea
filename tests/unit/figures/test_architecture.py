"""Pictures of the architecture page say what the numbers say."""

import base64
from itertools import pairwise

import numpy as np
import pytest

from lib.architecture import hardware, known_configs, ledger
from lib.architecture.cost import kv_cache_bytes, weight_bytes
from lib.architecture.linear_layer import make
from lib.design import PARTS
from lib.figures.architecture import component_bars, parameter_map
from lib.figures.architecture_cost import kv_curve, memory_bars
from lib.figures.architecture_live import COLUMNS, lens_curves, lens_heatmap, next_bars, values_heatmap
from lib.figures.linear_layer import weight_heatmap
from lib.figures.theme import DIVERGING, SEQUENTIAL, WHITE, contrast
from tests.figures import numbers


@pytest.mark.parametrize("name", ["gpt2", "gemma-3-270m", "pythia-70m"])
@pytest.mark.parametrize("fold", [True, False])
@pytest.mark.parametrize("kind", ["treemap", "icicle"])
def test_every_branch_is_the_sum_of_its_leaves(name: str, fold: bool, kind: str) -> None:
    book = ledger(name)
    trace = parameter_map(book, kind=kind, fold=fold)["data"][0]
    values = dict(zip(trace["ids"], trace["values"], strict=True))
    assert values["model"] == book.total
    for branch in set(trace["parents"]) - {""}:
        leaves = [v for v, p in zip(trace["values"], trace["parents"], strict=True) if p == branch]
        assert values[branch] == sum(leaves)
    assert len(set(trace["ids"])) == len(trace["ids"])
    blocks = sum(label.startswith("Block ") for label in trace["labels"])
    assert blocks == (0 if fold else book.architecture.layers)


def test_hostile_names_are_shown_not_run() -> None:
    from dataclasses import replace

    book = ledger(replace(known_configs.architecture("pythia-70m"), name="<img src=x onerror=alert(1)>$x$"))
    assert "<img" not in str(parameter_map(book))
    assert "<img" not in str(component_bars({book.architecture.name: book}))
    assert "<b>" not in str(next_bars(["<b>"], [0.5], 0.5))
    assert "<b>" not in str(lens_heatmap([["<b>"]], np.ones((1, 1)), ["<b>"], ["block 0"], column=0))


def test_the_shares_of_the_components_add_up_to_a_hundred() -> None:
    books = {name: ledger(name) for name in ("gpt2", "qwen2.5-7b-instruct")}
    fig = component_bars(books)
    for row in range(2):
        assert sum(bar["x"][row] for bar in fig["data"]) == pytest.approx(100)


def test_the_cache_curve_and_memory_bars_are_the_cost_functions() -> None:
    arch = known_configs.architecture("qwen2.5-7b-instruct")
    fig = kv_curve(arch, batch=2, context=1000, dtype="bfloat16", bytes_per_value=2)
    built, all_heads = fig["data"]
    for tokens, value in zip(built["x"], built["y"], strict=True):
        assert value * 1e9 == pytest.approx(kv_cache_bytes(arch, batch=2, context=tokens))
    assert all_heads["y"][-1] == pytest.approx(7 * built["y"][-1])
    bars = memory_bars({"bfloat16": {"weights": weight_bytes(arch, "bfloat16")}}, hardware.KNOWN_MACHINES)
    assert bars["data"][0]["x"][0] == pytest.approx(2 * arch.published / 1e9)
    assert {note["text"] for note in bars["layout"]["annotations"]} >= {"RTX 3060", "T4 (Colab, Kaggle)"}


def test_values_keep_the_future_empty_and_say_what_they_cut() -> None:
    scores = np.where(np.tri(3, dtype=bool), 1.5, -np.inf)
    fig = values_heatmap(scores, ["a", "b", "c"], square=True)
    assert np.isnan(numbers(fig["data"][0]["z"])[0][1])
    assert fig["data"][0]["text"][0] == ["1.50", "", ""]
    weights = values_heatmap(np.tri(3) / np.tri(3).sum(1, keepdims=True), ["a", "b", "c"], square=True)["data"][0]
    assert (weights["zmin"], weights["zmax"]) == (0, 1)
    assert np.isnan(numbers(weights["z"])[0][2])
    wide = values_heatmap(np.ones((2, 999)), ["a", "b"], square=False)
    assert numbers(wide["data"][0]["z"]).shape == (2, COLUMNS)
    assert values_heatmap(np.zeros((1, 4)), ["a"], square=False)["data"][0]["zmax"] > 0
    assert values_heatmap(np.full((1, 4), np.nan), ["a"], square=False)["data"][0]["zmax"] > 0


def test_curves_mark_what_fades() -> None:
    curves = np.array([[0.0, 0.9], [0.1, 0.2], [0.8, 0.0]])
    fig = lens_curves(["x", "y"], curves, ["embedding", "block 0", "block 1"], {1})
    assert [line["line"]["dash"] for line in fig["data"]] == ["solid", "dot"]
    assert len(fig["layout"]["annotations"]) == 1


def test_the_matrix_of_the_linear_lesson() -> None:
    layer = make(3, 2)
    fig = weight_heatmap(layer, (1.0, 2.0, 3.0), 1)
    assert [list(row) for row in fig["data"][0]["z"]] == [list(row) for row in layer.weight]
    assert f"y1 = {layer((1.0, 2.0, 3.0))[1]:.4g}" in [note["text"] for note in fig["layout"]["annotations"]]


def test_attention_weights_survive_the_way_to_the_browser() -> None:
    from lib.ui.architecture.attention import pack

    maps = np.random.default_rng(0).random((2, 3, 5, 5)) * np.tri(5)
    values = np.frombuffer(base64.b64decode(pack(maps)), "<u2").reshape(2, 3, 15) / 65535
    rows, columns = np.tril_indices(5)
    np.testing.assert_allclose(values, maps[:, :, rows, columns], atol=1e-5)


def test_the_names_on_the_map_can_be_read() -> None:
    trace = parameter_map(ledger("gpt2"))["data"][0]
    pairs = zip(trace["textfont"]["color"], trace["marker"]["colors"], strict=True)
    assert min(contrast(text, box) for text, box in pairs) > 4.5


@pytest.mark.parametrize("scale", [SEQUENTIAL, DIVERGING])
def test_white_numbers_can_be_read_on_every_shade_of_a_heatmap(scale: tuple[tuple[float, str], ...]) -> None:
    for (_, one), (_, other) in pairwise(scale):
        ends = [[int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in (one, other)]
        for share in np.linspace(0, 1, 11):
            mixed = np.rint((1 - share) * np.array(ends[0]) + share * np.array(ends[1])).astype(int)
            assert contrast("#" + "".join(f"{value:02x}" for value in mixed), WHITE) >= 4.5


def test_the_colours_of_memory_are_no_parts() -> None:
    bars = memory_bars({"x": dict.fromkeys(("weights", "KV cache", "activations", "gradients", "Adam"), 1)}, [])
    colours = {bar["marker"]["color"] for bar in bars["data"]}
    assert len(colours) == 5 and not colours & set(PARTS.values())


def test_the_lens_frames_where_each_answer_wins() -> None:
    fig = lens_heatmap([["a", "b"], ["c", "b"]], np.ones((2, 2)), ["x", "y"], ["emb", "block 0"], column=1, wins=[1, 0])
    chosen, *marks = fig["layout"]["shapes"]
    assert (chosen["x0"], chosen["x1"]) == (0.5, 1.5)
    assert [(mark["x0"] + 0.48, mark["y0"] + 0.46) for mark in marks] == [(0, 1), (1, 0)]
    assert marks[1]["line"]["width"] > marks[0]["line"]["width"]
    lines = lens_curves(["x"], np.array([[0.1], [0.9]]), ["embedding", "block 0"], set(), wins=1)["layout"]["shapes"]
    assert lines[0]["x0"] == lines[0]["x1"] == 1
