"""OpenAI's tokenizers through tiktoken, built from this repository's vocabulary files. Never asks the network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat

import numpy as np
import tiktoken

from lib.tokenization import vocabulary
from lib.tokenization.base import Token, TokenizationError, checked, outside


@dataclass(frozen=True)
class Recipe:
    """What tiktoken needs besides the ranks. Patterns and control tokens as in `tiktoken_ext/openai_public.py`."""

    file: str
    pattern: str
    special: Mapping[str, int]


_R50K = r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"""
_CL100K = (
    r"""'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$"""
    r"""|\s*[\r\n]|\s+(?!\S)|\s"""
)
_O200K = (
    r"""[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"""
    r"""|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"""
    r"""|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"""
)
RECIPES = {
    "tiktoken-gpt2": Recipe("r50k_base", _R50K, {"<|endoftext|>": 50256}),
    "cl100k_base": Recipe(
        "cl100k_base",
        _CL100K,
        {"<|endoftext|>": 100257, "<|fim_prefix|>": 100258, "<|fim_middle|>": 100259, "<|fim_suffix|>": 100260,
         "<|endofprompt|>": 100276},
    ),
    "o200k_base": Recipe("o200k_base", _O200K, {"<|endoftext|>": 199999, "<|endofprompt|>": 200018}),
}  # fmt: skip


class TiktokenTokenizer:
    """A tiktoken encoding as a Tokenizer: the same ids, with bytes and character spans. Thread-safe."""

    unk_id = None

    def __init__(self, name: str, encoding: tiktoken.Encoding, special: Mapping[str, int]) -> None:
        self.name = name
        self.encoding = encoding
        self.special = dict(special)
        self._special_ids = frozenset(self.special.values())
        self._bytes = dict(zip(encoding._mergeable_ranks.values(), encoding._mergeable_ranks.keys(), strict=True))
        self._bytes |= {token_id: text.encode() for text, token_id in special.items()}

    @property
    def vocab_size(self) -> int:
        """Highest id + 1; a few ids between have no token."""
        return self.encoding.n_vocab

    def ids(self, text: str, *, parse_special: bool = False) -> list[int]:
        """Only the ids of `encode`: quick, for counting."""
        checked(text)
        try:
            if parse_special:
                return self.encoding.encode(text, allowed_special="all")
            return self.encoding.encode_ordinary(text)
        except BaseException as error:  # a Rust panic is no Exception; anything else must pass
            if type(error).__name__ != "PanicException":
                raise
            raise TokenizationError(
                f"{self.name} cannot cut this text: a stretch without a break is too long."
            ) from None

    def encode(self, text: str, *, parse_special: bool = False) -> list[Token]:
        """Ids, bytes and the characters that the bytes belong to; tokens tile the text."""
        return spanned(self.ids(text, parse_special=parse_special), self._bytes, self._special_ids)

    def decode(self, ids: Sequence[int]) -> str:
        """The bytes of all ids joined, then read as UTF-8."""
        try:
            data = self.encoding.decode_bytes(ids)
        except (KeyError, OverflowError):  # an id without a token, or outside the vocabulary
            data = b"".join(map(self.token_bytes, ids))
        return data.decode("utf-8", "replace")

    def token_bytes(self, token_id: int) -> bytes:
        """The bytes of one id, b'' for a gap in the vocabulary."""
        if not 0 <= token_id < self.vocab_size:
            raise outside(self, token_id)
        return self._bytes.get(token_id, b"")

    def raw(self, token_id: int) -> str:
        """tiktoken stores bytes, so an entry's own spelling is a Python bytes literal."""
        data = self.token_bytes(token_id)
        return data.decode() if token_id in self._special_ids else repr(data)


def spanned(ids: Sequence[int], vocab: Mapping[int, bytes], special: frozenset[int] = frozenset()) -> list[Token]:
    """Tokens with spans from byte positions: a token covers every character that one of its bytes belongs to.

    >>> [(t.start, t.end) for t in spanned([0, 1, 2], {0: b"a", 1: bytes([0xC3]), 2: bytes([0xA9, 33])})]
    [(0, 1), (1, 2), (1, 3)]
    """
    if not ids:
        return []
    pieces = [vocab[i] for i in ids]
    every_byte = np.frombuffer(b"".join(pieces), dtype=np.uint8)
    character = np.cumsum((every_byte & 0xC0) != 0x80) - 1  # (bytes,) index of the character a byte belongs to
    after = np.cumsum([len(piece) for piece in pieces])
    before = np.concatenate(([0], after[:-1]))
    starts, ends = character[before].tolist(), (character[after - 1] + 1).tolist()
    flags = [i in special for i in ids] if special else repeat(False)
    return list(map(Token, ids, pieces, starts, ends, flags))


def load(name: str) -> TiktokenTokenizer:
    """Build "tiktoken-gpt2", "cl100k_base" or "o200k_base"."""
    recipe = RECIPES[name]
    ranks = vocabulary.ranks(recipe.file)
    special = dict(recipe.special)
    encoding = tiktoken.Encoding(name, pat_str=recipe.pattern, mergeable_ranks=ranks, special_tokens=special)
    return TiktokenTokenizer(name, encoding, recipe.special)
