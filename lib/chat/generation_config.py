"""The sampling settings that a model's makers recommend for chat: from its files or its model card."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lib.json_file import read_json

KNOBS = ("temperature", "top_p", "top_k", "min_p", "repetition_penalty")
# The example code of the model cards of SmolLM2-135M-Instruct, -360M-Instruct and -1.7B-Instruct:
# `model.generate(inputs, max_new_tokens=50, temperature=0.2, top_p=0.9, do_sample=True)`. Their generation_config.json
# names no sampling value. (`generate` adds its own top_k=50, which changes next to nothing at temperature 0.2.)
_CARDS: Mapping[str, Mapping[str, float]] = {"smollm2": {"temperature": 0.2, "top_p": 0.9}}


@dataclass(frozen=True)
class Recommended:
    """Sampling settings by name (of `KNOBS`; one that is missing is off) and where they stand, Markdown of our own."""

    values: Mapping[str, float]
    source: str


def recommended(template: str, folder: Path | None) -> Recommended | None:
    """What the makers of a model say for a chat with it; None if they say nothing.

    `template` is the name of its chat format in the catalog, `folder` is where its weights are. The file that came
    with the model goes before the model card's example.
    """
    shipped = generation_defaults(folder) if folder else {}
    if shipped and shipped["temperature"] > 0:
        return Recommended(shipped, "`generation_config.json`, which came with the model")
    if template in _CARDS:
        return Recommended(_CARDS[template], "the example code on its model card")
    return None


def generation_defaults(folder: Path) -> Mapping[str, float]:
    """What `transformers.generate()` would silently use for this model; {} if the folder has no such file.

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
