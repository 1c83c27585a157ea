"""What a beam search shows, in words, with the numbers of the search itself."""

import math
from collections.abc import Callable, Sequence

from lib.decoding import beam_nodes
from lib.engine import BeamStep
from lib.text_format import ordinal, percent
from lib.ui.components.page import escape


def verdict(steps: Sequence[BeamStep], name: Callable[[int], str]) -> str:
    """Markdown: whether the best first token won, with the numbers of the search itself."""
    firsts = beam_nodes.first_tokens(steps)
    best = steps[-1].best
    favourite, winner = firsts[0], next((f for f in firsts if best.ids and f.id == best.ids[0]), firsts[0])
    way = [node for node in beam_nodes.nodes(steps) if node.ids == best.ids[: len(node.ids)]]
    low = max(way, key=lambda node: node.place)
    if winner.id == favourite.id and low.place == 0:
        return (
            f"Here the likeliest first token, “**{escape(name(favourite.id))}**” "
            f"({percent(math.exp(favourite.logprob))}), also opens the result, and the result led at every step:"
            " greedy decoding finds the same. The toy shows the other case; try other prompts, or more beams."
        )
    if winner.id == favourite.id:
        return (
            f"The likeliest first token, “**{escape(name(favourite.id))}**” "
            f"({percent(math.exp(favourite.logprob))}), also opens the result. But at step {low.step + 1} the "
            f"result was only {ordinal(low.place + 1)} in total: whoever keeps only one beginning has lost it by then."
        )
    lost = (
        f"its beams were pruned after step {favourite.followed}"
        if favourite.followed < len(steps)
        else f"its best text totals {favourite.best_total:.2f}"
    )
    return (
        f"The best first token lost. “**{escape(name(favourite.id))}**” was likeliest at step 1 "
        f"({percent(math.exp(favourite.logprob))}), but {lost}. "
        f"“**{escape(name(winner.id))}**” began with only {percent(math.exp(winner.logprob))} and ends with a "
        f"total of {best.total:.2f} (score {best.score:.3f})."
    )
