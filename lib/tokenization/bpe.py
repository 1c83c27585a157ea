"""Step 3 of the ladder: byte-pair encoding, trained here. Nothing is unknown, because everything is bytes.

Training joins the most frequent pair of neighbours, again and again; encoding replays the joins in the same order.
Knows nothing of models, `tokenizers` or Streamlit, and yields its steps as data.

    >>> [(merge.pair, merge.count) for merge in train("aaabdaaabac", vocab_size=258)]
    [((64, 64), 4), ((64, 65), 2)]

Ids 0 to 255 are the bytes in GPT-2's order (printable first: "!" is 0, "a" is 64), as in GPT-2's own vocabulary.
A text is first cut by GPT-2's pattern into words, numbers, punctuation and spaces; no pair crosses a cut.
Ties: of pairs with equal counts, the one with the smaller left id wins, then the smaller right id.
"""

import heapq
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import regex

from lib.tokenization.base import TokenizationError

Pair = tuple[int, int]
PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
PRINTABLE = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
BYTES = [*PRINTABLE, *(byte for byte in range(256) if byte not in set(PRINTABLE))]  # byte value of ids 0 to 255
ID_OF_BYTE = {byte: i for i, byte in enumerate(BYTES)}


@dataclass(frozen=True, slots=True)
class Merge:
    """One step of training. `count` is how often the pair stood side by side (in "aaa", a-a stands twice)."""

    pair: Pair
    new_id: int
    count: int
    tokens_left: int  # length of the corpus in tokens after this step
    candidates: tuple[tuple[Pair, int], ...] = ()  # the most frequent pairs before this step, best first


def pair_counts(ids: Iterable[int]) -> Counter[Pair]:
    """How often each pair of neighbours occurs.

    >>> dict(pair_counts([1, 2, 3, 1, 2]))
    {(1, 2): 2, (2, 3): 1, (3, 1): 1}
    """
    ids = list(ids)
    return Counter(pairwise(ids))


def merge_pair(ids: list[int], pair: Pair, new_id: int) -> list[int]:
    """Replace every `pair` from left to right.

    >>> merge_pair([1, 2, 3, 1, 2], (1, 2), 4)
    [4, 3, 4]
    """
    left, right = pair
    out: list[int] = []
    position, last = 0, len(ids) - 1
    while position <= last:
        if ids[position] == left and position < last and ids[position + 1] == right:
            out.append(new_id)
            position += 2
        else:
            out.append(ids[position])
            position += 1
    return out


@lru_cache(maxsize=1)
def _cutter() -> regex.Pattern[str]:
    return regex.compile(PATTERN)


def pre_tokenize(text: str) -> list[str]:
    """The pieces that merges stay inside.

    >>> pre_tokenize("Hello there, 12 cats!")
    ['Hello', ' there', ',', ' 12', ' cats', '!']
    """
    return _cutter().findall(text)


def byte_ids(word: str) -> list[int]:
    """The bytes of a piece as ids 0 to 255."""
    return [ID_OF_BYTE[byte] for byte in word.encode()]


_JOINED = chr(0x10FFFF)  # stands for the new id while a word is joined; no vocabulary has so many ids


