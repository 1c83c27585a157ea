"""WordPiece and Unigram, BPE's two rivals, trained with the `tokenizers` library on the same corpus.

WordPiece (BERT) encodes by taking the longest piece that fits, from the left. Its original trainer joins the pair that
is frequent compared with its parts; the library's trainer counts pairs as BPE does. Unigram (SentencePiece: T5, ALBERT)
starts with many pieces and drops those that explain the corpus worst; it encodes by the most probable split.
"""

import json

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from lib.tokenization.base import TokenizationError
from lib.tokenization.huggingface import HFTokenizer
from lib.tokenization.word import UNK

_WORDS = pre_tokenizers.Sequence(
    [
        pre_tokenizers.Split(Regex(r"\s+"), "removed"),
        pre_tokenizers.Split(Regex(r"[\p{L}\p{M}\p{N}_]+|[^\s\p{L}\p{M}\p{N}_]"), "isolated"),
    ]
)


def train_wordpiece(corpus: str, *, vocab_size: int) -> HFTokenizer:
    """WordPiece on words and punctuation; pieces inside a word start with ##, a word that cannot be cut is [UNK].

    The library numbers the characters inside words in the order of a random hash, and breaks ties by those numbers.
    Here they are numbered first, in order, so that one corpus gives one vocabulary.
    """
    tokenizer = Tokenizer(models.WordPiece(unk_token=UNK))
    tokenizer.pre_tokenizer = _WORDS
    tokenizer.decoder = decoders.WordPiece(cleanup=False)
    first = [UNK, *_inside(corpus)]
    trainer = trainers.WordPieceTrainer(vocab_size=vocab_size, special_tokens=first, show_progress=False)
    return _trained("wordpiece", tokenizer, trainer, corpus)


def _inside(corpus: str) -> list[str]:
    """The characters that follow another one in a word, as WordPiece spells them.

    >>> _inside("a cab, ba")
    ['##a', '##b']
    """
    words = (word for line in corpus.splitlines() for word, _ in _WORDS.pre_tokenize_str(line))
    return ["##" + char for char in sorted({char for word in words for char in word[1:]})]


def _plain(tokenizer: Tokenizer) -> Tokenizer:
    """`tokenizer` without the added tokens of its training: every text is ordinary text."""
    return Tokenizer.from_str(json.dumps({**json.loads(tokenizer.to_str()), "added_tokens": []}))


def train_unigram(corpus: str, *, vocab_size: int) -> HFTokenizer:
    """Unigram with ▁ for a space, as SentencePiece does; a character never seen in training is <unk>."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
    trainer = trainers.UnigramTrainer(
        vocab_size=vocab_size, unk_token="<unk>", special_tokens=["<unk>"], show_progress=False
    )
    return _trained("unigram", tokenizer, trainer, corpus)


def _trained(name: str, tokenizer: Tokenizer, trainer: trainers.Trainer, corpus: str) -> HFTokenizer:
    if not corpus.strip():
        raise TokenizationError("There is nothing to learn from an empty corpus.")
    try:
        tokenizer.train_from_iterator(corpus.splitlines(), trainer)
    except Exception as error:  # the library raises bare Exception, e.g. for a corpus too small for Unigram
        raise TokenizationError(f"The corpus is too small to train {name}.") from error
    plain = _plain(tokenizer)
    return HFTokenizer(name, plain, {}, lambda: plain)
