"""The tokenizer of a local model folder: its tokenizer.json, read as data; no code of the folder ever runs."""

import json
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from lib.json_file import read_json
from lib.tokenization.base import TokenizationError
from lib.tokenization.hf import HFTokenizer


def load(folder: Path, name: str = "") -> HFTokenizer:
    """Read `folder`/tokenizer.json. Raises TokenizationError where it is missing or cannot be read."""
    path = folder / "tokenizer.json"
    try:
        spec = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TokenizationError(f"{folder} has no tokenizer.json, so its text cannot be cut into tokens.") from error
    except ValueError as error:
        raise TokenizationError(f"{path} is damaged: it is not JSON.") from error
    try:
        special = {token["content"]: int(token["id"]) for token in spec.get("added_tokens", [])}
        plain = Tokenizer.from_str(json.dumps(_without_added(spec, set(special))))
        return HFTokenizer(
            name or str(folder), plain, special, lambda: _full(path), vocab_size=_model_vocabulary(folder),
            in_parts=_cuts_as_gpt2(spec),
        )  # fmt: skip
    except TokenizationError:
        raise
    except Exception as error:  # `tokenizers` raises bare Exception for every malformed file
        raise TokenizationError(f"{path} is not a tokenizer that can be read here: {error}") from error


def _cuts_as_gpt2(spec: dict[str, Any]) -> bool:
    """Whether a text is cut by GPT-2's pattern, as SmolLM2's is, digits perhaps before: then it may come in parts."""
    first = spec.get("pre_tokenizer") or {}
    steps = first.get("pretokenizers", [first])
    last = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True}
    return (
        not spec.get("normalizer")
        and spec["model"].get("type") == "BPE"
        and all(step.get("type") == "Digits" for step in steps[:-1])
        and last.items() <= {"use_regex": True, **steps[-1]}.items()
    )


def _full(path: Path) -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _without_added(spec: dict[str, Any], added: set[str]) -> dict[str, Any]:
    """`spec` in which no text can become an added token: they are dropped, and pieces that spell one are renamed."""
    model = dict(spec["model"])
    if model.get("type") == "Unigram":  # a piece "</s>" would match the text "</s>"
        model["vocab"] = [[f"\x00control {n}\x00" if piece in added else piece, score]
                          for n, (piece, score) in enumerate(model["vocab"])]  # fmt: skip
    return {**spec, "model": model, "added_tokens": [], "post_processor": None, "truncation": None, "padding": None}


def _model_vocabulary(folder: Path) -> int:
    """The model's own vocabulary size, 0 if unknown: embeddings are often padded beyond the tokenizer."""
    config = read_json(folder / "config.json")
    inner = config.get("text_config")
    size = config.get("vocab_size") or (inner.get("vocab_size") if isinstance(inner, dict) else 0)
    return size if isinstance(size, int) else 0
