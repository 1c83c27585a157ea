"""Step 3, second half: a tokenizer from learned merges, the tree of its joins, and its tokenizer.json."""

import heapq
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from lib.tokenization import bpe
from lib.tokenization.base import Token, checked, unknown_id
from lib.tokenization.tiktokens import spanned
from lib.tokenization.vocabulary import spell

_LONG = 256  # bytes; longer pieces are encoded with a heap


@dataclass(frozen=True)
class MergeNode:
    """A piece of a word: a byte (step 0, no parts) or two pieces joined by merge number `step`, from 1."""

    id: int
    data: bytes
    step: int = 0
    parts: tuple["MergeNode", ...] = ()


class BPETokenizer:
    """Encode by replaying merges in the order they were learned. Thread-safe.

    >>> tokenizer = BPETokenizer(bpe.train("low lower lowest low", vocab_size=260))
    >>> [token.data for token in tokenizer.encode("lowly 🚀")][:3], tokenizer.decode(tokenizer.ids("lowly 🚀"))
    ([b'low', b'l', b'y'], 'lowly 🚀')
    """

    unk_id = None

    def __init__(self, merges: Iterable[bpe.Merge], name: str = "bpe") -> None:
        self.name = name
        self.merges = list(merges)
        self.vocab = [bytes([byte]) for byte in bpe.BYTES]
        self._rank: dict[bpe.Pair, int] = {}
        for rank, merge in enumerate(self.merges):
            if merge.new_id == len(self.vocab):
                self.vocab.append(self.vocab[merge.pair[0]] + self.vocab[merge.pair[1]])
            self._rank[merge.pair] = rank
        self._word = lru_cache(maxsize=65536)(self._encode_word)

    @property
    def vocab_size(self) -> int:
        """256 bytes and one entry a merge."""
        return len(self.vocab)

    @property
    def special(self) -> Mapping[str, int]:
        """None."""
        return {}

    def _encode_word(self, word: str) -> tuple[int, ...]:
        """Join the pair that was learned first, until no pair was ever learned."""
        ids = bpe.byte_ids(word)
        if len(ids) > _LONG:
            return self._encode_long(ids)
        never = len(self.merges)
        while len(ids) > 1:
            rank = min(self._rank.get(pair, never) for pair in pairwise(ids))
            if rank == never:
                break
            ids = bpe.merge_pair(ids, self.merges[rank].pair, self.merges[rank].new_id)
        return tuple(ids)

    def _encode_long(self, ids: list[int]) -> tuple[int, ...]:
        """The same for a very long piece, in n log n: a heap of (rank, place), and each place knows its neighbours."""
        end = len(ids)
        after, before = list(range(1, end + 1)), list(range(-1, end - 1))
        heap = [(self._rank[pair], n) for n, pair in enumerate(pairwise(ids)) if pair in self._rank]
        heapq.heapify(heap)
        while heap:
            rank, at = heapq.heappop(heap)
            right = after[at] if ids[at] >= 0 else end
            if right == end or (ids[at], ids[right]) != self.merges[rank].pair:
                continue  # one of the two was joined with something else meanwhile
            ids[at], ids[right] = self.merges[rank].new_id, -1
            after[at] = after[right]
            if after[at] < end:
                before[after[at]] = at
            for first, second in ((before[at], at), (at, after[at])):
                if first >= 0 and second < end and (ids[first], ids[second]) in self._rank:
                    heapq.heappush(heap, (self._rank[ids[first], ids[second]], first))
        return tuple(i for i in ids if i >= 0)

    def ids(self, text: str, *, parse_special: bool = False) -> list[int]:
        """Only the ids of `encode`."""
        return [i for word in bpe.pre_tokenize(checked(text)) for i in self._word(word)]

    def encode(self, text: str, *, parse_special: bool = False) -> list[Token]:
        """Tokens tile the text; several byte tokens may share a character."""
        return spanned(self.ids(text), self.vocab.__getitem__)

    def decode(self, ids: Sequence[int]) -> str:
        """All bytes joined, then read as UTF-8."""
        return b"".join(map(self.token_bytes, ids)).decode("utf-8", "replace")

    def token_bytes(self, token_id: int) -> bytes:
        """The bytes of one id."""
        if not 0 <= token_id < len(self.vocab):
            raise unknown_id(self, token_id)
        return self.vocab[token_id]

    def raw(self, token_id: int) -> str:
        """GPT-2's spelling of the bytes."""
        return spell(self.token_bytes(token_id))

    def tree(self, word: str) -> list[MergeNode]:
        """How `word` (one piece of `bpe.pre_tokenize`) is joined: one node for every token of the result."""
        nodes = [MergeNode(i, self.vocab[i]) for i in bpe.byte_ids(word)]
        never = len(self.merges)
        while len(nodes) > 1:
            ranks = [self._rank.get((a.id, b.id), never) for a, b in pairwise(nodes)]
            rank = min(ranks)
            if rank == never:
                break
            at = ranks.index(rank)
            new_id = self.merges[rank].new_id
            nodes[at : at + 2] = [MergeNode(new_id, self.vocab[new_id], rank + 1, (nodes[at], nodes[at + 1]))]
        return nodes

    def applied(self, text: str) -> list[int]:
        """The numbers, from 1, of the merges that cut `text`, in the order in which `encode` applies them.

        >>> BPETokenizer(bpe.train("low lower lowest low", vocab_size=260)).applied("lowly")
        [1, 2]
        """
        pieces = [bpe.byte_ids(piece) for piece in set(bpe.pre_tokenize(checked(text)))]
        used: list[int] = []
        never = len(self.merges)
        while True:
            ranks = (self._rank.get(pair, never) for ids in pieces for pair in pairwise(ids))
            if (rank := min(ranks, default=never)) == never:
                return used
            merge = self.merges[rank]
            pieces = [bpe.merge_pair(ids, merge.pair, merge.new_id) for ids in pieces]
            used.append(rank + 1)

    def to_json(self) -> str:
        """The same tokenizer as a tokenizer.json of the `tokenizers` library (byte-level BPE, GPT-2's pattern)."""
        level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": True}
        merges = [[self.raw(merge.pair[0]), self.raw(merge.pair[1])] for merge in self.merges]
        model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                 "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                 "vocab": {self.raw(i): i for i in range(len(self.vocab))}, "merges": merges}  # fmt: skip
        document: dict[str, object] = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": []}
        document |= {"normalizer": None, "pre_tokenizer": level, "post_processor": level, "decoder": level}
        document["model"] = model
        return json.dumps(document, ensure_ascii=False, indent=1)


def same_as_library(tokenizer: BPETokenizer, text: str) -> bool:
    """The proof: our tokenizer.json loaded by the `tokenizers` library gives the same ids and spans.

    >>> same_as_library(BPETokenizer(bpe.train("the cat sat on the mat", vocab_size=270)), "the mat 🚀 catnap")
    True
    """
    from tokenizers import Tokenizer

    theirs = Tokenizer.from_str(tokenizer.to_json()).encode(text)
    ours = tokenizer.encode(text)
    return [(t.id, (t.start, t.end)) for t in ours] == list(zip(theirs.ids, theirs.offsets, strict=True))
