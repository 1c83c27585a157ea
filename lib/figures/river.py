"""The river of roads not taken: a text as a stream, and what forks off it, as a tree for the browser to draw.

Three builders: `of_reading` (one text and the rivals of each of its tokens), `of_texts` (several texts over one
another), `of_beams` (a beam search with its pruned arms). All give the same `River`. Knows nothing of Streamlit.
"""

import base64
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lib.decoding.beam_nodes import FINISHED as BEAM_FINISHED
from lib.decoding.beam_nodes import KEPT as BEAM_KEPT
from lib.decoding.beam_nodes import nodes as beam_nodes
from lib.engine import BeamStep, Rivals, SamplingError

TEMPERATURES = tuple(round(0.2 + 0.05 * step, 2) for step in range(37))  # the dial's steps: each has its own ln Z
RIVALS = 5  # drawn of a place, besides the token that was taken
ASKED = RIVALS + 1  # of the model, as the taken one is usually among them
TAKEN, RIVAL, PRUNED, FINISHED = "taken", "rival", "pruned", "finished"
Name = Callable[[int], str]  # a token's visible label


@dataclass(frozen=True)
class Node:
    """A token of the tree. `weight`: its share, 0 to 1, of the flow that enters the tree; of a reading, the model's
    probability at temperature 1 given all that stands before."""

    parent: int  # place in the list of nodes, always an earlier one; -1 at the source
    depth: int
    id: int
    label: str
    weight: float
    kind: str = TAKEN
    owners: tuple[int, ...] = ()  # which texts go through it
    best: bool = False  # on the way of a search's result
    logprob: float | None = None  # ln p of the raw model, where it is known


@dataclass(frozen=True)
class Scores:
    """What makes the probabilities of a reading at every temperature of the dial: node n that leaves place m has
    p = exp(-behind[n] / T - spread[m, T]). Relative to the likeliest token, small float32 numbers are enough."""

    behind: np.ndarray  # float32 (nodes,): logits below the likeliest one of the place
    top: np.ndarray  # float32 (places,): the likeliest one's raw logit
    spread: np.ndarray  # float32 (places, len(TEMPERATURES))


@dataclass(frozen=True)
class River:
    """The tree. `names` are those of the owners; a reading has `scores`."""

    kind: str  # "reading", "texts", "beams"
    nodes: tuple[Node, ...]
    names: tuple[str, ...] = ()
    scores: Scores | None = None

    def data(self) -> dict[str, Any]:
        """As the component takes it: a list for each field of the nodes; numbers of the scores as base64 of float32."""
        columns: dict[str, Any] = {
            "kind": self.kind,
            "names": list(self.names),
            "parent": [node.parent for node in self.nodes],
            "depth": [node.depth for node in self.nodes],
            "id": [node.id for node in self.nodes],
            "label": [node.label for node in self.nodes],
            "weight": [round(node.weight, 9) for node in self.nodes],
            "node": [node.kind for node in self.nodes],
            "owners": [list(node.owners) for node in self.nodes],
            "best": [node.best for node in self.nodes],
            "logprob": [node.logprob for node in self.nodes],
        }
        if self.scores is not None:
            columns |= {name: _packed(values) for name, values in vars(self.scores).items()}
            columns["temperatures"] = list(TEMPERATURES)
        return columns


def _packed(values: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(values, dtype="<f4").tobytes()).decode()


def of_reading(ids: Sequence[int], found: Rivals, name: Name, *, stop_ids: frozenset[int] = frozenset()) -> River:
    """A text of T tokens with up to RIVALS rivals at each place, the one after its end included.

    `found`: `engine.rivals(ids, count=ASKED, temperatures=TEMPERATURES)`. Raises SamplingError where logits are no
    numbers.
    """
    if not (np.isfinite(found.log_z).all() and np.isfinite(found.logits[:, 0]).all()):
        raise SamplingError("The model gave logits that are not numbers, so there is nothing to choose from.")
    top = found.logits[:, 0]
    spread = found.log_z - top[:, None].astype(np.float64) / np.array(TEMPERATURES)
    natural = spread[:, TEMPERATURES.index(1.0)]
    nodes = [Node(-1, 0, ids[0], name(ids[0]), 1.0)]
    behind = [0.0]

    def add(place: int, trunk: int, token: int, logit: float, kind: str) -> None:
        below = float(top[place]) - logit
        logprob = -below - float(natural[place])
        nodes.append(Node(trunk, place + 1, token, name(token), math.exp(logprob), kind, logprob=logprob))
        behind.append(below)

    trunk = 0
    for place in range(len(ids)):
        taken = ids[place + 1] if place + 1 < len(ids) else None
        here = trunk
        if taken is not None:
            trunk = len(nodes)
            add(place, here, taken, float(found.taken[place]), TAKEN)
        pairs = zip(found.ids[place].tolist(), found.logits[place].tolist(), strict=True)
        for token, logit in [pair for pair in pairs if pair[0] != taken][:RIVALS]:
            add(place, here, token, logit, FINISHED if token in stop_ids else RIVAL)
    return River("reading", tuple(nodes), scores=Scores(np.array(behind), top, spread))


def of_texts(
    texts: Sequence[Sequence[int]], name: Name, *, names: Sequence[str] = (), stop_ids: frozenset[int] = frozenset()
) -> River:
    """Several continuations of one prompt as a tree of what they have in common; an owner is a text's place.

    A node's weight is the share of the texts that go through it. Texts that end take their share out of the flow.
    """
    where: dict[tuple[int, ...], int] = {}
    drafts: list[tuple[int, int, int, list[int]]] = []  # parent, depth, id, owners
    for owner, text in enumerate(texts):
        parent = -1
        for depth, token in enumerate(text):
            prefix = tuple(text[: depth + 1])
            if prefix not in where:
                where[prefix] = len(drafts)
                drafts.append((parent, depth, token, []))
            parent = where[prefix]
            drafts[parent][3].append(owner)
    nodes = tuple(
        Node(parent, depth, token, name(token), len(owners) / len(texts), FINISHED if token in stop_ids else TAKEN,
             tuple(owners))
        for parent, depth, token, owners in drafts
    )  # fmt: skip
    return River("texts", nodes, tuple(names))


def of_beams(steps: Sequence[BeamStep], name: Name) -> River:
    """A beam search with its pruned arms. A node's weight is its share of the probability of everything that its step
    looked at, as totals of whole beginnings; the way of the result has `best`."""
    everything = beam_nodes(steps)
    best = steps[-1].best.ids if steps else ()
    sums: dict[int, float] = {}
    for one in everything:
        sums[one.step] = float(np.logaddexp(sums.get(one.step, -math.inf), one.total))
    where: dict[tuple[int, ...], int] = {}
    nodes: list[Node] = []
    for one in everything:
        parent = where.get(one.ids[:-1], -1)
        kind = TAKEN if one.fate == BEAM_KEPT else FINISHED if one.fate == BEAM_FINISHED else PRUNED
        where.setdefault(one.ids, len(nodes))
        nodes.append(
            Node(
                parent,
                one.step,
                one.ids[-1],
                name(one.ids[-1]),
                math.exp(one.total - sums[one.step]),
                kind,
                best=one.ids == tuple(best[: len(one.ids)]),
                logprob=one.logprob,
            )
        )
    return River("beams", tuple(nodes))
