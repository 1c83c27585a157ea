"""Tokenizers by name. Built once per process, under a lock, then shared by all threads."""

import threading
from collections import defaultdict
from pathlib import Path

import tokenizers

from lib.settings import settings
from lib.tokenization import character, huggingface, pretrained, tiktokens, word
from lib.tokenization.base import TokenizationError, Tokenizer
from lib.tokenization.huggingface import HFTokenizer

SMOLLM2 = "smollm2-135m-instruct"
PRETRAINED = (*pretrained.RECIPES, *tiktokens.RECIPES, "smollm2")
_made: dict[tuple[str, int], Tokenizer] = {}
_locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
_guard = threading.Lock()


def load(name: str) -> Tokenizer:
    """A tokenizer by name ("word", "character" or one of PRETRAINED) or by the path of a local model folder.

    Raises TokenizationError: unknown name, missing or damaged files.

    >>> [token.id for token in load("gpt2").encode("Hello my name")]
    [15496, 616, 1438]
    """
    path = _folder_of(name)
    stamp = (path / "tokenizer.json").stat().st_mtime_ns if path and (path / "tokenizer.json").is_file() else 0
    with _guard:
        lock = _locks[name]
    with lock:
        tokenizer = _made.get((name, stamp))
        if tokenizer is None:
            tokenizer = huggingface.load_folder(path, name) if path else _build(name)
            with _guard:
                _forget_what_is_gone()
                _made[name, stamp] = tokenizer
        return tokenizer


def _forget_what_is_gone() -> None:
    """Folders come and go where models are trained."""
    for name, stamp in list(_made):
        path = _folder_of(name)
        if path is not None and not path.is_dir():
            del _made[name, stamp]


def backend(name: str) -> tokenizers.Tokenizer:
    """The `tokenizers.Tokenizer` behind a name or folder, control tokens included. Raises for tiktoken's encodings.

    A fresh copy, so that the caller (transformers sets truncation, padding and more) may change it.
    """
    tokenizer = load(name)
    if not isinstance(tokenizer, HFTokenizer | pretrained.RankedTokenizer):
        raise TokenizationError(f"{name} is not a tokenizer of the `tokenizers` library.")
    return tokenizers.Tokenizer.from_str(tokenizer.full.to_str())


def available(name: str) -> bool:
    """Whether `load(name)` has its files. Never touches the network."""
    path = _folder_of(name)
    return (path / "tokenizer.json").is_file() if path else name in PRETRAINED or name in {"word", "character"}


def _folder_of(name: str) -> Path | None:
    if name == "smollm2":
        return settings().home / "models" / SMOLLM2
    if name in PRETRAINED or name in {"word", "character"}:
        return None
    return Path(name)


def _build(name: str) -> Tokenizer:
    if name == "word":
        return word.WordTokenizer(word.vocabulary([word.CORPUS]))
    if name == "character":
        return character.CharacterTokenizer()
    if name in tiktokens.RECIPES:
        return tiktokens.load(name)
    if name in pretrained.RECIPES:
        return pretrained.load(name)
    raise TokenizationError(f"There is no tokenizer called {name}.")
