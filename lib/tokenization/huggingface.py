"""Tokenizers of Hugging Face's `tokenizers` library: those of model folders, and those trained on the page.

A folder's tokenizer.json is read as data; no code of the folder ever runs.

A wrapped tokenizer keeps two objects: `plain`, from which added tokens are removed, so that no text can ever become a
control token, and the full one, made only when somebody asks to parse control tokens. Neither is changed after it is
made: changing a fast tokenizer while another thread encodes raises "Already borrowed".
"""

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

import tokenizers

from lib.json_file import read_json
from lib.tokenization import tokenizer_file, vocabulary
from lib.tokenization.base import Token, TokenizationError, checked, unknown_id
from lib.tokenization.parts import cut


class HFTokenizer:
    """A `tokenizers.Tokenizer` as a Tokenizer: the same ids and offsets, with the true bytes. Thread-safe.

    `vocab_size` may exceed the tokenizer's own size, because models pad their embedding: those ids have no token.
    `in_parts` says that a long text may be cut where `lib.tokenization.parts` cuts it.
    """

    def __init__(
        self,
        name: str,
        plain: tokenizers.Tokenizer,
        special: Mapping[str, int],
        full: Callable[[], tokenizers.Tokenizer],
        *,
        vocab_size: int = 0,
        in_parts: bool = False,
    ) -> None:
        self.name = name
        self.special = dict(special)
        self._plain = plain
        self._make_full = full
        self._in_parts = in_parts
        self._lock = threading.Lock()
        self._text_of = {token_id: text for text, token_id in special.items()}
        highest = max([plain.get_vocab_size() - 1, *self._text_of])
        self._vocab_size = max(vocab_size, highest + 1)
        self._bytes: dict[int, bytes] = {}
        decoder = json.loads(plain.decoder.__getstate__()) if plain.decoder else {}
        self._style = _style(decoder)
        self.unk_id = _unk_id(plain, special)

    @property
    def vocab_size(self) -> int:
        """Number of ids of the model, gaps included."""
        return self._vocab_size

    @cached_property
    def full(self) -> tokenizers.Tokenizer:
        """The tokenizer with its added tokens. Shared: never change it."""
        with self._lock, refusals(f"The tokenizer of {Path(self.name).name} cannot be read here"):
            return self.__dict__.get("full") or self._make_full()

    def _encoding(self, text: str, parse_special: bool) -> tokenizers.Encoding:
        checked(text)
        tokenizer = self.full if parse_special else self._plain
        with self._refusals():
            return tokenizer.encode(text, add_special_tokens=False)

    def _refusals(self) -> AbstractContextManager[None]:
        """For a vocabulary that lacks what its own rules need, an unknown token say."""
        return refusals(f"The tokenizer of {Path(self.name).name} cannot cut this text")

    def ids(self, text: str, *, parse_special: bool = False) -> list[int]:
        """Only the ids of `encode`: quick, for counting."""
        if not parse_special:
            return list(chain.from_iterable(ids for _, ids in self.in_parts(text)))
        with self._refusals():
            return self.full.encode_batch_fast([checked(text)], add_special_tokens=False)[0].ids

    def in_parts(self, text: str) -> Iterator[tuple[str, list[int]]]:
        """Parts of a text, one after the other, and their ids: together the ids of the text."""
        for part in cut(checked(text)) if self._in_parts else [text]:
            with self._refusals():
                ids = self._plain.encode_batch_fast([checked(part)], add_special_tokens=False)[0].ids
            yield part, ids

    def encode(self, text: str, *, parse_special: bool = False) -> list[Token]:
        """Ids and offsets as `tokenizers` gives them, relative to `text` as it was written."""
        encoding = self._encoding(text, parse_special)
        special = self._text_of if parse_special else ()
        return [
            Token(i, self.token_bytes(i), start, end, i in special)
            for i, (start, end) in zip(encoding.ids, encoding.offsets, strict=True)
        ]

    def decode(self, ids: Sequence[int]) -> str:
        """The text of `ids`, by the tokenizer's own decoder; nothing is cleaned up or left out."""
        if self._style == "ByteLevel":
            for token_id in set(ids):
                self.token_bytes(token_id)
            return b"".join(map(self._bytes.__getitem__, ids)).decode("utf-8", "replace")
        known = [i for i in ids if self.token_bytes(i) or i in self._text_of]
        with refusals(f"The tokenizer of {Path(self.name).name} cannot join these tokens"):
            return self.full.decode(known, skip_special_tokens=False)

    def token_bytes(self, token_id: int) -> bytes:
        """The bytes of one id, b'' for an id without a token."""
        data = self._bytes.get(token_id)
        if data is None:
            if not 0 <= token_id < self.vocab_size:
                raise unknown_id(self, token_id)
            data = self._bytes[token_id] = self._find_bytes(token_id)
        return data

    def _find_bytes(self, token_id: int) -> bytes:
        if token_id in self._text_of:
            return self._text_of[token_id].encode()
        return _BYTES_OF[self._style](self._plain.id_to_token(token_id) or "")

    def raw(self, token_id: int) -> str:
        """The vocabulary's own spelling, '' for an id without a token."""
        self.token_bytes(token_id)
        return self._text_of.get(token_id) or self._plain.id_to_token(token_id) or ""

    def added_by_template(self) -> list[int]:
        """Ids that the tokenizer puts around every text by default, e.g. a BOS token."""
        with self._refusals():
            return self.full.encode("", add_special_tokens=True).ids


