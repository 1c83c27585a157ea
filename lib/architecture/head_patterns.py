"""Reading a live pass: tokens that peak in the middle of the lens, what kind of head a head is."""

from collections.abc import Sequence

import numpy as np

from lib.architecture.live_pass_data import Lens


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


def notable_heads(attentions: np.ndarray, ids: Sequence[int]) -> list[tuple[str, int, int, float]]:
    """The head of each well-known kind that shows it most: (kind, layer, head, mean weight 0 to 1).

    Kinds: on the first token, on the token before, on itself, and (if a token repeats) on what followed the same
    token earlier, an induction head (Olsson et al. 2022).
    """
    count = attentions.shape[-1]
    if count < 3:
        return []
    rows = np.arange(1, count)
    scores = {
        "the first token": attentions[:, :, rows, 0].mean(-1),
        "the token before": attentions[:, :, rows[1:], rows[1:] - 1].mean(-1),
        "the token itself": attentions[:, :, rows, rows].mean(-1),
    }
    pairs = [(i, j + 1) for i in range(count) for j in range(i - 1) if ids[i] == ids[j]]
    if pairs:
        later, after = np.array(pairs).T
        scores["what followed the same token earlier"] = attentions[:, :, later, after].mean(-1)
    found = []
    for kind, score in scores.items():
        layer, head = np.unravel_index(int(score.argmax()), score.shape)
        found.append((kind, int(layer), int(head), float(score.max())))
    return found
