"""A GGUF's byte-level BPE -> tokenizer.json and tokenizer_config.json, with the split rules the model was trained on.

GGUF names the rules by a word (`tokenizer.ggml.pre`); what the words mean is llama.cpp's table, repeated here for the
families we read. Knows nothing of lib.tokenization, which reads what is written here.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lib.models.errors import ModelError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_NORMAL, _CONTROL, _USER = 1, 3, 4  # GGUF's token types
_QWEN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)
_LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)


def write_tokenizer(meta: Mapping[str, Any], folder: Path, name: str) -> None:
    """Write tokenizer.json and tokenizer_config.json from a GGUF's metadata; `name`: of the file, for sentences.

    Raises ModelError."""
    build(meta, name).save(str(folder / "tokenizer.json"))
    tokens = meta["tokenizer.ggml.tokens"]
    roles = {
        "bos_token": "bos_token_id",
        "eos_token": "eos_token_id",
        "pad_token": "padding_token_id",
        "unk_token": "unknown_token_id",
    }
    ids = {role: meta.get(f"tokenizer.ggml.{key}") for role, key in roles.items()}
    config: dict[str, Any] = {
        role: tokens[one] for role, one in ids.items() if type(one) is int and 0 <= one < len(tokens)
    }
    config |= {
        "add_prefix_space": False,
        "clean_up_tokenization_spaces": False,
        "tokenizer_class": "PreTrainedTokenizerFast",
    }
    family = meta["general.architecture"]
    config["model_max_length"] = meta[f"{family}.context_length"]
    if isinstance(meta.get("tokenizer.chat_template"), str):
        config["chat_template"] = meta["tokenizer.chat_template"]
    text = json.dumps(config, indent=2, ensure_ascii=False) + "\n"
    (folder / "tokenizer_config.json").write_text(text, encoding="utf-8")


def _lists(meta: Mapping[str, Any], name: str) -> tuple[list[str], list[int], list[tuple[str, str]]]:
    """Tokens, their types and the merges, of a file that has all three as they should be. Raises ModelError."""
    tokens, types, merges = (meta.get(f"tokenizer.ggml.{key}") for key in ("tokens", "token_type", "merges"))
    damaged = f"{name} is damaged: its vocabulary"
    again = "Delete it and get it again."
    if not (isinstance(tokens, list) and all(isinstance(one, str) for one in tokens)):
        raise ModelError(f"{damaged} (tokenizer.ggml.tokens) is not there. {again}")
    if not (isinstance(types, list) and len(types) == len(tokens)):
        raise ModelError(f"{damaged} does not say of what type each token is (tokenizer.ggml.token_type). {again}")
    if len(set(tokens)) != len(tokens):
        raise ModelError(f"{damaged} holds a token twice. {again}")
    known = set(tokens)
    pairs = [tuple(merge.split(" ", 1)) for merge in merges] if isinstance(merges, list) else []
    if not pairs or not all(len(pair) == 2 and known.issuperset((*pair, "".join(pair))) for pair in pairs):
        raise ModelError(f"{damaged} does not fit its merges (tokenizer.ggml.merges). {again}")
    return tokens, types, pairs


def build(meta: Mapping[str, Any], name: str) -> "Tokenizer":
    """The `tokenizers.Tokenizer` of a GGUF. Raises ModelError for a kind of tokenizer that is not byte-level BPE."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    if (kind := meta.get("tokenizer.ggml.model")) != "gpt2":
        what = "a SentencePiece" if kind == "llama" else f"a '{str(kind)[:40]}'"
        raise ModelError(
            f"{name} uses {what} tokenizer; only byte-level BPE is read from GGUF files. "
            "Use the model's safetensors files instead."
        )
    tokens, types, merges = _lists(meta, name)
    tokenizer = Tokenizer(models.BPE(vocab={token: i for i, token in enumerate(tokens)}, merges=merges))
    rules = meta.get("tokenizer.ggml.pre", "default")
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    if rules == "smollm":  # every digit alone, then GPT-2's pattern
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), byte_level])
    elif rules in {"qwen2", "llama-bpe"}:
        from tokenizers import Regex

        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split(Regex(_QWEN if rules == "qwen2" else _LLAMA3), "isolated"),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        )
        if rules == "qwen2":
            tokenizer.normalizer = normalizers.NFC()
    elif rules in {"gpt-2", "default"}:
        tokenizer.pre_tokenizer = byte_level
    else:
        raise ModelError(
            f"{name} splits text by rules named '{str(rules)[:40]}' that are not known here. "
            "Use the model's safetensors files instead."
        )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    for token, kind in zip(tokens, types, strict=True):
        if kind in {_CONTROL, _USER}:
            tokenizer.add_tokens([AddedToken(token, normalized=False, special=kind == _CONTROL)])
    return tokenizer
