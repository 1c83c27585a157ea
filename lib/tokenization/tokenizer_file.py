"""A tokenizer.json as it comes from outside, checked before the `tokenizers` library sees it.

What is checked here is what this app builds on: a vocabulary of texts and ids, added tokens with ids of their own. The
rest (normalizers, patterns, decoders) is the library's to read and to refuse.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from lib.json_file import json_object
from lib.tokenization.base import TokenizationError

MAX_IDS = 10_000_000  # of a vocabulary; the largest published ones have a million
MAX_BYTES = 100_000_000  # of a file; the largest published ones have 35 MB


@dataclass(frozen=True, slots=True)
class TokenizerFile:
    """The content of a tokenizer.json whose ids and texts are what they should be."""

    spec: dict[str, Any]
    special: dict[str, int]  # added tokens
    size: int  # highest id of the vocabulary without them, and 1


def read(folder: Path) -> TokenizerFile:
    """Read `folder`/tokenizer.json. Raises TokenizationError with one sentence."""
    path = folder / "tokenizer.json"
    name = f"The tokenizer.json of {path.parent.name}"
    try:
        spec = json_object(path, MAX_BYTES)
    except FileNotFoundError:
        raise TokenizationError(
            f"The model folder {folder.name} has no tokenizer.json, so no text can be cut into tokens for it."
        ) from None
    except OSError as error:
        raise TokenizationError(f"{name} cannot be read ({(error.strerror or 'no reason').lower()}).") from None
    except ValueError as error:
        raise TokenizationError(f"{name} is damaged: it {error}.") from None
    try:
        special = dict(_added(spec.get("added_tokens")))
        return TokenizerFile(spec, special, 1 + max((number for _, number in _vocabulary(spec)), default=-1))
    except _DamageError as error:
        raise TokenizationError(f"{name} is damaged: {error}.") from None


def problem(folder: Path, *, most: int) -> str | None:
    """What keeps a model of `most` rows (0: unknown) from using this tokenizer, as a sentence, or None."""
    try:
        stat = (folder / "tokenizer.json").stat()
        state = stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns  # the last: who may read it
    except OSError:
        state = 0, 0, 0
    size, trouble = _looked_at(folder, state)
    if size > most > 0:
        return (
            f"The tokenizer.json of {folder.name} is of another model: it has {size:,} tokens, and the model's "
            f"config.json says {most:,} (vocab_size)."
        )
    return trouble or None


@lru_cache(maxsize=64)
def _looked_at(folder: Path, _state: tuple[int, int, int]) -> tuple[int, str]:
    """Its size and what is wrong with it, kept while the file stays as it is: reading takes up to a second."""
    try:
        return read(folder).size, ""
    except TokenizationError as error:
        return 0, str(error)


class _DamageError(Exception):
    """What is wrong, as words after "is damaged: "."""


def _added(tokens: Any) -> Iterator[tuple[str, int]]:
    if tokens is None:
        return
    if not isinstance(tokens, list):
        raise _DamageError("its added_tokens are no list")
    for token in tokens:
        text, number = (token.get("content"), token.get("id")) if isinstance(token, dict) else (None, None)
        yield _entry(text, number)


def _vocabulary(spec: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """Entries and ids, of a dictionary (BPE, WordPiece, words) or a list of entries and scores (Unigram)."""
    model = spec.get("model")
    vocabulary = model.get("vocab") if isinstance(model, dict) else None
    if isinstance(vocabulary, dict):
        yield from (_entry(text, number) for text, number in vocabulary.items())
    elif isinstance(vocabulary, list):
        for number, piece in enumerate(vocabulary):
            if not (isinstance(piece, list) and len(piece) == 2):
                raise _DamageError("its vocabulary is no list of entries and scores")
            yield _entry(piece[0], number)
    else:
        raise _DamageError("it has no vocabulary")


def _entry(text: Any, number: Any) -> tuple[str, int]:
    if not (isinstance(text, str) and type(number) is int and 0 <= number < MAX_IDS):
        raise _DamageError("an entry is not a text with a token ID")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise _DamageError("an entry holds half of a character") from None
    return text, number
