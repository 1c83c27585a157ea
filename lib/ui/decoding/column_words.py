"""What stands in, under and beside one column's text: what it waits for, why it ended, its numbers."""

import math

from lib.decoding import text_metrics
from lib.engine import Step
from lib.generation.strategy_run import StrategyRun
from lib.text_format import finished, percent

_LOOP = 6  # a repeat of so many tokens is pointed out


def placeholder(track: StrategyRun | None, problem: str | None) -> str:
    """What stands in the place of a text without a token."""
    if problem:
        return ""
    if track is None:
        return "Press Run."
    return track.waiting


def note(
    track: StrategyRun | None,
    steps: list[Step],
    *,
    earlier: bool = False,
    foreign: bool = False,
    before: StrategyRun | None = None,
) -> str:
    """The line under a text: that it is being written, or why it ended and what comes again in it.

    `earlier`: the settings have changed since. `foreign`: its first tokens were chosen by hand after another prompt.
    `before`: the text that stood here before it, of the same model.
    """
    if track is None or track.state in {"waiting", "failed"}:
        return ""
    said = " · ".join(
        word for word in (_state(track, steps), _changed(track, steps, before), _repeat(track, steps)) if word
    )
    if foreign:
        count = len(track.forced)
        said += f" · begins with {count} token{'s' * (count != 1)} chosen by hand after another prompt"
    return f"written with earlier settings (Run starts again) · {said}" if earlier else said


def _state(track: StrategyRun, steps: list[Step]) -> str:
    if not track.running:
        return finished("cancelled" if track.state == "stopped" else track.reason)
    looked = f" · step {len(track.beam_steps)} of the search" if track.strategy.kind == "beam" else ""
    return ("waits for its next turn …" if steps and track.queue_position else "writing …") + looked


def _changed(track: StrategyRun, steps: list[Step], before: StrategyRun | None) -> str:
    """Whether another seed gave another text; "" unless both texts are whole and nothing but the seed differs."""
    if before is None or not track.state == before.state == "done" or track.seed == before.seed:
        return ""
    if (track.prompt, track.strategy, track.max_new_tokens) != (before.prompt, before.strategy, before.max_new_tokens):
        return ""
    one, other = [step.id for step in steps], [step.id for step in before.steps]
    if one == other:
        return f"the same as with seed {before.seed}"
    place = text_metrics.first_divergence(one, other)
    place = min(len(one), len(other)) if place is None else place  # one is only the beginning of the other
    return f"differs from seed {before.seed}'s at token {place + 1}"


def _repeat(track: StrategyRun, steps: list[Step]) -> str:
    repeat = text_metrics.longest_repeat([step.id for step in steps])
    if track.running or repeat.length < _LOOP:
        return ""
    return f"tokens {repeat.first + 1} to {repeat.first + repeat.length} come again from token {repeat.second + 1}"


def numbers(track: StrategyRun, steps: list[Step]) -> str:
    """HTML: tokens, tokens/s, ln p, perplexity, distinct-2 and the longest repeat, each with its explanation."""
    ids, logprobs = [step.id for step in steps], [step.logprob for step in steps]
    repeat = text_metrics.longest_repeat(ids)
    one, two, three = (_share(text_metrics.distinct_n(ids, n)) for n in (1, 2, 3))
    ppl, rate = text_metrics.perplexity(logprobs), track.rate
    total = text_metrics.sequence_logprob(logprobs)
    summed = "–" if math.isnan(total) else f"{total:.2f}".replace("-", "−")
    cells = [
        (f"<b>{len(steps)}</b> token{'s' * (len(steps) != 1)}", "Generated tokens, the stop token included"),
        (f"<b>{f'{rate:.1f}' if rate else '–'}</b> tokens/s", "While being computed, together with the other columns"),
        (
            f"log‑probability <b>{summed}</b>",
            "The sum of ln p over the tokens, under the model itself (temperature 1, no filter)",
        ),
        (
            f"perplexity <b>{'–' if ppl is None else f'{ppl:.2f}' if ppl < 1e4 else f'{ppl:.1e}'}</b>",
            "Of this text: exp(−mean log-probability). Low: the model expected it, or it loops. High: it rambles",
        ),
        (
            f"distinct-2 <b>{two}</b>",
            f"Different pairs of neighbouring tokens, as a share of all pairs. For single tokens: {one}, for threes: "
            f"{three}",
        ),
        (
            f"longest repeat <b>{repeat.length if repeat.length > 1 else 'none'}</b>",
            "Tokens of the longest run that occurs twice without overlapping",
        ),
    ]
    return '<div class="dec-stats">' + "".join(f'<div title="{hint}">{words}</div>' for words, hint in cells) + "</div>"


def _share(value: float | None) -> str:
    return "–" if value is None else percent(value)
