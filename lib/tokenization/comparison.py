"""The same text through several tokenizers: counts, bytes per token, where they cut, what a round trip loses."""

import re
import threading
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field, replace

from lib.tokenization.base import Token, TokenizationError, Tokenizer, checked
from lib.tokenization.display import visible
from lib.tokenization.parts import in_parts


@dataclass(frozen=True)
class ComparisonRow:
    """One tokenizer's view of a text: how many `tokens` it has in all, and its first ones with bytes and spans."""

    name: str
    tokens: int
    head: list[Token]
    characters: int  # of the text, those that were dropped left out
    text_bytes: int  # of the same
    vocab_size: int
    unknown: int = 0  # tokens that say only "unknown", or characters without any token
    lost: str = ""  # what a round trip loses, a sentence; "" if nothing
    error: str = ""  # a sentence if this tokenizer cannot cut this text

    @property
    def chars_per_token(self) -> float:
        """Characters for each token, NaN without tokens. A character without any token counts for none."""
        return self.characters / self.tokens if self.tokens else float("nan")

    @property
    def bytes_per_token(self) -> float:
        """UTF-8 bytes for each token, NaN without tokens."""
        return self.text_bytes / self.tokens if self.tokens else float("nan")

    @property
    def kept(self) -> bool:
        """Whether decoding gives the text back exactly."""
        return not self.lost and not self.error

    def cuts(self, end: int) -> set[int]:
        """Character positions 0 < p < `end` where one token ends or the next begins (not inside a character)."""
        edges: set[int] = set()
        reach = 0
        for token in self.head:
            if token.start >= reach:
                edges |= {reach, token.start}
            reach = max(reach, token.end)
        return {p for p in (*edges, reach) if 0 < p < end}


@dataclass(frozen=True)
class Comparison:
    """Rows in the order given; heads and boundaries cover the first `shown` characters."""

    text: str
    shown: int
    rows: tuple[ComparisonRow, ...]

    def boundaries(self, first: int, second: int) -> tuple[set[int], set[int], set[int]]:
        """Cuts that rows `first` and `second` share, and those that only one of them makes."""
        end = min(self.reach(first), self.reach(second))
        a, b = self.rows[first].cuts(end), self.rows[second].cuts(end)
        return a & b, a - b, b - a

    def reach(self, row: int) -> int:
        """Characters that the head of a row covers."""
        head = self.rows[row].head
        complete = len(head) == self.rows[row].tokens
        return self.shown if complete or not head else head[-1].end

    def agreement(self, first: int, second: int) -> float:
        """Shared cuts as a part of all cuts (Jaccard index), 1.0 if neither cuts."""
        both, a, b = self.boundaries(first, second)
        total = len(both) + len(a) + len(b)
        return len(both) / total if total else 1.0


LONG = 100_000  # characters; texts above are compared one at a time, whoever they are from
_one_long = threading.Lock()


def compare(text: str, tokenizers: Sequence[Tokenizer], *, shown: int = 4_000, head_tokens: int = 1_500) -> Comparison:
    """Cut `text` with every tokenizer at once (in threads). All of it is counted; `shown` characters are spelled out.

    >>> from lib.tokenization import load
    >>> result = compare("Hello there", [load("gpt2"), load("character")])
    >>> [(row.name, row.tokens, row.kept) for row in result.rows], result.boundaries(0, 1)[0]
    ([('gpt2', 2, True), ('character', 11, True)], {5})
    """
    checked(text)
    size = len(text.encode())
    shown = min(shown, len(text))

    def one(tokenizer: Tokenizer) -> ComparisonRow:
        return _row(text, size, tokenizer, shown, head_tokens)

    if len(text) <= shown:  # quicker than to start threads
        return Comparison(text, shown, tuple(map(one, tokenizers)))
    with _one_long if len(text) > LONG else nullcontext(), ThreadPoolExecutor(max_workers=2) as pool:
        return Comparison(text, shown, tuple(pool.map(one, tokenizers)))


def _row(text: str, size: int, tokenizer: Tokenizer, shown: int, head_tokens: int) -> ComparisonRow:
    try:
        if len(text) <= shown:
            tokens = tokenizer.encode(text)
            counted = _counted([(text, [token.id for token in tokens])], tokenizer)
        else:
            counted = _counted(in_parts(tokenizer, text), tokenizer)
            tokens = head(tokenizer, text, counted.first, shown)
    except TokenizationError as error:
        return ComparisonRow(tokenizer.name, 0, [], len(text), size, tokenizer.vocab_size, error=str(error))
    tokens = composed(text, tokens, complete=len(tokens) == counted.tokens)[:head_tokens]
    lost = " ".join(counted.lost)
    characters, kept = len(text) - counted.dropped, size - counted.dropped_bytes
    return ComparisonRow(
        tokenizer.name, counted.tokens, tokens, characters, kept, tokenizer.vocab_size, counted.unknown, lost
    )


