"""Where a long text may be cut so that its parts have, one after the other, the tokens of the whole.

A long text goes through a tokenizer in parts: what the libraries make of a part is a few megabytes, of a megabyte
hundreds, and between two parts other threads get their turn.
"""

import re
from collections.abc import Iterator
from typing import Protocol, cast

from lib.tokenization.base import Tokenizer

SIZE = 20_000  # characters of a part, if the text has a place to cut it there
# In the patterns of GPT-2, cl100k_base, o200k_base, Qwen and SmolLM2 a piece has spaces only at its beginning, or
# nothing but white space. So one ends before a space that follows something visible, after a single newline before a
# letter, and before a Chinese comma or full stop; and none of them looks further ahead than over white space.
_CUT = re.compile(r"(?<=\S)(?= )|(?<=\S\n)(?=[A-Za-z])|(?<=[\u4e00-\u9fff])(?=[，。、！？；：])")


def cut(text: str, size: int = 0) -> Iterator[str]:
    """`text` in parts of about `size` characters (SIZE), longer where there is no place to cut.

    >>> list(cut("one two three", size=3)), "".join(cut("人人生而自由，在尊严。", size=2))
    (['one', ' two', ' three'], '人人生而自由，在尊严。')
    """
    start, size = 0, size or SIZE
    while len(text) - start > size and (match := _CUT.search(text, start + size)):
        yield text[start : match.start()]
        start = match.start()
    yield text[start:]


class _InParts(Protocol):
    def in_parts(self, text: str) -> Iterator[tuple[str, list[int]]]: ...


def in_parts(tokenizer: Tokenizer, text: str) -> Iterator[tuple[str, list[int]]]:
    """Parts of a text with their ids; all of it at once where a tokenizer can cut only the whole."""
    if hasattr(tokenizer, "in_parts"):
        return cast(_InParts, tokenizer).in_parts(text)
    return iter([(text, tokenizer.ids(text))])
