"""A tokenizer with the special tokens of another family, to show that family's format as its own models see it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from lib.templating.literals import any_of
from lib.tokenization import Token, Tokenizer

FIRST = 1_000_000_000  # ids of borrowed tokens begin here: they stand for no place in the vocabulary
_SPECIAL = re.compile(r"<\|\w+\|>|</?s>|<bos>|<(?:start|end)_of_turn>|\[/?INST\]")


def specials_of(source: str, variables: Mapping[str, str]) -> list[str]:
    """The special tokens that a template of `OTHERS` writes, in the order in which they stand there.

    >>> specials_of("{{- bos_token }}{{- '[INST] ' + message.content + '[/INST]' }}", {"bos_token": "<s>"})
    ['<s>', '[INST]', '[/INST]']
    """
    return list(dict.fromkeys(_SPECIAL.findall(" ".join([*variables.values(), source]))))


class Borrowed:
    """`tokenizer` with further special tokens, each one token. Words are cut as `tokenizer` cuts them."""

    def __init__(self, tokenizer: Tokenizer, names: Sequence[str]) -> None:
        self.name, self.vocab_size, self.unk_id = tokenizer.name, tokenizer.vocab_size, tokenizer.unk_id
        self._tokenizer = tokenizer
        self._new = {name: FIRST + n for n, name in enumerate(names) if name not in tokenizer.special}
        self.special: Mapping[str, int] = {**tokenizer.special, **self._new}

    def ids(self, text: str, *, parse_special: bool = False) -> list[int]:
        """Only the ids of `encode`."""
        return [token.id for token in self.encode(text, parse_special=parse_special)]

    def encode(self, text: str, *, parse_special: bool = False) -> list[Token]:
        """All of `text` as ordinary text, or with the special tokens recognised."""
        if not (parse_special and self._new):
            return self._tokenizer.encode(text, parse_special=parse_special)
        tokens: list[Token] = []
        at = 0
        for found in any_of(tuple(self._new)).finditer(text):
            tokens += self._between(text, at, found.start())
            name = found.group()
            tokens.append(Token(self._new[name], name.encode(), found.start(), found.end(), special=True))
            at = found.end()
        return [*tokens, *self._between(text, at, len(text))]

    def _between(self, text: str, start: int, end: int) -> list[Token]:
        if start == end:
            return []
        tokens = self._tokenizer.encode(text[start:end], parse_special=True)
        return [replace(token, start=token.start + start, end=token.end + start) for token in tokens]

    def decode(self, ids: Sequence[int]) -> str:
        """All bytes joined, then read as UTF-8."""
        return b"".join(map(self.token_bytes, ids)).decode("utf-8", "replace")

    def token_bytes(self, token_id: int) -> bytes:
        """The bytes of one id, of a borrowed one those of its spelling."""
        return self.raw(token_id).encode() if token_id >= FIRST else self._tokenizer.token_bytes(token_id)

    def raw(self, token_id: int) -> str:
        """The vocabulary's own spelling of an id."""
        if token_id < FIRST:
            return self._tokenizer.raw(token_id)
        return next(name for name, borrowed in self._new.items() if borrowed == token_id)
