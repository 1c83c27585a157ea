"""Step 1 of the ladder: one id per word. Knows a fixed vocabulary; what is not in it becomes [UNK].

Ids never change after the vocabulary is made: encoding an unseen word does not add it. Spacing is lost on decoding.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import regex

from lib.tokenization.base import Token, checked, unknown_id

PAD, UNK = "[PAD]", "[UNK]"
# A word is a run of letters, marks, digits and underscores; any other visible character stands alone.
PATTERN = r"[\p{L}\p{M}\p{N}_]+|[^\s\p{L}\p{M}\p{N}_]"
CORPUS = (
    "Once upon a time there was a model that could only count. What is 2+2? it asked. "
    "Suggest a party theme. The cat sat on the mat. The dog sat on the log. Hello there, my name is Token."
)


def words(text: str) -> Iterator[tuple[str, int, int]]:
    """Words with their character spans.

    >>> list(words("Hi, you"))
    [('Hi', 0, 2), (',', 2, 3), ('you', 4, 7)]
    """
    for match in regex.finditer(PATTERN, text):
        yield match.group(), match.start(), match.end()


def vocabulary(corpus: Iterable[str]) -> list[str]:
    """[PAD], [UNK], then every different word in the order of its first appearance.

    >>> vocabulary(["the cat", "the dog"])
    ['[PAD]', '[UNK]', 'the', 'cat', 'dog']
    """
    return list(dict.fromkeys([PAD, UNK, *(word for text in corpus for word, _, _ in words(text))]))


class WordTokenizer:
    """Words to ids by table.

    >>> tokenizer = WordTokenizer(vocabulary(["the cat sat"]))
    >>> [token.id for token in tokenizer.encode("the dog sat")], tokenizer.decode([2, 1, 4])
    ([2, 1, 4], 'the [UNK] sat')
    """

    name = "word"

    def __init__(self, vocab: Sequence[str]) -> None:
        self.vocab = tuple(vocab)
        self._id_of = {word: i for i, word in enumerate(self.vocab)}
        self.unk_id = self._id_of[UNK]

    @property
    def vocab_size(self) -> int:
        """Number of entries, [PAD] and [UNK] included."""
        return len(self.vocab)

    @property
    def special(self) -> Mapping[str, int]:
        """[PAD]: filler between texts of different length. ([UNK] is no control token: it stands for text.)"""
        return {PAD: self._id_of[PAD]}

    def ids(self, text: str, *, parse_special: bool = False) -> list[int]:
        """Only the ids of `encode`."""
        if parse_special:
            return [token.id for token in self.encode(text, parse_special=True)]
        get, unk = self._id_of.get, self.unk_id
        return [get(word, unk) for word in regex.findall(PATTERN, checked(text))]

    def encode(self, text: str, *, parse_special: bool = False) -> list[Token]:
        """One token a word; the characters between words belong to none."""
        pieces = text.split(PAD) if parse_special else [text]
        tokens: list[Token] = []
        offset = 0
        for number, piece in enumerate(pieces):
            if number:
                tokens.append(Token(self._id_of[PAD], PAD.encode(), offset, offset + len(PAD), special=True))
                offset += len(PAD)
            for word, start, end in words(checked(piece)):
                token_id = self._id_of.get(word, self.unk_id)
                tokens.append(Token(token_id, self.vocab[token_id].encode(), offset + start, offset + end))
            offset += len(piece)
        return tokens

    def decode(self, ids: Sequence[int]) -> str:
        """Words joined by one space: where spaces were, and how many, was never stored."""
        for token_id in set(ids):
            self.raw(token_id)  # raises for an id outside the vocabulary
        return " ".join(map(self.vocab.__getitem__, ids))

    def token_bytes(self, token_id: int) -> bytes:
        """The word's UTF-8."""
        return self.raw(token_id).encode()

    def raw(self, token_id: int) -> str:
        """The word."""
        if not 0 <= token_id < len(self.vocab):
            raise unknown_id(self, token_id)
        return self.vocab[token_id]


def same_as_library(tokenizer: WordTokenizer, text: str) -> bool:
    """The proof: ids and spans equal those of the `tokenizers` library's WordLevel on the same vocabulary.

    >>> same_as_library(WordTokenizer(vocabulary([CORPUS])), "The cat sat on the moon, didn't it?")
    True
    """
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers

    library = Tokenizer(models.WordLevel({word: i for i, word in enumerate(tokenizer.vocab)}, unk_token=UNK))
    library.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(r"\s+"), "removed"), pre_tokenizers.Split(Regex(PATTERN), "isolated")]
    )
    theirs = library.encode(text)
    ours = tokenizer.encode(text)
    return [(t.id, (t.start, t.end)) for t in ours] == list(zip(theirs.ids, theirs.offsets, strict=True))
