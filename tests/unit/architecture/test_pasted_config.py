"""Configurations from outside: null, values of any type, sizes without bounds, caches, and what is not known."""

import json
from dataclasses import fields
from typing import Any

import pytest
from transformers import AutoConfig

from benchmarks.faults.pasted_configs import check_config, hostile_config
from lib.architecture import ArchitectureError, known_configs, ledger
from lib.architecture.comparison import compare
from lib.architecture.config_border import check_sizes, parsed
from lib.architecture.config_readers import read
from lib.architecture.cost import kv_cache_bytes
from lib.architecture.spec import FAMILIES, Architecture
from lib.models.config_defaults import DEFAULTS

MISTRAL = {"model_type": "mistral"}  # the defaults of its class are those of Mistral-7B-v0.1
LEFT_TO_THE_BUILD = {"rope_parameters"}  # transformers takes these only apart when a model is built


def _differs(mine: Architecture, theirs: Any) -> dict[str, tuple[Any, Any]]:
    """Sizes in which our reading differs from transformers' own object."""
    heads = theirs.num_attention_heads
    right = {
        "layers": theirs.num_hidden_layers,
        "hidden_size": theirs.hidden_size,
        "heads": heads,
        "vocab_size": theirs.vocab_size,
        "context": theirs.max_position_embeddings,
        "tied": theirs.tie_word_embeddings,
        "kv_heads": getattr(theirs, "num_key_value_heads", heads),
        "head_dim": getattr(theirs, "head_dim", None) or theirs.hidden_size // heads,
        "intermediate_size": (theirs.n_inner or 4 * theirs.n_embd)
        if mine.family == "gpt2"
        else theirs.intermediate_size,
    }
    window = getattr(theirs, "sliding_window", None) or 0
    if mine.family == "mistral":
        right["windows"] = (window,) * theirs.num_hidden_layers
    elif getattr(theirs, "layer_types", None):
        right["windows"] = tuple(window if kind == "sliding_attention" else 0 for kind in theirs.layer_types)
    rope = getattr(theirs, "rope_parameters", None) or {}
    rope = rope.get("full_attention", rope)
    if "rope_theta" in rope:
        right["rope_theta"] = rope["rope_theta"]
    return {key: (getattr(mine, key), value) for key, value in right.items() if getattr(mine, key) != value}


@pytest.mark.parametrize("family", FAMILIES)
def test_null_and_a_missing_key_mean_what_transformers_makes_of_them(family: str) -> None:
    keys = {field.name for field in fields(AutoConfig.for_model(family))} | set(DEFAULTS[family])
    keys |= {"n_inner", "rope_theta", "rotary_pct", "rotary_emb_base", "layer_types", "head_dim", "sliding_window"}
    assert not _differs(read({"model_type": family}), AutoConfig.for_model(family))
    for key in sorted(keys - LEFT_TO_THE_BUILD):
        config: dict[str, Any] = {"model_type": family, key: None}
        if key == "sliding_window" and family in {"qwen2", "qwen3"}:
            config |= {"use_sliding_window": True}
        try:
            mine = read(config)
        except ArchitectureError as error:
            assert "null" in str(error), (key, error)
            continue
        try:
            theirs = AutoConfig.for_model(**config)
        except Exception:  # a key that fixes no tensor: transformers refuses null there, and we count all the same
            continue
        assert not _differs(mine, theirs), key


@pytest.mark.parametrize("family", sorted(set(FAMILIES) - {"gpt2", "gpt_neox", "gemma3_text"}))
def test_no_number_of_kv_heads_means_as_many_as_heads(family: str) -> None:
    assert read({"model_type": family, "num_attention_heads": 16, "num_key_value_heads": None}).kv_heads == 16


@pytest.mark.parametrize("family", FAMILIES)
def test_a_size_that_is_null_is_a_sentence(family: str) -> None:
    for key in ("vocab_size", "tie_word_embeddings", "n_layer" if family == "gpt2" else "num_hidden_layers"):
        with pytest.raises(ArchitectureError, match=f"{key} is null; it must be"):
            read({"model_type": family, key: None})


def test_mistral_without_a_window_keeps_every_token() -> None:
    """2 (K, V) x 32 blocks x 8 KV heads x 128 x 2 bytes = 128 KiB a token."""
    a_token = 2 * 32 * 8 * 128 * 2
    full = read(MISTRAL | {"sliding_window": None})
    assert kv_cache_bytes(full, context=32_768) == 32_768 * a_token
    assert kv_cache_bytes(read(MISTRAL), context=32_768) == 4_095 * a_token  # v0.1: a window of 4,096
    assert ledger(full).total == 7_241_732_096  # the published count