@dataclass
class _Counted:
    tokens: int = 0
    unknown: int = 0
    dropped: int = 0  # characters without any token
    dropped_bytes: int = 0
    first: Sequence[int] = ()  # ids of the first part
    lost: dict[str, None] = field(default_factory=dict)  # sentences, each once


def _counted(text_and_ids: Iterable[tuple[str, list[int]]], tokenizer: Tokenizer) -> _Counted:
    """What is to be known of all parts of a text; no more of it is kept."""
    sums, unk = _Counted(), tokenizer.unk_id
    for part, ids in text_and_ids:
        sums.first = sums.first or ids
        sums.tokens += len(ids)
        decoded = tokenizer.decode(ids)
        dropped, dropped_bytes = _uncovered(part, decoded, tokenizer)
        sums.dropped += dropped
        sums.dropped_bytes += dropped_bytes
        unknown = ids.count(unk) if unk is not None else dropped
        sums.unknown += unknown
        if decoded != part:
            sums.lost[what_is_lost(part, decoded, unknown)] = None
    return sums


def composed(text: str, tokens: Sequence[Token], *, complete: bool = True) -> list[Token]:
    """`tokens`, where one that holds a composed character covers all the characters that it was composed of.

    The `tokenizers` library lets Qwen's "é" cover only the letter of "e" + accent: as if the accent were dropped.

    >>> [token] = composed("e" + chr(0x301), [Token(963, "é".encode(), 0, 1)])
    >>> token.start, token.end
    (0, 2)
    """
    ends = [*(token.start for token in tokens[1:]), len(text) if complete else 0]
    return [
        replace(token, end=end)
        if token.end < end and unicodedata.normalize("NFC", text[token.start : end]).encode() == token.data
        else token
        for token, end in zip(tokens, ends, strict=bool(tokens))
    ]


def _uncovered(text: str, decoded: str, tokenizer: Tokenizer) -> tuple[int, int]:
    """Characters without any token, and their bytes: only an alphabet drops what it does not have."""
    if tokenizer.name != "character":
        return 0, 0
    return len(text) - len(decoded), len(text.encode()) - len(decoded.encode())


def head(tokenizer: Tokenizer, text: str, ids: Sequence[int], shown: int) -> list[Token]:
    """The tokens of the first `shown` characters as they are in the whole text, which begins with `ids`."""
    tokens = tokenizer.encode(text[: shown + 200])
    same = next((n for n, token in enumerate(tokens) if n >= len(ids) or token.id != ids[n]), len(tokens))
    return [token for token in tokens[:same] if token.end <= shown]


def what_is_lost(text: str, decoded: str, unknown: int = 0) -> str:
    """One sentence about what `decoded` does not bring back of `text`; "" if they are equal.

    >>> what_is_lost("a  b", "a b"), what_is_lost("e" + chr(0x301), "é")
    ('The spacing is lost.', 'Unicode normalization (NFC): some characters are written differently afterwards.')
    """
    if decoded == text:
        return ""
    missing = Counter(text) - Counter(decoded)
    names = " ".join(visible(char) for char, _ in missing.most_common(8)) + (" …" if len(missing) > 8 else "")
    spacing = _spaces(text) == _spaces(decoded)
    reasons = (
        (
            unicodedata.normalize("NFC", text) == decoded,
            "Unicode normalization (NFC): some characters are written differently afterwards.",
        ),
        ("".join(text.split()) == "".join(decoded.split()), "The spacing is lost."),
        (
            unknown > 0 and "[UNK]" in decoded,
            f"Unknown words: {unknown} became [UNK]" + ("." if spacing else "; the spacing is lost too."),
        ),
        ("\ufffd" in decoded and "\ufffd" not in text, "Some bytes have no entry in the vocabulary: they are dropped."),
        (bool(missing) and len(decoded) < len(text), f"Lost characters: {names}"),
    )
    return next((sentence for holds, sentence in reasons if holds), "The text comes back changed.")


def _spaces(text: str) -> list[str]:
    """The runs of white space of a text, in order."""
    return re.findall(r"\s+", text)
