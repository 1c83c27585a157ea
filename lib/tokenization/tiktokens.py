"""OpenAI's tokenizers through tiktoken, built from this repository's vocabulary files. Never asks the network."""

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, repeat

import numpy as np
import regex
import tiktoken

from lib.tokenization import vocabulary
from lib.tokenization.base import Token, TokenizationError, checked, unknown_id
from lib.tokenization.entries import Entries, Ids
from lib.tokenization.partial_tokenizer import PartialTokenizer
from lib.tokenization.parts import cut


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


def pieces(name: str, text: str) -> list[str]:
    """What the pre-tokenizer of an encoding makes of a text: no token ever crosses a border between two pieces.

    >>> pieces("tiktoken-gpt2", "if x:\\n    y"), pieces("cl100k_base", "if x:\\n    y")
    (['if', ' x', ':', '\\n   ', ' y'], ['if', ' x', ':\\n', '   ', ' y'])
    """
    return regex.findall(RECIPES[name].pattern, text)


class TiktokenTokenizer:
    """A tiktoken encoding as a Tokenizer: the same ids, with bytes and character spans. Thread-safe."""

    unk_id = None

    def __init__(self, name: str, entries: Entries, recipe: Recipe) -> None:
        self.name = name
        self.special = dict(recipe.special)
        self._text_of = {token_id: text for text, token_id in self.special.items()}
        self._entries, self._pattern = entries, recipe.pattern
        self._encoding = PartialTokenizer(entries, self._with)

    def _with(self, ids: Ids) -> tiktoken.Encoding:
        """tiktoken's encoding with some of the entries."""
        ranks = {self._entries[n]: n for n in ids.tolist()}
        encoding = tiktoken.Encoding(
            self.name, pat_str=self._pattern, mergeable_ranks=ranks, special_tokens=self.special
        )
        ranks.clear()  # it has made tables of its own and would keep this one beside them
        return encoding

    @property
    def vocab_size(self) -> int:
        """Highest id + 1; a few ids between have no token."""
        return max(len(self._entries) - 1, *self._text_of) + 1

    def ids(self, text: str, *, parse_special: bool = False) -> list[int]:
        """Only the ids of `encode`: quick, for counting."""
        if not parse_special:
            return list(chain.from_iterable(ids for _, ids in self.in_parts(text)))
        encoding = self._encoding.of(checked(text).encode())
        return self._cut(lambda: encoding.encode(text, allowed_special="all"))

    def in_parts(self, text: str) -> Iterator[tuple[str, list[int]]]:
        """Parts of a text, one after the other, and their ids: together the ids of the text."""
        encoding = self._encoding.of(checked(text).encode())
        for part in cut(text):
            yield part, self._cut(partial(encoding.encode_ordinary, part))

    def _cut(self, encode: Callable[[], list[int]]) -> list[int]:
        try:
            return encode()
        except BaseException as error:  # a Rust panic is no Exception; anything else must pass
            if type(error).__name__ != "PanicException":
                raise
            raise TokenizationError(
                f"{self.name} cannot cut this text: a stretch without a break is too long."
            ) from None

    def encode(self, text: str, *, parse_special: bool = False) -> list[Token]:
        """Ids, bytes and the characters that the bytes belong to; tokens tile the text."""
        return spanned(self.ids(text, parse_special=parse_special), self._bytes_of, self._text_of)

    def decode(self, ids: Sequence[int]) -> str:
        """The bytes of all ids joined, then read as UTF-8."""
        return joined(ids, self._entries, self.token_bytes).decode("utf-8", "replace")

    def token_bytes(self, token_id: int) -> bytes:
        """The bytes of one id, b'' for a gap in the vocabulary."""
        if not 0 <= token_id < self.vocab_size:
            raise unknown_id(self, token_id)
        return self._bytes_of(token_id)

    def _bytes_of(self, token_id: int) -> bytes:
        if token_id < len(self._entries):
            return self._entries[token_id]
        return self._text_of.get(token_id, "").encode()

    def raw(self, token_id: int) -> str:
        """tiktoken stores bytes, so an entry's own spelling is a Python bytes literal."""
        data = self.token_bytes(token_id)
        return data.decode() if token_id in self._text_of else repr(data)


def joined(ids: Sequence[int], entries: Entries, token_bytes: Callable[[int], bytes]) -> bytes:
    """The bytes of all ids; `token_bytes` is asked where one of them is no entry (a control token, a gap, an error)."""
    if ids and min(ids) >= 0 and max(ids) < len(entries):
        return entries.joined(ids)
    return b"".join(map(token_bytes, ids))


def spanned(ids: Sequence[int], bytes_of: Callable[[int], bytes], special: Container[int] = ()) -> list[Token]:
    """Tokens with spans from byte positions: a token covers every character that one of its bytes belongs to.

    >>> vocab = [b"a", bytes([0xC3]), bytes([0xA9, 33])]
    >>> [(t.start, t.end) for t in spanned([0, 1, 2], vocab.__getitem__)]
    [(0, 1), (1, 2), (1, 3)]
    """
    if not ids:
        return []
    pieces = list(map(bytes_of, ids))
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
    return TiktokenTokenizer(name, vocabulary.entries(recipe.file), recipe)
