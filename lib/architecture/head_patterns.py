"""Reading a live pass: tokens that peak in the middle of the lens, where the answer wins, kinds of heads."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lib.architecture.live_pass_data import Lens

FIRST, BEFORE, SAME, AFTER_SAME = (
    "the first token",
    "the token before",
    "the same token earlier",
    "what followed the same token earlier",  # an induction head (Olsson et al. 2022)
)


@dataclass(frozen=True)
class NotableHead:
    """The head that shows a pattern most. Weights are means over `tokens`, the tokens that could show it, 0 to 1."""

    kind: str
    layer: int
    head: int
    weight: float  # of its attention on what the pattern names
    even: float  # what a head would give that looks at all tokens alike
    tokens: int


def middle_peaks(lens: Lens, position: int, *, least: float = 0.02) -> list[tuple[int, int, float, float]]:
    """Tokens that peak before the end: (id, layer of the peak, probability there, probability at the end).

    A token counts if it reaches `least` in an inner layer and loses at least half of that by the last.
    """
    curves, ids = lens.curves[position], lens.candidates[position]
    found = []
    for column, token in enumerate(ids):
        layer = int(curves[:, column].argmax())
        peak, end = float(curves[layer, column]), float(curves[-1, column])
        if 0 < layer < len(curves) - 1 and peak >= least and end < peak / 2:
            found.append((int(token), layer, peak, end))
    return sorted(found, key=lambda item: -item[2])


def winning_row(lens: Lens, position: int) -> int:
    """The first row of the lens (0 is the embedding) from which on the model's answer is the likeliest token."""
    others = np.flatnonzero(lens.top[:, position, 0] != lens.top[-1, position, 0])
    return int(others[-1]) + 1 if len(others) else 0


def head_summary(attentions: np.ndarray, layer: int, head: int) -> dict[str, float]:
    """How one head's map (T, T) looks: mean weight on the first token, on the previous one, on itself.

    Means are over the tokens that have a choice (all but the first), so a head that always looks back scores 1.
    """
    rows = attentions[layer, head][1:]
    if not len(rows):
        return {"first": 1.0, "previous": 0.0, "itself": 1.0}
    index = np.arange(1, len(rows) + 1)
    return {
        "first": float(rows[:, 0].mean()),
        "previous": float(rows[index - 1, index - 1].mean()),
        "itself": float(rows[index - 1, index].mean()),
    }


def patterns(ids: Sequence[int]) -> dict[str, np.ndarray]:
    """For each kind of head, (T, T) booleans: row i may look at column j. Kinds that this text cannot show are left
    out.

    >>> sorted(patterns([7, 8, 7]))
    ['the first token', 'the same token earlier', 'the token before', 'what followed the same token earlier']
    """
    count = len(ids)
    if count < 3:
        return {}
    row, column = np.arange(count)[:, None], np.arange(count)[None]
    same = (np.array(ids)[:, None] == np.array(ids)[None]) & (column < row)
    after = np.zeros_like(same)
    after[:, 1:] = same[:, :-1]
    found = {
        FIRST: (column == 0) & (row > 1),  # for token 1 it is the token before
        BEFORE: (column == row - 1) & (row > 1),
        SAME: same,
        AFTER_SAME: after & (column < row),
    }
    return {kind: where for kind, where in found.items() if where.any()}


def notable_heads(attentions: np.ndarray, ids: Sequence[int]) -> list[NotableHead]:
    """Of each kind that the text can show, the head (of attentions (L, H, T, T)) that shows it most.

    Its weight is the mean, over the tokens that could, of what they put on the tokens that the pattern names.
    """
    found = []
    for kind, where in patterns(ids).items():
        rows = where.any(axis=1)
        scores = (attentions * where).sum(-1)[..., rows].mean(-1)  # (L, H)
        layer, head = np.unravel_index(int(scores.argmax()), scores.shape)
        even = float((where.sum(1) / np.arange(1, len(ids) + 1))[rows].mean())
        found.append(NotableHead(kind, int(layer), int(head), float(scores.max()), even, int(rows.sum())))
    return found


def opening_head(attentions: np.ndarray, ids: Sequence[int]) -> NotableHead | None:
    """The notable head that the page opens on: the one furthest above even attention.

    Not that on the first token: most heads rest there when they find nothing (an attention sink, Xiao et al. 2023).
    """
    able = [head for head in notable_heads(attentions, ids) if head.kind != FIRST]
    return max(able, key=lambda head: head.weight - head.even, default=None)
