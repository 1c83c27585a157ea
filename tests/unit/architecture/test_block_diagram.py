"""What a box of the block diagram says: its place in transformers' code exists, and its formula has the biases."""

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from lib.architecture import known_configs
from lib.architecture.block_diagram import diagram
from lib.architecture.config_readers import read

MODELS = ("gpt2", "smollm2-135m-instruct", "qwen1.5-1.8b-chat", "qwen3-0.6b", "gemma-3-270m", "pythia-70m", "phi-2")


@pytest.mark.parametrize("name", MODELS)
def test_every_box_names_a_place_in_the_code(name: str) -> None:
    arch = known_configs.architecture(name)
    config = dict(arch.config)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(AutoConfig.for_model(config.pop("model_type"), **config))
    places = {
        key: box.code.removeprefix("inside ").split(" (")[0].split(", ")[0] for key, box in diagram(arch).boxes.items()
    }
    places = {key: place for key, place in places.items() if place.startswith("model.")}
    assert {"embedding", "q", "out", "activation", "down", "final_norm", "head"} <= set(places)
    for place in places.values():
        assert callable(eval(place, {"model": model}))


def test_a_head_with_a_bias_says_so() -> None:
    assert diagram(known_configs.architecture("phi-2")).boxes["head"].formula.endswith("+ b")
    assert "+ b" not in diagram(known_configs.architecture("pythia-70m")).boxes["head"].formula


def test_gemmas_blocks_are_of_two_kinds_and_values_go_past_rope() -> None:
    repeat: Any = diagram(known_configs.architecture("gemma-3-270m")).layout[1]
    assert repeat["kinds"] == "15 sliding-window, 3 global"
    repeat = diagram(known_configs.architecture("smollm2-135m")).layout[1]
    assert repeat["kinds"] == ""
    attention = repeat["items"][0]["items"][1]
    turned, beside = attention["items"][0]["items"]
    assert placed([turned]) == ["q", "k", "rope"] and placed([beside]) == ["v"]


def placed(items: Sequence[Any]) -> list[str]:
    """The boxes of an arrangement, in its order; an addition comes after what it adds."""
    found: list[str] = []
    for item in items:
        if isinstance(item, str):
            found.append(item)
        else:
            found += placed(item["items"]) + ([item["add"]] if "add" in item else [])
    return found


@pytest.mark.parametrize("name", [*MODELS, "falcon"])
def test_every_box_has_one_place(name: str) -> None:
    arch = known_configs.architecture(name) if name != "falcon" else read(AutoConfig.for_model("falcon").to_dict())
    picture = diagram(arch)
    order = placed(picture.layout)
    assert sorted(order) == sorted(picture.boxes)
    if arch.known:
        assert order[:2] == ["tokens", "embedding"] and order[-3:] == ["final_norm", "head", "softmax"]
        assert order.index("q") < order.index("scores") < order.index("out") < order.index("down")