@pytest.mark.parametrize("value", ["abc", [1], {}, True, float("nan"), 1e400, -1, 0, 10**400, ""])
def test_any_value_in_a_key_of_rope_is_a_sentence(value: object) -> None:
    for config in (
        {"model_type": "llama", "rope_theta": value},
        {"model_type": "llama", "rope_parameters": {"rope_theta": value}},
        {"model_type": "phi", "partial_rotary_factor": value},
        {"model_type": "gpt_neox", "rotary_pct": value},
        {"model_type": "gpt_neox", "rotary_emb_base": value},
    ):
        with pytest.raises(ArchitectureError, match="it must be a number above 0"):
            read(config)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"model_type": "gpt2", "n_layer": ' + "9" * 5000 + "}", "thousands of digits"),
        ("[" * 100_000, "nested too deeply"),
        ('{"model_type": "gpt2"', "not valid JSON"),
        ("[1]", "not a model's configuration"),
        ('{"model_type": "mpt", "a\\ud800": 1}', "half a character"),
        ('{"model_type": "<img src=x>"}', "no name of a family"),
        ('{"model_type": "mpt", "n_layers": 1000000000}', "n_layers is 1,000,000,000"),
        ('{"model_type": "mpt", "n_layers": 1e9}', "n_layers is 1000000000.0"),
        ('{"model_type": "mpt", "attn_config": {"n_heads": [1, 99999]}}', "n_heads is 99,999"),
        ('{"model_type": "mistral", "num_labels": 1000000000}', "num_labels is 1,000,000,000"),
        ('{"model_type": "gemma3_text", "layer_types": "xy"}', 'layer_types is "xy"'),
        ('{"model_type": "qwen2", "num_attention_heads": "nine"}', 'num_attention_heads is "nine"'),
    ],
)
def test_hostile_text_is_a_sentence(text: str, words: str) -> None:
    with pytest.raises(ArchitectureError, match=words):
        read(parsed(text))


def test_what_published_configurations_hold_is_no_fault() -> None:
    check_sizes({"rope_theta": 1e9, "time_step_limit": [0.0, float("inf")], "model_max_length": 10**30})
    check_sizes({"max_position_embeddings": 10_485_760, "id2label": {str(n): "x" for n in range(20_000)}})
    check_sizes({"mask": -3.4e38, "min_value": -3.4e38, "image_token_id": 200_092, "num_local_experts": 512})


def test_two_configurations_that_differ_anywhere_share_no_ledger() -> None:
    """Mixtral 8x7B has 46,702,792,704 parameters; with 16 experts a block 2 x as many in the experts."""
    small = {"model_type": "mixtral", "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 3}
    small |= {"num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 100}
    eight, sixteen = (ledger({**small, "num_local_experts": n}) for n in (8, 16))
    assert sixteen.total - eight.total == 3 * 8 * (3 * 64 * 96 + 64)  # blocks x experts x (three matrices, its gate)
    assert ledger({"model_type": "mixtral"}).total == 46_702_792_704
    assert eight.architecture != sixteen.architecture
    assert read({"model_type": "mpt"}) == read({"model_type": "mpt"}) != read({"model_type": "mpt", "x": 1})


def test_a_family_without_a_reader_gets_the_sizes_that_transformers_knows() -> None:
    before = read({"model_type": "mpt", "d_model": 256, "n_heads": 4, "n_layers": 5})
    arch = ledger(before).architecture
    assert (before.layers, before.hidden_size, before.context) == (0, 0, 0)
    assert (arch.layers, arch.hidden_size, arch.heads, arch.context, arch.tied) == (5, 256, 4, 2048, True)
    lines = {line.what: line.left for line in compare(before, known_configs.architecture("gpt2"))}
    assert lines["Layers"] == "5" and lines["KV heads"] == "not known" and lines["Norm"] == "not known here"
    lines = {line.what: line.left for line in compare(read({"model_type": "mamba"}), before)}
    assert lines["Context length"] == lines["Query heads"] == "not known"
    assert "attention" not in ledger({"model_type": "mamba"}).by_component()  # its mixers are none


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"model_type": "nosuch"}, "knows no model type called nosuch"),
        ({"model_type": "vit"}, "does not write text token by token"),
        ({"model_type": "mpt", "n_layers": 3000}, "reads 3,000 for num_hidden_layers"),
        ({"model_type": "mpt", "d_model": "wide"}, "cannot build a model of type mpt"),
    ],
)
def test_what_cannot_be_built_in_bounds_is_a_sentence_and_the_next_is_counted(config: dict, words: str) -> None:
    with pytest.raises(ArchitectureError, match=words):
        ledger(config)
    assert ledger({"model_type": "mpt", "n_layers": 2}).total > 0


def test_hostile_configurations_give_a_sentence_or_a_right_ledger() -> None:
    import random

    for number in range(150):
        check_config(hostile_config(random.Random(f"test {number}"), readers_only=True))


def test_the_canonical_spelling_is_json() -> None:
    assert json.loads(read(MISTRAL).spelling) == MISTRAL
