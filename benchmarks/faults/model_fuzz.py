"""Generated model folders: hostile values in config.json, and files with flipped bytes and cut ends."""

import json
import random
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from transformers.utils import logging

from benchmarks.faults import tiny_files
from benchmarks.faults.frame import Fuzz
from lib.engine.loading import Source
from lib.engine.local_loading import load_local
from lib.engine.sampling import Sampling, softmax
from lib.errors import PlaygroundError
from lib.models import gguf, local

VALUES: tuple[Any, ...] = (
    0, -1, 1, 2, 3, 7, None, True, False, 1.5, -0.5, 0.0, 1e-300, 1e308, -1e308, float("nan"), float("inf"), 100, 4096,
    99_999, 2**31, 2**40, 2**63, 2**64, 10**30, 10**400, "", "nine", "2", "\ud800", "a" * 5000, [], {}, [1], ["a"],
    [0] * 1000, {"a": 1}, {"rope_type": "linear"}, {"rope_type": "yarn", "factor": 0}, {"type": "dynamic", "factor": 2},
    {"rope_type": "llama3", "factor": 8}, {"quant_method": "gptq", "bits": 4}, {"num_hidden_layers": 10**6},
)  # fmt: skip
KEYS = (
    *tiny_files.CONFIG, "head_dim", "rope_scaling", "rope_parameters", "layer_types", "sliding_window", "text_config",
    "vision_config", "quantization_config", "auto_map", "dtype", "torch_dtype", "id2label", "attention_bias",
    "mlp_bias", "pad_token_id", "partial_rotary_factor", "num_local_experts", "num_experts", "num_experts_per_tok",
    "n_layers", "n_layer", "n_embd", "n_head", "n_positions", "d_model", "ffn_dim", "attn_config", "use_sliding_window",
    "max_window_layers", "pretraining_tp", "initializer_range", "_name_or_path", "is_encoder_decoder",
    "activation_function", "_attn_implementation", "transformers_version", "state_size", "expand", "conv_kernel",
    "n_inner", "layer_norm_epsilon",
)  # fmt: skip
FAMILIES = (
    "qwen2", "qwen3", "gpt2", "mpt", "falcon", "bloom", "opt", "gpt_neox", "mistral", "mixtral", "gemma", "gemma2",
    "gemma3", "phi", "phi3", "olmo", "olmo2", "mamba", "mamba2", "rwkv", "jamba", "t5", "bert", "llava", "qwen2_moe",
    "deepseek_v3", "dbrx", "cohere", "stablelm", "starcoder2", "granite", "glm", "gptj", "gpt_neo", "gpt_bigcode",
    "codegen", "xglm", "ctrl", "xlnet", "nemotron", "llama4", "whisper", "quux",
)  # fmt: skip
FILES = ("model.safetensors", "tokenizer.json", "config.json", "m.gguf")
IDS = [5, 9, 100]


@cache
def _work() -> Path:
    """One folder for all cases, removed with the process."""
    kept = tempfile.TemporaryDirectory(prefix="model-fuzz-")
    _kept.append(kept)
    root = Path(kept.name)
    tiny_files.make(root / "whole")
    tiny_files.write_gguf(root / "whole", root / "whole" / "m.gguf")
    logging.set_verbosity_error()
    for folder in (root / "whole", tiny_files.make(root / "odd", rope_scaling={"rope_type": "linear", "factor": 2.0})):
        _use(folder)  # by ourselves and by transformers: imports are no part of a case
    return root


_kept: list[Any] = []


def config_case(rng: random.Random) -> dict[str, Any]:
    """A config.json with one to four values changed, of Llama or of any other family."""
    config = dict(tiny_files.CONFIG)
    if rng.random() < 0.25:
        config["model_type"] = rng.choice(FAMILIES)
    for _ in range(rng.randint(1, 4)):
        config[rng.choice(KEYS)] = rng.choice(VALUES)
    return config


def check_config(config: dict[str, Any]) -> None:
    """All that a page asks of a folder with this configuration."""
    folder = _copy()
    (folder / "config.json").write_text(as_json(config), encoding="utf-8", errors="surrogatepass")
    _allowed(lambda: _use(folder))


def as_json(config: dict[str, Any]) -> str:
    digits = "1" + "0" * 400  # what json writes for 10**400
    return json.dumps(config) if 10**400 not in config.values() else json.dumps(config).replace(digits, "1e400")


def file_case(rng: random.Random) -> tuple[str, list[tuple[int, int]], float]:
    """(file, (place in thousand millionths of it, byte to put there), the share of the file that is left)."""
    name = rng.choice(FILES)
    early = rng.random() < 0.5  # where the headers are
    reach = 10**9 // (20 if early else 1)
    flips = [(rng.randrange(reach), rng.randrange(256)) for _ in range(rng.choice((0, 1, 1, 2, 8)))]
    left = rng.random() if not flips or rng.random() < 0.2 else 1.0
    return name, flips, left


def check_file(case: tuple[str, list[tuple[int, int]], float]) -> None:
    """All that a page asks of a folder in which one file is damaged."""
    name, flips, left = case
    folder = _copy()
    data = bytearray((folder / name).read_bytes())
    for place, byte in flips:
        data[place * len(data) // 10**9] = byte
    (folder / name).write_bytes(data[: int(left * len(data))])
    if name == "m.gguf":
        converted = folder / "converted"
        _allowed(lambda: gguf.convert(folder / name, converted, lambda *_: None))
        if (converted / "model.safetensors").exists():
            _allowed(lambda: _use(converted))
    else:
        _allowed(lambda: _use(folder))


def _copy() -> Path:
    folder = _work() / "case"
    if folder.exists():
        for path in sorted(folder.rglob("*"), reverse=True):
            path.unlink() if path.is_file() else path.rmdir()
    folder.mkdir(exist_ok=True)
    for path in (_work() / "whole").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def _allowed(what: Callable[[], object]) -> None:
    try:
        what()
    except PlaygroundError as error:
        assert str(error).strip() and str(error).isprintable(), f"no sentence: {error!r}"


def _use(folder: Path) -> None:
    """List it, describe it, load it, ask it for logits and a text."""
    trouble = local.trouble_with(folder)
    if trouble is not None:
        raise PlaygroundError(trouble)
    spec = local.describe(folder)
    assert spec.context >= 0 and spec.kv_width >= 0 and spec.parameters > 0
    engine = load_local(Source("case", "case", folder, str(folder)))
    try:
        softmax(engine.logits(IDS), 1.0)
        ids = engine.tokenizer.ids("the cat and a dog") or IDS
        steps = list(engine.generate(ids[:4], sampling=Sampling(temperature=1.0), max_new_tokens=3))
        engine.tokenizer.decode([step.id for step in steps])
    finally:
        engine.close()


FUZZES = [
    Fuzz("configurations of model folders", 5_000, config_case, check_config, seconds=20.0),
    Fuzz("damaged files of models", 2_000, file_case, check_file, seconds=20.0),
]
