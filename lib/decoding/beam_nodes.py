"""What a beam search looked at, as a tree: kept, pruned and finished branches; and one hypothesis read as steps."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lib.engine import Alternative, BeamStep, Step

KEPT, PRUNED, FINISHED = "kept", "pruned", "finished"


@dataclass(frozen=True)
class BeamNode:
    """One candidate. `ids` is its whole beginning; `place` its row in the drawing, 0 for the best of its step."""

    ids: tuple[int, ...]
    logprob: float
    total: float
    score: float
    fate: str
    place: int

    @property
    def step(self) -> int:
        return len(self.ids) - 1


def nodes(steps: Sequence[BeamStep]) -> list[BeamNode]:
    """Every candidate of every step, best total first within a step."""
    found = []
    beams: list[tuple[int, ...]] = [()]
    for step in steps:
        for place, c in enumerate(step.candidates):
            if c.total == -math.inf:  # only in toys: a real model gives no token probability 0
                continue
            fate = FINISHED if c.finished else KEPT if c.kept else PRUNED
            found.append(BeamNode((*beams[c.parent], c.id), c.logprob, c.total, c.score, fate, place))
        beams = [beam.ids for beam in step.beams]
    return found


def path(steps: Sequence[BeamStep], ids: Sequence[int], *, alternatives: int = 8) -> list[Step]:
    """The hypothesis `ids` read as steps. Alternatives are the other tokens that the search tried at the same place.

    Beam search filters nothing, so `prob` is the model's own probability.
    """
    tried: dict[tuple[int, ...], list[BeamNode]] = {}
    for node in nodes(steps):
        tried.setdefault(node.ids[:-1], []).append(node)
    read = []
    for index, token in enumerate(ids):
        siblings = sorted(tried.get(tuple(ids[:index]), []), key=lambda n: -n.logprob)
        chosen = next((n for n in siblings if n.ids[-1] == token), None)
        if chosen is None:
            break
        others = tuple(Alternative(n.ids[-1], n.logprob, math.exp(n.logprob)) for n in siblings[:alternatives])
        read.append(Step(token, chosen.logprob, math.exp(chosen.logprob), others, 0.0))
    return read


@dataclass(frozen=True)
class FirstToken:
    """A first token of the search and the best text that began with it, as far as the search followed it."""

    id: int
    logprob: float
    best_ids: tuple[int, ...]
    best_total: float
    best_score: float
    followed: int  # steps for which some beam still began with it


def first_tokens(steps: Sequence[BeamStep]) -> list[FirstToken]:
    """What became of every first token: which of them led, and where the best ended. Best first token first."""
    everything = nodes(steps)
    found = []
    for root in (n for n in everything if n.step == 0):
        line = [n for n in everything if n.ids[0] == root.ids[0] and n.fate != PRUNED] or [root]
        last = max(n.step for n in line)
        ends = [n for n in line if n.fate == FINISHED] or [n for n in line if n.step == last]
        best = max(ends, key=lambda n: n.score)
        found.append(FirstToken(root.ids[0], root.logprob, best.ids, best.total, best.score, last + 1))
    return sorted(found, key=lambda f: -f.logprob)
