"""Decoding's columns as data: CSV with a line a token, JSON with everything."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import exp, isnan
from typing import Any

from lib.decoding.strategies import Strategy
from lib.engine import Step
from lib.takehome.csv_files import csv_text


@dataclass(frozen=True)
class Result:
    """A column and its text, with the settings it was written with. `state`: "done", "stopped", "running", "failed"."""

    strategy: Strategy
    seed: int
    max_new_tokens: int
    state: str
    prompt: str
    text: str
    steps: Sequence[Step]


def results_csv(results: Sequence[Result], name: Callable[[int], str]) -> str:
    """`name`: a token's visible label. A token given by hand or by beam search was not drawn: no last cell."""
    header = ["column", "strategy", "seed", "position", "token ID", "token", "ln p", "probability (model, T = 1)"]
    return csv_text(
        [*header, "probability after sampling settings"],
        (
            [
                number,
                one.strategy.title(),
                one.seed if one.strategy.random else None,
                place + 1,
                step.id,
                name(step.id),
                _known(step.logprob),
                _known(exp(step.logprob)),
                _known(step.prob) if _drawn(one.strategy, place) else None,
            ]
            for number, one in enumerate(results, 1)
            for place, step in enumerate(one.steps)
        ),
    )


def results_json(results: Sequence[Result], name: Callable[[int], str], *, model: str) -> str:
    """All columns with their settings, texts and tokens."""
    data = {"format": "llm-playground-decoding", "version": 1, "model": model}
    columns = [_column(one, name) for one in results]
    return json.dumps(data | {"columns": columns}, indent=1) + "\n"


def _column(one: Result, name: Callable[[int], str]) -> dict[str, Any]:
    return {
        "strategy": one.strategy.kind,
        "settings": dict(one.strategy.knobs),
        "seed": one.seed if one.strategy.random else None,
        "max_new_tokens": one.max_new_tokens,
        "chosen_by_hand": list(one.strategy.forced),
        "state": one.state,
        "prompt": one.prompt,
        "text": one.text,
        "tokens": [
            {
                "id": step.id,
                "token": name(step.id),
                "logprob": _known(step.logprob),
                "probability_after_settings": _known(step.prob) if _drawn(one.strategy, place) else None,
            }
            for place, step in enumerate(one.steps)
        ],
    }


def _known(value: float) -> float | None:
    """A number; None for the NaN of a server that does not say, which JSON has no word for."""
    return None if isnan(value) else value


def _drawn(strategy: Strategy, place: int) -> bool:
    return strategy.kind != "beam" and place >= len(strategy.forced)