def _unk_id(plain: tokenizers.Tokenizer, special: Mapping[str, int]) -> int | None:
    """The unknown token of a word-like model; a byte-level vocabulary needs none."""
    unk = getattr(plain.model, "unk_token", None)
    if isinstance(plain.model, tokenizers.models.Unigram):
        unk = "<unk>"
    if not isinstance(unk, str):
        return None
    return special.get(unk, plain.token_to_id(unk))


def _style(decoder: Mapping[str, Any]) -> str:
    """Which of ByteLevel, Metaspace, WordPiece or plain entries a decoder reads."""
    kinds = [decoder.get("type"), *(part.get("type") for part in decoder.get("decoders", []))]
    for kind in ("ByteLevel", "Metaspace", "ByteFallback", "WordPiece"):
        if kind in kinds:
            return kind
    return "Plain"


_BYTE = re.compile(r"<0x[0-9A-Fa-f]{2}>")


def _sentencepiece(entry: str) -> bytes:
    if _BYTE.fullmatch(entry):
        return bytes([int(entry[3:5], 16)])
    return entry.replace("▁", " ").encode()


_BYTES_OF: dict[str, Callable[[str], bytes]] = {
    "ByteLevel": vocabulary.unspell,
    "Metaspace": _sentencepiece,
    "ByteFallback": _sentencepiece,
    "WordPiece": lambda entry: entry.removeprefix("##").encode(),
    "Plain": str.encode,
}


def load_folder(folder: Path, name: str = "") -> HFTokenizer:
    """Read `folder`/tokenizer.json. Raises TokenizationError where it is missing or cannot be read."""
    path = folder / "tokenizer.json"
    file = tokenizer_file.read(folder)
    with refusals(f"The tokenizer.json of {folder.name} cannot be read here"):
        plain = tokenizers.Tokenizer.from_str(json.dumps(_without_added(file.spec, set(file.special))))
        return HFTokenizer(
            name or str(folder), plain, file.special, lambda: _full(path), vocab_size=_model_vocabulary(folder),
            in_parts=_cuts_as_gpt2(file.spec),
        )  # fmt: skip


@contextmanager
def refusals(what: str) -> Iterator[None]:
    """What the `tokenizers` library raises, as a TokenizationError that begins with `what`: bare Exceptions for every
    malformed file, and panics of its Rust code, which are no Exceptions."""
    try:
        yield
    except TokenizationError:
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        lines = str(error).strip().splitlines() or ["it gives no reason"]
        raise TokenizationError(f"{what}: {lines[0][:200]}") from error


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


def _full(path: Path) -> tokenizers.Tokenizer:
    tokenizer = tokenizers.Tokenizer.from_file(str(path))
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
    return size if type(size) is int and 0 < size <= tokenizer_file.MAX_IDS else 0
