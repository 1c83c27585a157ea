"""GPT-2 and Qwen as `tokenizers.Tokenizer`s, made from rank files.

Equal to what transformers loads, but holding only the entries that texts need (see `needed`). Control tokens are found
here, as the library would: the text between two of them is a text of its own.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from lib.tokenization import vocabulary
from lib.tokenization.base import Token, checked, unknown_id
from lib.tokenization.entries import Ids
from lib.tokenization.partial_tokenizer import PartialTokenizer
from lib.tokenization.parts import cut
from lib.tokenization.tiktokens import joined

QWEN_PATTERN = (
    r"""(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"""
    r"""|\s+(?!\S)|\s+"""
)
_QWEN_CONTROL = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>",
    "<|box_end|>", "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>",
    "<|image_pad|>", "<|video_pad|>",
)  # fmt: skip
_QWEN_ADDED = ("<tool_call>", "</tool_call>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>",
               "<|repo_name|>", "<|file_sep|>")  # fmt: skip
_QWEN3_ADDED = (*_QWEN_ADDED, "<tool_response>", "</tool_response>", "<think>", "</think>")


# Neither combining characters nor any with a decomposition, in Latin, punctuation and Chinese: already in form C.
MAY_CHANGE = re.compile(r"[^\x00-\u02ff\u2010-\u2027\u3001-\u3029\u3400-\u9fff]")


@dataclass(frozen=True)
class Recipe:
    """A tokenizer that grows from a rank file. `control` tokens are marked special, `added` ones are not."""

    file: str
    control: tuple[str, ...]
    added: tuple[str, ...] = ()
    pattern: str = ""  # "" for GPT-2's own
    nfc: bool = False
    vocab_size: int = 0  # of the model, where it is padded

    def special(self, first: int) -> dict[str, int]:
        """The added tokens, numbered from `first` on."""
        return {text: first + n for n, text in enumerate((*self.control, *self.added))}


RECIPES = {
    "gpt2": Recipe("r50k_base", ("<|endoftext|>",)),
    "qwen1.5": Recipe("qwen", _QWEN_CONTROL[:3], (), QWEN_PATTERN, nfc=True, vocab_size=151_936),  # and Qwen2
    "qwen": Recipe("qwen", _QWEN_CONTROL, _QWEN_ADDED, QWEN_PATTERN, nfc=True, vocab_size=151_936),
    "qwen3": Recipe("qwen", _QWEN_CONTROL, _QWEN3_ADDED, QWEN_PATTERN, nfc=True, vocab_size=151_936),
}


class RankedTokenizer:
    """A `tokenizers` tokenizer of a recipe as a Tokenizer: the same ids and offsets, with the true bytes. Thread-safe.

    `vocab_size` may exceed the tokenizer's own size, because models pad their embedding: those ids have no token.
    """

    unk_id = None

    def __init__(self, name: str, recipe: Recipe) -> None:
        self.name = name
        self._recipe = recipe
        self._entries = vocabulary.entries(recipe.file)
        self.special = recipe.special(len(self._entries))
        self._text_of = {token_id: text for text, token_id in self.special.items()}
        longest_first = sorted(self.special, key=len, reverse=True)
        self._control = re.compile(f"({'|'.join(map(re.escape, longest_first))})")
        self._normalizer = normalizers.NFC() if recipe.nfc else None
        self._pre_tokenizer = _pre_tokenizer(recipe)
        self._left = np.zeros(len(self._entries), np.uint8)  # bytes of the left half of an entry's merge; 0: not known
        self._some = PartialTokenizer(self._entries, self._with)

    @property
    def vocab_size(self) -> int:
        """Number of ids of the model, gaps included."""
        return max(self._recipe.vocab_size, len(self._entries) + len(self.special))

    @property
    def full(self) -> Tokenizer:
        """The library's tokenizer with all entries and added tokens, made anew. Seconds."""
        whole = self._with(np.arange(len(self._entries)))
        whole.add_special_tokens([AddedToken(text, normalized=False, special=True) for text in self._recipe.control])
        whole.add_tokens([AddedToken(text, normalized=False, special=False) for text in self._recipe.added])
        return whole

    def _with(self, ids: Ids) -> Tokenizer:
        """Byte-level BPE without added tokens, with some of the entries: with an entry always all that occur in it."""
        ranks = {self._entries[n]: n for n in ids.tolist()}
        spell = vocabulary.spell
        vocab = {spell(token): n for token, n in ranks.items()}
        spelled = list(vocab)  # every byte is spelled as one letter: what is cut in bytes is cut in letters
        merges = [(word[:n], word[n:]) for word, n in zip(spelled, self._halves(ranks), strict=True) if n]
        tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=merges))
        if self._normalizer:
            tokenizer.normalizer = self._normalizer
        tokenizer.pre_tokenizer = self._pre_tokenizer
        tokenizer.decoder = decoders.ByteLevel()
        tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
        return tokenizer

    def _halves(self, ranks: dict[bytes, int]) -> Iterator[int]:
        """Length of the left part that BPE joins last to make each entry, 0 for a byte. Found once for an entry."""
        for token, n in ranks.items():
            if len(token) > 1 and not self._left[n]:
                self._left[n] = len(vocabulary.last_merge(token, ranks)[0])
            yield int(self._left[n])

    def _for(self, text: str) -> Tokenizer:
        """A tokenizer with all entries that `text` can need, which is cut only after it is normalised."""
        if self._normalizer:  # part by part: the library keeps other threads waiting for half a second a megabyte
            normal = self._normalizer.normalize_str
            text = "".join(normal(part) if MAY_CHANGE.search(part) else part for part in cut(text))
        return self._some.of(text.encode())

    def _pieces(self, text: str, parse_special: bool) -> Iterator[tuple[str, int, bool]]:
        """`text` as (piece, where it starts, whether it is a control token)."""
        start = 0
        for n, piece in enumerate(self._control.split(checked(text)) if parse_special else [checked(text)]):
            if piece:
                yield piece, start, n % 2 == 1
            start += len(piece)

    def ids(self, text: str, *, parse_special: bool = False) -> list[int]:
        """Only the ids of `encode`: quick, for counting."""
        ids: list[int] = []
        for piece, _, control in self._pieces(text, parse_special):
            if control:
                ids.append(self.special[piece])
            else:
                ids += chain.from_iterable(some for _, some in self.in_parts(piece))
        return ids

    def in_parts(self, text: str) -> Iterator[tuple[str, list[int]]]:
        """Parts of a text, one after the other, and their ids: together the ids of the text."""
        library = self._for(checked(text))
        for part in cut(text):
            yield part, library.encode_batch_fast([part], add_special_tokens=False)[0].ids

    def encode(self, text: str, *, parse_special: bool = False) -> list[Token]:
        """Ids and offsets as `tokenizers` gives them, relative to `text` as it was written."""
        tokens: list[Token] = []
        for piece, start, control in self._pieces(text, parse_special):
            if control:
                tokens.append(Token(self.special[piece], piece.encode(), start, start + len(piece), special=True))
                continue
            cut = self._for(piece).encode(piece, add_special_tokens=False)
            tokens += [Token(i, self._entries[i], start + first, start + after)
                       for i, (first, after) in zip(cut.ids, cut.offsets, strict=True)]  # fmt: skip
        return tokens

    def decode(self, ids: Sequence[int]) -> str:
        """The bytes of all ids joined, then read as UTF-8."""
        return joined(ids, self._entries, self.token_bytes).decode("utf-8", "replace")

    def token_bytes(self, token_id: int) -> bytes:
        """The bytes of one id, b'' for an id without a token."""
        if not 0 <= token_id < self.vocab_size:
            raise unknown_id(self, token_id)
        if token_id < len(self._entries):
            return self._entries[token_id]
        return self._text_of.get(token_id, "").encode()

    def raw(self, token_id: int) -> str:
        """The vocabulary's own spelling, '' for an id without a token."""
        data = self.token_bytes(token_id)
        return self._text_of.get(token_id) or vocabulary.spell(data)


def _pre_tokenizer(recipe: Recipe) -> pre_tokenizers.PreTokenizer:
    if not recipe.pattern:
        return pre_tokenizers.ByteLevel(add_prefix_space=False)
    split = pre_tokenizers.Split(Regex(recipe.pattern), behavior="isolated")
    return pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def load(name: str) -> RankedTokenizer:
    """Build "gpt2", "qwen" (2.5's added tokens), "qwen1.5" or "qwen3"."""
    return RankedTokenizer(name, RECIPES[name])
