"""Step 2 of the ladder: one id per character of a fixed alphabet. No unknown words, but long sequences.

A character outside the alphabet has no id at all: it is lost, and the gap between the spans shows where.
"""

import string
from collections.abc import Mapping, Sequence

from lib.tokenization.base import Token, checked, unknown_id

ALPHABET = string.ascii_lowercase + string.ascii_uppercase + " ?"  # the course's 54 characters


class CharacterTokenizer:
    """Characters to ids by their place in the alphabet.

    >>> [token.id for token in CharacterTokenizer().encode("Hello")]
    [33, 4, 11, 11, 14]
    """

    name = "character"
    unk_id = None

    def __init__(self, alphabet: str = ALPHABET) -> None:
        self.alphabet = "".join(dict.fromkeys(alphabet))
        self._id_of = {char: i for i, char in enumerate(self.alphabet)}

    @property
    def vocab_size(self) -> int:
        """Number of characters in the alphabet."""
        return len(self.alphabet)

    @property
    def special(self) -> Mapping[str, int]:
        """None: there are only characters."""
        return {}

    def ids(self, text: str, *, parse_special: bool = False) -> list[int]:
        """Only the ids of `encode`."""
        ids = map(self._id_of.get, checked(text))
        return [i for i in ids if i is not None]

    def encode(self, text: str, *, parse_special: bool = False) -> list[Token]:
        """One token for every character of the alphabet; others leave a gap."""
        id_of = self._id_of
        return [Token(id_of[c], c.encode(), n, n + 1) for n, c in enumerate(checked(text)) if c in id_of]

    def decode(self, ids: Sequence[int]) -> str:
        """The characters that were kept."""
        for token_id in set(ids):
            self.raw(token_id)  # raises for an id outside the vocabulary
        return "".join(map(self.alphabet.__getitem__, ids))

    def token_bytes(self, token_id: int) -> bytes:
        """The character's UTF-8."""
        return self.raw(token_id).encode()

    def raw(self, token_id: int) -> str:
        """The character."""
        if not 0 <= token_id < len(self.alphabet):
            raise unknown_id(self, token_id)
        return self.alphabet[token_id]


def same_as_library(tokenizer: CharacterTokenizer, text: str) -> bool:
    """The proof: ids and spans equal those of the `tokenizers` library cutting at every character.

    >>> same_as_library(CharacterTokenizer(), "What is 2+2? 🚀 Naïve!")
    True
    """
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers

    outside_id = tokenizer.vocab_size
    vocab = {char: i for i, char in enumerate(tokenizer.alphabet)} | {"[lost]": outside_id}
    library = Tokenizer(models.WordLevel(vocab, unk_token="[lost]"))
    library.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    theirs = library.encode(text)
    kept = [(i, span) for i, span in zip(theirs.ids, theirs.offsets, strict=True) if i != outside_id]
    return [(t.id, (t.start, t.end)) for t in tokenizer.encode(text)] == kept
