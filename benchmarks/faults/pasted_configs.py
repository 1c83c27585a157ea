"""Configurations that somebody pastes: hostile values, sizes without bounds, null, and thousands of mutations."""

import json
import random
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

from benchmarks.faults.frame import Fault, Fuzz, Outcome
from lib.architecture import ArchitectureError, known_configs, ledger
from lib.architecture.config_border import parsed
from lib.architecture.config_readers import read
from lib.architecture.cost import kv_cache_bytes
from lib.models.config_defaults import DEFAULTS

Config = dict[str, Any]
HOSTILE: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2, 3, 7, 64, 1e9, 10**9, 10**30, 2**63, 10**400, 0.5, -0.0),
    *(float("nan"), float("inf"), float("-inf"), "", "abc", "12", "nine", "\u0661\u0662", "\x00", "😀" * 100),
    *([], [1], [None], [[]], {}, {"a": 1}, {"rope_theta": "x"}, ["sliding_attention"] * 3, "silu", "gelu", 1.0, 12.0),
)
# Families that transformers has to build, small: attention, state space, experts, encoders that can decode.
SMALL: tuple[Config, ...] = (
    {"model_type": "mpt", "d_model": 64, "n_heads": 4, "n_layers": 2, "vocab_size": 100, "max_seq_len": 64},
    {"model_type": "opt", "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "ffn_dim": 64}
    | {"vocab_size": 99, "max_position_embeddings": 50, "word_embed_proj_dim": 32},
    {"model_type": "mixtral", "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "vocab_size": 100}
    | {"num_attention_heads": 4, "num_key_value_heads": 2, "num_local_experts": 4},
    {"model_type": "falcon", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 100},
    {"model_type": "mamba", "hidden_size": 64, "num_hidden_layers": 2, "state_size": 8, "vocab_size": 100},
    {"model_type": "bloom", "hidden_size": 64, "n_layer": 2, "n_head": 4, "vocab_size": 100},
    {"model_type": "bart", "d_model": 32, "decoder_layers": 2, "decoder_attention_heads": 4, "vocab_size": 100},
)


@lru_cache(maxsize=1)
def _real() -> tuple[Config, ...]:
    """The published configurations, and each family's own defaults."""
    published = [dict(known_configs.architecture(name).config) for name in known_configs.names()]
    return (*published, *({"model_type": family, **values} for family, values in DEFAULTS.items()))


def hostile_config(rng: random.Random, *, readers_only: bool = False) -> str:
    """The text of a configuration, mutated in one to four places; one in 20 is broken as text besides."""
    foreign = not readers_only and rng.random() < 0.25
    config = json.loads(json.dumps(rng.choice(SMALL if foreign else _real())))
    if not foreign:
        _shrink(config)
    for _ in range(rng.randint(1, 4)):
        _mutate(config, rng)
    text = json.dumps(config)
    if rng.random() < 0.05:
        at = rng.randrange(len(text))
        text = rng.choice((text[:at], text[:at] + rng.choice('{}[],":\\') + text[at:], text.replace(" ", "\u2003", 1)))
    if rng.random() < 0.05:  # the same key twice: the last one counts
        text = text[:-1] + f', "{rng.choice(list(config) or ["a"])}": {json.dumps(rng.choice(HOSTILE))}' + "}"
    return text


def _shrink(config: Config) -> None:
    """Few blocks, so that transformers builds it in no time."""
    for key in ("num_hidden_layers", "n_layer"):
        if key in config:
            config[key] = 2
    if isinstance(config.get("layer_types"), list):
        config["layer_types"] = config["layer_types"][:2]


def _mutate(config: Config, rng: random.Random) -> None:
    key = rng.choice(list(config) or ["model_type"])
    way = rng.random()
    if way < 0.1:
        config.pop(key, None)
    elif way < 0.2:
        config[rng.choice(("sliding_window", "head_dim", "n_inner", "rope_parameters", "x" * 500, "é\ud800"))] = (
            rng.choice(HOSTILE)
        )
    elif way < 0.25:
        nested: Any = 1
        for _ in range(rng.choice((3, 25, 300))):
            nested = [nested] if rng.random() < 0.5 else {"a": nested}
        config[key] = nested
    elif way < 0.45 and isinstance(config.get(key), int) and not isinstance(config[key], bool):
        config[key] = max(-9, config[key] + rng.choice((-1, 1, 2, 8, config[key], 10 * config[key])))
    elif key != "model_type" or way > 0.95:
        config[key] = rng.choice(HOSTILE)


def check_config(text: str) -> None:
    """A sentence, or a ledger that adds up and is transformers' own wherever transformers builds such a model."""
    from lib.architecture import meta_module

    try:
        arch = read(parsed(text))
        book = ledger(arch)
    except ArchitectureError as error:
        assert 10 < len(str(error)) < 700, error
        return
    assert book.total == sum(row.params for row in book.rows) > 0
    if arch.known and arch.layers <= 24:
        try:
            theirs = meta_module.count(arch)
        except ArchitectureError:  # transformers is stricter: with words where there is no size, for one
            return
        assert theirs == book.total, f"transformers counts {theirs:,}, the ledger {book.total:,}"


def _sentence(text: str) -> str:
    """What the page says; AssertionError if it says nothing."""
    try:
        ledger(read(parsed(text, "What you pasted")))
    except ArchitectureError as error:
        return str(error)
    raise AssertionError("it was counted")


def _refused(text: str, words: str, healed: str, seconds: float = 2.0) -> Any:
    def provoke(_: Path) -> Outcome:
        ledger({"model_type": "mpt", "n_layers": 2})  # the process is there: its start is not the fault's
        began = time.perf_counter()
        read_as = _sentence(text)
        took = time.perf_counter() - began
        assert words in read_as, read_as
        assert took < seconds, f"{took:.1f} s"
        total = ledger(read(parsed(healed))).total
        return Outcome(read_as, "the text in the box", f"corrected: {total:,} parameters")

    return provoke


def _mistral(_: Path) -> Outcome:
    arch = read(parsed('{"model_type": "mistral", "sliding_window": null}'))
    cache = kv_cache_bytes(arch, context=32_768)
    assert cache == 32_768 * 2 * 32 * 8 * 128 * 2
    return Outcome(f"The KV cache of 32,768 tokens takes {cache:,} bytes.", "the configuration", "nothing had to be")


def _mixtral(_: Path) -> Outcome:
    eight, sixteen = (
        ledger(read(parsed(f'{{"model_type": "mixtral", "num_local_experts": {n}}}'))).total for n in (8, 16)
    )
    assert (eight, sixteen) == (46_702_792_704, 91_800_997_888)
    return Outcome(f"{eight:,} parameters, then {sixteen:,}.", "both configurations", "nothing had to be")


def _names(_: Path) -> Outcome:
    arch = ledger({"model_type": "mpt", "n_layers": 2}).architecture
    assert (arch.layers, arch.hidden_size, arch.kv_heads) == (2, 2048, 0)
    return Outcome("Layers 2, hidden size 2,048, KV heads not known.", "the configuration", "transformers was asked")


_MPT = '{"model_type": "mpt", "n_layers": 2}'
_LLAMA = '{"model_type": "llama", "num_hidden_layers": 2}'
_BART = '{"model_type": "bart", "decoder_layers": 4096}'
FAULTS = [
    Fault("Pasted configurations", name, provoke)
    for name, provoke in (
        ("Mistral without a window", _mistral),
        ("Mixtral with 8, then 16 experts", _mixtral),
        ("A family whose names we do not read", _names),
        ("A billion blocks", _refused(_MPT.replace("2}", "1000000000}"), "no model comes near", _MPT)),
        ("A size in words", _refused(_LLAMA.replace("2}", '"nine"}'), "must be a whole number", _LLAMA)),
        ("RoPE in words", _refused(_LLAMA.replace("2}", '2, "rope_theta": "abc"}'), "a number above 0", _LLAMA)),
        ("A number that is none", _refused(_LLAMA.replace("2}", '2, "rope_theta": NaN}'), "a number above 0", _LLAMA)),
        ("1e400", _refused(_LLAMA.replace("2}", '2, "rope_theta": 1e400}'), "a number above 0", _LLAMA)),
        ("5,000 digits", _refused(_LLAMA.replace("2}", "9" * 5000 + "}"), "thousands of digits", _LLAMA)),
        ("Half a character", _refused(_LLAMA.replace("2}", '2, "a": "\\ud800"}'), "half a character", _LLAMA)),
        ("100,000 brackets", _refused("[" * 100_000, "nested too deeply", _LLAMA)),
        ("4,096 blocks under another name", _refused(_BART, "so it is not counted here", _MPT, 200.0)),
    )
]
FUZZES = [Fuzz("hostile configurations", 10_000, hostile_config, check_config, seconds=60.0)]
