"""What a token and a tokenizer are, for every level from words to bytes. Knows nothing of torch or Streamlit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from lib.errors import PlaygroundError


class TokenizationError(PlaygroundError):
    """Text, ids or vocabulary files that cannot be used."""


@dataclass(frozen=True, slots=True)
class Token:
    """One token of a text. `start`/`end` are character offsets into the text; several byte tokens may share one."""

    id: int
    data: bytes  # the bytes the token really stands for
    start: int
    end: int
    special: bool = False  # a control token, not text


class Tokenizer(Protocol):
    """Text to ids and back. Implementations are thread-safe."""

    @property
    def name(self) -> str: ...

    @property
    def vocab_size(self) -> int:
        """Number of ids, control tokens included."""
        ...

    @property
    def special(self) -> Mapping[str, int]:
        """Control and other added tokens by their text; none of them is ever produced from ordinary text."""
        ...

    @property
    def unk_id(self) -> int | None:
        """The id that stands for text the vocabulary lacks; None where nothing is unknown."""
        ...

    def ids(self, text: str, *, parse_special: bool = False) -> list[int]:
        """Only the ids of `encode`, quicker."""
        ...

    def encode(self, text: str, *, parse_special: bool = False) -> list[Token]:
        """All of `text` as ordinary text, or, with `parse_special`, added tokens recognised (the unsafe way)."""
        ...

    def decode(self, ids: Sequence[int]) -> str:
        """The text of `ids`, invalid UTF-8 as U+FFFD; control tokens as their text; ids without a token as ''."""
        ...

    def token_bytes(self, token_id: int) -> bytes:
        """The bytes of one id (b'' for an id without a token); raises TokenizationError outside the vocabulary."""
        ...

    def raw(self, token_id: int) -> str:
        """The vocabulary's own spelling of an id, e.g. 'Ġthe'."""
        ...


def checked(text: str) -> str:
    """`text`, or TokenizationError if it holds half a surrogate pair, which is no character and has no UTF-8.

    >>> checked("fine")
    'fine'
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise TokenizationError(
            f"Character {error.start} is half of a surrogate pair (U+{ord(text[error.start]):04X}): it is not text."
        ) from error
    return text


def unknown_id(tokenizer: Tokenizer, token_id: int) -> TokenizationError:
    """The error for an id beyond a vocabulary."""
    return TokenizationError(
        f"{tokenizer.name} has ids 0 to {tokenizer.vocab_size - 1}; {token_id} is not one of them."
    )