class _Counts:
    """Pair counts of a corpus, kept up to date: a merge touches only the neighbours of the places it joins."""

    def __init__(self, corpus: str) -> None:
        frequency = Counter(pre_tokenize(corpus))
        words = [byte_ids(word) for word in frequency]
        self.words = ["".join(map(chr, word)) for word in words]  # ids as characters: joined by `str.replace`
        self.often = list(frequency.values())
        self.tokens = sum(len(word) * n for word, n in zip(words, self.often, strict=True))
        self.count: dict[Pair, int] = defaultdict(int)
        self.where: dict[Pair, set[int]] = defaultdict(set)  # pair -> numbers of the words that (may) contain it
        for number, (word, often) in enumerate(zip(words, self.often, strict=True)):
            for pair in pairwise(word):
                self.count[pair] += often
                self.where[pair].add(number)
        self.heap = [(-count, pair) for pair, count in self.count.items()]  # holds every pair; may hold old counts
        heapq.heapify(self.heap)

    def best(self) -> tuple[Pair, int] | None:
        """The most frequent pair, ties by smallest ids; None if there is no pair."""
        while self.heap:
            negative, pair = self.heap[0]
            if self.count.get(pair) == -negative:
                return pair, -negative
            heapq.heappop(self.heap)  # the count has changed since; the current one is in the heap too
        return None

    def top(self, n: int) -> tuple[tuple[Pair, int], ...]:
        """The `n` most frequent pairs, best first: taken from the heap and put back."""
        taken: dict[Pair, int] = {}
        while len(taken) < n and (best := self.best()):
            heapq.heappop(self.heap)
            taken[best[0]] = best[1]  # a pair may stand there twice with its present count
        for pair, count in taken.items():
            heapq.heappush(self.heap, (-count, pair))
        return tuple(taken.items())

    def merge(self, pair: Pair, new_id: int) -> None:
        """Join `pair` everywhere."""
        change: dict[Pair, int] = defaultdict(int)
        for number in self.where.pop(pair):
            self._merge_word(number, pair, new_id, change)
        del self.count[pair]  # none of it is left
        change.pop(pair, None)
        for other, difference in change.items():
            if difference:
                self.count[other] += difference
                heapq.heappush(self.heap, (-self.count[other], other))
            if self.count.get(other) == 0:
                del self.count[other]

    def _merge_word(self, number: int, pair: Pair, new_id: int, change: dict[Pair, int]) -> None:
        """Join `pair` in one word; note in `change` which neighbouring pairs go and which come."""
        (left, right), often, before = pair, self.often[number], self.words[number]
        after = before.replace(chr(left) + chr(right), _JOINED)
        at = after.find(_JOINED)
        while at >= 0:
            if at:
                ahead = new_id if after[at - 1] == _JOINED else ord(after[at - 1])
                change[ahead, left] -= often
                change[ahead, new_id] += often
                self.where[ahead, new_id].add(number)
            if at + 1 < len(after):
                behind = left if after[at + 1] == _JOINED else ord(after[at + 1])
                change[right, behind] -= often
                change[new_id, behind] += often
                self.where[new_id, behind].add(number)
            at = after.find(_JOINED, at + 1)
        self.tokens -= (len(before) - len(after)) * often
        self.words[number] = after.replace(_JOINED, chr(new_id))


def train(corpus: str, *, vocab_size: int, min_count: int = 2, candidates: int = 0) -> Iterator[Merge]:
    """Learn merges until the vocabulary has `vocab_size` entries or no pair occurs `min_count` times.

    If a merge spells bytes that already have an id (two ways to the same piece), that id is used again.
    `candidates` asks for that many leading pairs with every step (slow for a large corpus).
    """
    if vocab_size < 256:
        raise TokenizationError("A byte-level vocabulary has at least 256 entries, one for every byte.")
    counts = _Counts(corpus)
    vocab = [bytes([byte]) for byte in BYTES]
    id_of = {piece: i for i, piece in enumerate(vocab)}
    while len(vocab) < vocab_size:
        best = counts.best()
        if best is None or best[1] < min_count:
            return
        pair, count = best
        leading = counts.top(candidates)
        piece = vocab[pair[0]] + vocab[pair[1]]
        new_id = id_of.setdefault(piece, len(vocab))
        if new_id == len(vocab):
            vocab.append(piece)
        counts.merge(pair, new_id)
        yield Merge(pair, new_id, count, counts.tokens, leading)


def trains_like_library(corpus: str, vocab_size: int) -> bool:
    """The proof: the `tokenizers` library's BpeTrainer learns the same merges in the same order, with the same ids.

    >>> trains_like_library("the cat sat on the mat. the dog sat on the log. aaaa aaaaa", 300)
    True
    """
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    library = Tokenizer(models.BPE())
    library.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size, min_frequency=2, initial_alphabet=alphabet, show_progress=False
    )
    library.train_from_iterator([corpus], trainer)
    theirs = json.loads(library.to_str())["model"]
    id_of = theirs["vocab"]
    learned = [((id_of[left], id_of[right]), id_of[left + right]) for left, right in theirs["merges"]]
    return learned == [(merge.pair, merge.new_id) for merge in train(corpus, vocab_size=vocab_size)]
