"""The drawn beam tree: every edge joins two marks, and the thick path is the best text's."""

import math
from typing import Any

import pytest

from lib.decoding import beam_nodes
from lib.engine import BeamStep, compute
from lib.figures import beam_tree

TABLE = [[math.log((3 * i + 5 * j) % 7 + 1) - 3 for j in range(6)] for i in range(6)]


@pytest.fixture(scope="module")
def steps() -> list[BeamStep]:
    """Five steps with two beams over a small table of log-probabilities."""
    found: list[BeamStep] = compute("lib.engine.beam.search_table", TABLE, 0, 2, 5)
    return found


def edges(trace: dict[str, Any]) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    points = list(zip(trace["x"], trace["y"], strict=True))
    assert all(points[at] == (None, None) for at in range(2, len(points), 3))
    return [(points[at], points[at + 1]) for at in range(0, len(points), 3)]


def test_every_edge_joins_two_marks(steps: list[BeamStep]) -> None:
    traces = beam_tree.beam_tree_figure(steps, str)["data"]
    marks = {at for trace in traces if "markers" in trace["mode"] for at in zip(trace["x"], trace["y"], strict=True)}
    drawn = [edge for trace in traces if trace["mode"] == "lines" for edge in edges(trace)]
    assert drawn and all(a in marks and b in marks and b[0] - a[0] == 1 for a, b in drawn)
    assert len(drawn) == len(beam_nodes.nodes(steps))


def test_the_thick_path_is_that_of_the_best_text(steps: list[BeamStep]) -> None:
    best = steps[-1].best.ids
    places = {node.ids: node.place for node in beam_nodes.nodes(steps)}
    thick = next(t for t in beam_tree.beam_tree_figure(steps, str)["data"] if t.get("name") == "the best text's path")
    assert [b for _, b in edges(thick)] == [(at, places[best[: at + 1]]) for at in range(len(best))]
