"""Tokenizers by name. Built once per process, under a lock, then shared by all threads."""

import os
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
Stamp = tuple[int, ...]
_made: dict[tuple[str, Stamp], Tokenizer] = {}
_locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
_guard = threading.Lock()


def load(name: str) -> Tokenizer:
    """A tokenizer by name ("word", "character" or one of PRETRAINED) or by the path of a local model folder.

    Raises TokenizationError: unknown name, missing or damaged files.

    >>> [token.id for token in load("gpt2").encode("Hello my name")]
    [15496, 616, 1438]
    """
    path = _folder_of(name)
    stamp = _state(path) if path else ()
    with _guard:
        lock = _locks[name]
    with lock:
        tokenizer = _made.get((name, stamp))
        if tokenizer is None:
            tokenizer = huggingface.load_folder(path, name) if path else _build(name)
            with _guard:
                _forget_what_is_gone(name)
                _made[name, stamp] = tokenizer
        return tokenizer


def _state(folder: Path) -> Stamp:
    """Changes with the files that a folder's tokenizer is made of; config.json says how many ids its model has."""
    found = []
    for file in (folder / "tokenizer.json", folder / "config.json"):
        try:
            stat = file.stat()
        except OSError:
            continue
        found += [stat.st_mtime_ns, stat.st_size]
    return tuple(found)


def _forget_what_is_gone(changed: str) -> None:
    """Folders come and go where models are trained; of one that `changed`, the older state goes."""
    for name, stamp in list(_made):
        path = _folder_of(name)
        if path is not None and (name == changed or not os.path.isdir(path)):
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
    return os.path.isfile(path / "tokenizer.json") if path else name in PRETRAINED or name in {"word", "character"}


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
