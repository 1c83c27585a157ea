"""The sampling settings a model's makers ship with it (`generation_config.json`): shown, never applied unasked."""

from collections.abc import Mapping
from pathlib import Path

from lib.json_file import read_json

KNOBS = ("temperature", "top_p", "top_k", "min_p", "repetition_penalty")


def generation_defaults(folder: Path) -> Mapping[str, float]:
    """What `transformers.generate()` would use for this model without saying so; {} if the folder has none.

    `do_sample` false (transformers' own default) means greedy, given here as temperature 0. A top-k of 0 means off;
    where the file samples and names no top-k, transformers falls back to 50.
    """
    data = read_json(folder / "generation_config.json")
    if not data:
        return {}
    found = {
        knob: float(data[knob])
        for knob in KNOBS
        if isinstance(data.get(knob), int | float) and not isinstance(data.get(knob), bool)
    }
    if not data.get("do_sample", False):
        return {"temperature": 0.0, **{k: v for k, v in found.items() if k == "repetition_penalty"}}
    found.setdefault("temperature", 1.0)
    found.setdefault("top_k", 50.0)
    return found
